"""Time limits: how the program interrupts what a rule does, as launcher/python/time_limit.c has it."""

from __future__ import annotations

import faulthandler
import signal
import sys
import traceback
from typing import Any, Dict, Optional

from your_python import failure
from your_python.layout import NUMBER


class TimeLimit(BaseException):
    """The rule is still running after its time limit. Do not catch it: it comes again."""


TimeLimit.__module__ = "local_processing"


class Call:
    """What is going on: a call of a rule, or the import of a file."""

    active = False
    interrupted = False
    calls: Optional[str] = None


def begin() -> None:
    """Forget what was interrupted before."""
    Call.interrupted, Call.calls = False, None


def _calls(frame: Any) -> str:
    rows = traceback.extract_stack(frame)
    while rows and failure.is_own(rows[0].filename):
        del rows[0]
    return failure.shown("".join(traceback.format_list(rows)))


def install(area: Any) -> Dict[int, Any]:
    """Install the handlers of the two signals, and return those that Python knows of."""

    def interrupt(number: int, frame: Any) -> None:
        if not Call.active or not area.is_interrupted():
            return
        if not Call.interrupted:
            Call.interrupted = True
            Call.active = False
            Call.calls = _calls(frame)
            Call.active = True
        raise TimeLimit("the time limit has passed")

    signal.signal(NUMBER["interrupt"], interrupt)
    faulthandler.enable(file=sys.__stderr__, all_threads=False)
    faulthandler.register(NUMBER["traceback"], file=sys.__stderr__, all_threads=False, chain=False)
    return {NUMBER["interrupt"]: interrupt}
