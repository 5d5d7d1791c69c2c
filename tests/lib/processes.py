"""The processes of the program under test: which there are, of which kind, and that none stays behind.

A test makes itself the subreaper: whatever the program leaves behind becomes
its child, whoever its parent was and whichever session it is in.
"""

from __future__ import annotations

import contextlib
import ctypes
import dataclasses
import os
import pathlib
import signal
import time
from collections.abc import Callable

PR_SET_CHILD_SUBREAPER = 36
# How the rule server names itself, and with it the interpreter processes that it forks.
SERVER = "local-processing: "
# A test's own servers, which may be its children as well.
NOT_THE_PROGRAM = ("postgres", "pg_ctl", "psql")


@dataclasses.dataclass(frozen=True)
class Process:
    """A process as /proc shows it to anybody."""

    number: int
    parent: int
    name: str
    state: str
    command: str

    @property
    def is_zombie(self) -> bool:
        """It has ended, and nobody has asked how."""
        return self.state == "Z"

    def __str__(self) -> str:
        return f"{self.number} (child of {self.parent}, state {self.state}): {self.command or self.name}"


def become_subreaper() -> None:
    """Orphans among the descendants of the calling process become its children from now on."""
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_CHILD_SUBREAPER)")


def look_at(number: int) -> Process | None:
    """The process of that number; None where it is gone."""
    directory = pathlib.Path(f"/proc/{number}")
    try:
        before, _, after = (directory / "stat").read_text(errors="replace").rpartition(")")
        command = (directory / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        return None
    fields = after.split()
    return Process(number, int(fields[1]), before.partition("(")[2], fields[0], command)


def descendants(root: int) -> list[Process]:
    """All below a process, but for what is not the program; the nearest first."""
    children: dict[int, list[Process]] = {}
    for entry in os.listdir("/proc"):
        process = look_at(int(entry)) if entry.isdigit() else None
        if process is not None and process.name not in NOT_THE_PROGRAM:
            children.setdefault(process.parent, []).append(process)
    found: list[Process] = []
    level = [root]
    while level:
        below = [child for number in level for child in children.get(number, [])]
        found += below
        level = [child.number for child in below]
    return found


@dataclasses.dataclass
class Family:
    """The processes of one run."""

    main: int
    servers: list[int]
    interpreters: list[int]

    def of_kind(self, kind: str) -> list[int]:
        """Their numbers."""
        return {"main": [self.main], "rule server": self.servers, "interpreter": self.interpreters}[kind]


def family(main: int) -> Family:
    """Who there is below a main process: a rule server is its child, an interpreter process the child of one."""
    below = [process for process in descendants(main) if process.command.startswith(SERVER)]
    servers = [process.number for process in below if process.parent == main]
    return Family(main, servers, [process.number for process in below if process.parent in servers])


def reap() -> None:
    """Take note of the children that have ended. Not while a Popen of this process is still to be waited for."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0] != 0:
            pass


def left_behind(seconds: float) -> list[str]:
    """What there still is below the calling process after so long; it is killed then.

    Nothing of this process may be under way.
    """
    deadline = time.monotonic() + seconds
    while True:
        reap()
        left = [process for process in descendants(os.getpid()) if not process.is_zombie]
        if not left or time.monotonic() > deadline:
            break
        time.sleep(0.01)
    told = [str(process) for process in left]
    # What is killed may have had children that are to be seen now only.
    while left:
        for process in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process.number, signal.SIGKILL)
        time.sleep(0.01)
        reap()
        left = [process for process in descendants(os.getpid()) if not process.is_zombie]
    return told


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    """Ask again and again; whether it came about in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.002)
    return True
