"""What the rules of local-processing are written with.

A rule is a function marked with `rule`. Its parameters annotated `Series` are
its inputs, its keyword-only parameters are what a calculation's definition
sets, and it gets a `Window` or a `Context` where it asks for one::

    from local_processing import Series, rule

    @rule
    def load(power: Series, *, rated: float = 30.0) -> float:
        \"\"\"Mean power as a share of the rated power (kW), in one.\"\"\"
        return power.mean() / rated

It returns a number, which is stored at the window's start, a Series, a dict of
these by output name, or None where there is nothing to store.

`plain` makes rules of functions that were written for other programs, and take
lists.
"""

from _local_processing import Context, Sample, Series, Window

from local_processing._rule import rule

# Type checkers take this for True; importing typing would take longer than all of this.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from local_processing._plain import plain

__all__ = ["Context", "Quality", "Sample", "Series", "Window", "plain", "rule"]


def __getattr__(name: str) -> object:
    """Import what few files ask for once one does: each run would pay for it."""
    if name == "plain":
        from local_processing._plain import plain

        return plain
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


class Quality:
    """The quality of a sample, an int."""

    GOOD = 0
    #: Used as a good one is.
    UNCERTAIN = 1
    #: Missing: never aggregated.
    BAD = 2
