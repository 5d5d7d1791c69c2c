"""What a rule leaves behind in its process is noticed and put back after the call.

Much less than in the built-in interpreter (launcher/python/leftovers*.c), which
sees every call of libc: what is looked at here is what costs next to nothing.
"""

from __future__ import annotations

import _thread
import importlib
import os
import signal
import sys
import threading
from typing import Any, Callable, Dict, List, Optional

# The function of `signal` looks for an enum of the handler, and finds none, which takes longer than all of this file.
_getsignal: Callable[[int], Any] = importlib.import_module("_signal").getsignal


class _Kept:
    """How things are to be."""

    out: Any
    error: Any
    handlers: Dict[int, Any]
    directory: str
    environment: Dict[Any, Any]
    decimal: Any = None
    #: How NumPy treats errors, and what tells it and sets it.
    numpy: Any = None
    get_numpy: Callable[[], Any]
    set_numpy: Callable[[Any], Any]


def keep(handlers: Dict[int, Any]) -> None:
    """Keep how things are; handlers: those of signals that are this program's own."""
    _Kept.out, _Kept.error = sys.stdout, sys.stderr
    _Kept.handlers = handlers
    _Kept.directory = os.getcwd()
    _Kept.environment = dict(os.environ._data)  # type: ignore[attr-defined]


def _describe(context: Any) -> Any:
    return context.prec, context.rounding, context.Emin, context.Emax


def _keep_numpy(numpy: Any) -> None:
    if hasattr(numpy, "geterrobj"):
        # Before NumPy 2, geterr() makes a dictionary of what this one returns: the list that seterr() changes.
        _Kept.get_numpy, _Kept.set_numpy = numpy.geterrobj, lambda kept: numpy.seterrobj(list(kept))
    else:
        _Kept.get_numpy, _Kept.set_numpy = numpy.geterr, lambda kept: numpy.seterr(**kept)
    state = _Kept.get_numpy()
    _Kept.numpy = state if isinstance(state, dict) else list(state)


def put_back() -> str:
    """Put back what has changed, and say what it was; "": nothing."""
    what: List[str] = []
    if sys.stdout is not _Kept.out or sys.stderr is not _Kept.error:
        sys.stdout, sys.stderr = _Kept.out, _Kept.error
        what.append("a replaced sys.stdout or sys.stderr")
    for number, handler in _Kept.handlers.items():
        if _getsignal(number) is not handler:
            signal.signal(number, handler)
            what.append("a handler of signal %d" % number)
    # Comparing os.environ itself would decode all of it.
    if os.environ._data != _Kept.environment:  # type: ignore[attr-defined]
        os.environ.clear()
        os.environ.update({os.fsdecode(name): os.fsdecode(value) for name, value in _Kept.environment.items()})
        what.append("the environment")
    try:
        moved = os.getcwd() != _Kept.directory
    except OSError:
        moved = True
    if moved:
        os.chdir(_Kept.directory)
        what.append("the working directory")
    decimal = sys.modules.get("decimal")
    if decimal is not None:
        if _Kept.decimal is None:
            _Kept.decimal = _describe(decimal.Context())
        if _describe(decimal.getcontext()) != _Kept.decimal:
            decimal.setcontext(decimal.Context())
            what.append("the context of decimals")
    numpy = sys.modules.get("numpy")
    if numpy is not None and hasattr(numpy, "geterr"):
        if _Kept.numpy is None:
            _keep_numpy(numpy)
        elif _Kept.get_numpy() != _Kept.numpy:
            _Kept.set_numpy(_Kept.numpy)
            what.append("numpy.seterr")
    return ", ".join(what)


def threads() -> Optional[str]:
    """Say which threads of Python still run; None: there are none."""
    if _thread._count() == 0:
        return None
    names = [thread.name for thread in threading.enumerate() if thread is not threading.main_thread()]
    return "a thread that still runs%s" % (" (%s)" % ", ".join(names[:3]) if names else "")
