"""print() and logging in rules, as launcher/rules/log.c has them: lines of the program's log."""

from __future__ import annotations

import sys
from typing import Any, Callable

from your_python.layout import NUMBER

#: Bytes of a printed line, and of a record of logging, which may have a traceback.
_LINE_MOST, _RECORD_MOST = 8192, 65536


class Lines:
    """Where lines go: the area of the process, with the task that is under way."""

    write: Callable[[int, str, str, str], None]
    level = 0


def _put(level: int, source: str, logger: str, text: str) -> None:
    if level >= Lines.level:
        Lines.write(level, source, logger, text)


class Stream:
    """Takes the place of sys.stdout and sys.stderr, and cuts into lines what is written."""

    encoding, errors, newlines = "utf-8", "backslashreplace", None

    def __init__(self, name: str, level: int) -> None:
        """Make one; level: of its lines."""
        self.name, self._level = "<%s>" % name, level
        self._source = name
        self.rest = ""

    def write(self, text: str) -> int:
        """Take a text."""
        if not isinstance(text, str):
            raise TypeError("write() argument must be str, not %s" % type(text).__name__)
        *whole, self.rest = (self.rest + text).split("\n")
        for line in whole:
            self._put(line)
        # What has no end yet need not grow without limit.
        self.rest = self.rest[: _LINE_MOST + 1]
        return len(text)

    def writelines(self, lines: Any) -> None:
        """Take several texts."""
        for line in lines:
            self.write(line)

    def _put(self, line: str) -> None:
        if len(line) > _LINE_MOST:
            line = line[:_LINE_MOST] + " ... (cut)"
        _put(self._level, self._source, "", line)

    def end_line(self) -> None:
        """Log what has no end of line yet."""
        if self.rest:
            line, self.rest = self.rest, ""
            self._put(line)

    def flush(self) -> None:
        """Do nothing: whole lines are logged already, and the beginning of a line waits for its end."""

    def isatty(self) -> bool:
        """Return that it is no terminal."""
        return False

    def readable(self) -> bool:
        """Return that nothing can be read."""
        return False

    def seekable(self) -> bool:
        """Return that it has no positions."""
        return False

    def writable(self) -> bool:
        """Return that it takes texts."""
        return True


class Streams:
    """The two streams, once they are installed."""

    out: Stream
    error: Stream


def install() -> None:
    """Put the streams in the places of Python's."""
    Streams.out = Stream("stdout", NUMBER["LP_LOG_INFO"])
    Streams.error = Stream("stderr", NUMBER["LP_LOG_WARNING"])
    sys.stdout, sys.stderr = Streams.out, Streams.error  # type: ignore[assignment]


def end_lines() -> None:
    """Log what was printed and has no end of line yet."""
    if Streams.out.rest:
        Streams.out.end_line()
    if Streams.error.rest:
        Streams.error.end_line()


def log(level: int, logger: str, text: str) -> None:
    """Take a record of the module logging."""
    name = "ERROR" if level >= 40 else "WARNING" if level >= 30 else "INFO" if level >= 20 else "DEBUG"
    _put(NUMBER["LP_LOG_" + name], "logging", logger, text[:_RECORD_MOST])


def log_level() -> int:
    """Return the least level of the module logging that is shown."""
    for number, name in ((10, "DEBUG"), (20, "INFO"), (30, "WARNING")):
        if Lines.level <= NUMBER["LP_LOG_" + name]:
            return number
    return 40
