"""How ``help()`` shows long texts: the names that ``pydoc`` imports from here."""

import os
import re
import shutil
import subprocess
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    Pager = Callable[..., None]


def plain(text: str) -> str:
    """Return the text without the overstrikes that make it bold on a printer."""
    return re.sub(".\b", "", text)


def plain_pager(text: str, title: str = "") -> None:
    """Write all of it."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    sys.stdout.write(plain(text.encode(encoding, "backslashreplace").decode(encoding)))


def pipe_pager(text: str, cmd: str, title: str = "") -> None:
    """Give it to a program that shows a screen at a time."""
    try:
        subprocess.run(
            cmd, shell=True, input=text.encode("utf-8", "backslashreplace"), check=False
        )
    except OSError:
        plain_pager(text, title)


def tempfile_pager(text: str, cmd: str, title: str = "") -> None:
    """Give it to a program; that one reads its standard input as well as a file."""
    pipe_pager(text, cmd, title)


def tty_pager(text: str, title: str = "") -> None:
    """Write all of it: a terminal of today scrolls."""
    plain_pager(text, title)


def get_pager() -> "Pager":
    """Return what shows a text: $PAGER or less on a terminal, else nothing special."""
    streams = (sys.stdin, sys.stdout)
    if not all(stream is not None and stream.isatty() for stream in streams):
        return plain_pager
    command = os.environ.get("MANPAGER") or os.environ.get("PAGER")
    if command is None and shutil.which("less"):
        command = "less"
    if not command:
        return plain_pager
    chosen = command
    return lambda text, title="": pipe_pager(text, chosen, title)
