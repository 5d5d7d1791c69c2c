"""Sends the module `logging` to the program's log. Imported once a rule's module has imported `logging`."""

import logging

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
    root.addHandler(_Handler())
    root.setLevel(_local_processing.log_level())
