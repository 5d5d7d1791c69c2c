"""The console of ``python`` and ``python -i`` on a terminal."""

import sys
import __main__


def interactive_console(
    mainmodule: object = None, quiet: bool = False, pythonstartup: bool = False
) -> None:
    """Read, run and print until the end of the input; all in ``__main__``."""
    # With them, tracebacks would show the lines of _pyrepl/__main__.py.
    for name in ("__loader__", "__spec__"):
        setattr(__main__, name, None)
    for name in ("__cached__", "__file__"):
        vars(__main__).pop(name, None)
    sys._baserepl()  # type: ignore[attr-defined]
