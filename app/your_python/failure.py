"""Exceptions as texts, for the database and for people, as launcher/python/failure.c makes them."""

from __future__ import annotations

import sys
import traceback
from typing import Any, NamedTuple, Optional

#: Bytes of a text; a longer one loses its middle.
_TEXT_MOST = 1 << 14


class Failure(NamedTuple):
    """What is known of an exception."""

    kind: str
    message: str
    traceback: str
    file: Optional[str] = None
    line: int = 0
    column: int = 0


def _cut(data: bytes, size: int) -> int:
    """Return where a text of at most so many bytes can end."""
    while 0 < size < len(data) and data[size] & 0xC0 == 0x80:
        size -= 1
    return size


def shown(text: str) -> str:
    """Return a text that every database takes: without NUL and surrogates, not too long."""
    data = text.encode("utf-8", "backslashreplace").rstrip(b"\n")
    if len(data) > _TEXT_MOST:
        head, tail = _cut(data, _TEXT_MOST // 2), _cut(data, len(data) - _TEXT_MOST // 2)
        data = data[:head] + b"\n... (%d bytes are left out) ...\n" % (tail - head) + data[tail:]
    return data.replace(b"\0", b"\\x00").decode("utf-8", "replace")


def kind_of(exception: BaseException) -> str:
    """Return the name of its type: "ZeroDivisionError", "pumps.PumpError"."""
    kind = type(exception)
    module, name = getattr(kind, "__module__", None), getattr(kind, "__qualname__", None)
    if not isinstance(module, str) or not isinstance(name, str):
        return shown(kind.__name__)
    return shown(name if module in ("builtins", "__main__") else "%s.%s" % (module, name))


def _message(exception: BaseException) -> str:
    try:
        return shown(str(exception))
    except BaseException:
        return "(its text cannot be shown: making it failed as well)"


def is_own(file: str) -> bool:
    """Return whether calls in this file are this program's, which are not shown where they are the outermost."""
    return file == "<string>" or file.startswith("app/your_python/")


def of(exception: BaseException, paths: Any = ()) -> Failure:
    """Return what to tell of an exception.

    Parameters
    ----------
    paths
        Files of rules: the innermost frame in one of them is the place of the exception.
    """
    kind, message = kind_of(exception), _message(exception)
    file, line, column = None, 0, 0
    tb: Any = exception.__traceback__
    if isinstance(exception, SyntaxError):
        file, line, column = exception.filename, exception.lineno or 0, exception.offset or 0
        if isinstance(exception.msg, str):
            message = shown(exception.msg)
    else:
        while tb is not None:
            if tb.tb_frame.f_code.co_filename in paths:
                file, line = tb.tb_frame.f_code.co_filename, tb.tb_lineno
            tb = tb.tb_next
    try:
        tb = exception.__traceback__
        while tb is not None and is_own(tb.tb_frame.f_code.co_filename):
            tb = tb.tb_next
        text = shown("".join(traceback.format_exception(type(exception), exception, tb)))
    except BaseException:
        text = "%s: %s" % (kind, message)
    return Failure(kind, message, text, file, line, column)


def give_up(number: int, what: str) -> None:
    """End the process; the program finds the message in its output."""
    sys.__stderr__.write("local-processing: %s\n" % what)
    sys.__stderr__.flush()
    import os

    os._exit(number)
