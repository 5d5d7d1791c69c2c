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
"""

from _local_processing import Context, Sample, Series, Window

from local_processing._rule import rule

__all__ = ["Context", "Quality", "Sample", "Series", "Window", "rule"]


class Quality:
    """The quality of a sample, an int."""

    GOOD = 0
    #: Used as a good one is.
    UNCERTAIN = 1
    #: Missing: never aggregated.
    BAD = 2
