"""Sends the module `logging` to the program's log. Imported once a rule's module has imported `logging`."""

import logging
import sys

import _local_processing


class _Handler(logging.Handler):
    """Writes each record as a line with its calculation and window."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write `record`."""
        try:
            _local_processing.log(record.levelno, record.name, self.format(record))
        except Exception:
            self.handleError(record)


def install() -> None:
    """Make the root logger write to the program's log, from the level that it shows."""
    root = logging.getLogger()
    # A module's logging.basicConfig() would say everything twice.
    for handler in list(root.handlers):
        if isinstance(handler, _Handler):
            return
        if isinstance(handler, logging.StreamHandler) and handler.stream in (sys.stdout, sys.stderr):
            root.removeHandler(handler)
    root.addHandler(_Handler())
    root.setLevel(_local_processing.log_level())
