"""What a command took: seconds, CPU of both sides, memory, bytes that the server wrote.

Knows processes and a server, but not what they compute.  Seconds, CPU and WAL
are taken in rounds in which nothing else runs.  Memory and data pages need a
look at /proc or a checkpoint, which would disturb: they come from one more
round, which is watched and not timed.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import pathlib
import resource
import statistics
import subprocess
import threading
import time
from collections.abc import Sequence

from program import Cluster

TICKS = os.sysconf("SC_CLK_TCK")
PAGE = 8192  # of PostgreSQL
WATCH_EVERY = 0.004  # seconds


@dataclasses.dataclass
class Cost:
    """What one round cost; None: not taken in this kind of round, or there is no server."""

    seconds: float
    cpu_program: float
    cpu_server: float | None = None
    wal_bytes: int | None = None
    peak_bytes: int | None = None
    page_bytes: int | None = None


class Failed(Exception):
    """A command ended with another exit code than 0."""


def stat_fields(process: int) -> list[str] | None:
    """The fields of /proc/PID/stat behind the name; None where the process is gone."""
    try:
        text = pathlib.Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    return text.rpartition(")")[2].split()


class Server:
    """The temporary server seen from outside."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        directory = pathlib.Path(cluster.environment["PGHOST"]) / "data"
        self._postmaster = int((directory / "postmaster.pid").read_text().splitlines()[0])
        # Writers, launchers: they live as long as the server.
        time.sleep(0.5)
        self._standing = len(self.children())
        self._has_io_view = int(cluster.sql("SHOW server_version_num")[0][0]) >= 160000

    def children(self) -> set[int]:
        """The server's processes but for the postmaster."""
        found = set()
        for entry in os.scandir("/proc"):
            fields = stat_fields(int(entry.name)) if entry.name.isdigit() else None
            if fields is not None and int(fields[1]) == self._postmaster:
                found.add(int(entry.name))
        return found

    def rest(self) -> None:
        """Wait until the sessions of clients that have ended are gone as well: what they used is counted then."""
        ending = time.monotonic() + 5
        while len(self.children()) > self._standing and time.monotonic() < ending:
            time.sleep(0.005)

    def cpu(self) -> float:
        """Seconds that the server has used: its processes that live, and those that the postmaster has seen end."""
        self.rest()
        ticks = 0
        for entry in os.scandir("/proc"):
            if not entry.name.isdigit():
                continue
            fields = stat_fields(int(entry.name))
            if fields is None:
                continue
            if int(entry.name) == self._postmaster:
                ticks += sum(int(field) for field in fields[11:15])
            elif int(fields[1]) == self._postmaster:
                ticks += int(fields[11]) + int(fields[12])
        return ticks / TICKS

    def wal(self) -> int:
        """Bytes of WAL written since the cluster was made."""
        return int(self.cluster.sql("SELECT pg_current_wal_insert_lsn() - '0/0'")[0][0])

    def pages(self) -> int:
        """Bytes of data pages written since the cluster was made, by whichever process of the server."""
        if self._has_io_view:
            statement = "SELECT coalesce(sum(writes), 0) + coalesce(sum(extends), 0) FROM pg_stat_io"
        else:
            statement = "SELECT buffers_checkpoint + buffers_clean + buffers_backend FROM pg_stat_bgwriter"
        # The background writer tells what it wrote when it sleeps, five times a second.
        time.sleep(0.4)
        return int(self.cluster.sql(statement)[0][0]) * PAGE


def field_of(process: int, file: str, name: str) -> int:
    """A size out of a file of /proc/PID, in bytes; 0 where the process is gone."""
    with contextlib.suppress(OSError):
        for line in pathlib.Path(f"/proc/{process}/{file}").read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith(name):
                return int(line.split()[1]) * 1024
    return 0


class Watch(threading.Thread):
    """Adds up the memory of all processes of some sessions, again and again, and keeps the most."""

    def __init__(self, sessions: Sequence[int]) -> None:
        super().__init__(daemon=True)
        self._sessions = set(sessions)
        self._ended = threading.Event()
        self.most = 0

    def _processes(self) -> list[int]:
        found = []
        for entry in os.scandir("/proc"):
            fields = stat_fields(int(entry.name)) if entry.name.isdigit() else None
            if fields is not None and int(fields[3]) in self._sessions:
                found.append(int(entry.name))
        return found

    def _sum(self) -> int:
        processes = self._processes()
        # The kernel keeps the most that one process ever had; of several, what they have at a time is added up, and
        # what they share is counted once.  Not ru_maxrss: that begins with what the process had before its exec,
        # which is the size of the Python that runs this.
        if len(processes) == 1:
            return field_of(processes[0], "status", "VmHWM:")
        return sum(field_of(process, "smaps_rollup", "Pss:") for process in processes)

    def run(self) -> None:
        """Look until stop()."""
        while not self._ended.is_set():
            self.most = max(self.most, self._sum())
            self._ended.wait(WATCH_EVERY)

    def stop(self) -> None:
        """End the watching."""
        self._ended.set()
        self.join()


@dataclasses.dataclass
class Work:
    """Commands that run at the same time, and where."""

    commands: list[list[str]]
    directory: pathlib.Path
    environment: dict[str, str]
    # Standard output of the commands, when it was asked for.
    keep_output: bool = False
    output: list[str] = dataclasses.field(default_factory=list)


def run(work: Work, watched: bool = False) -> tuple[float, float, int]:
    """Run the commands from exec to exit; seconds, CPU seconds, and bytes of memory at the most (0: not watched)."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.monotonic()
    running = [
        subprocess.Popen(
            command,
            cwd=work.directory,
            env=work.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if work.keep_output else subprocess.DEVNULL,
            start_new_session=True,
            text=True,
        )
        for command in work.commands
    ]
    watch = Watch([process.pid for process in running]) if watched else None
    if watch is not None:
        watch.start()
    if work.keep_output:
        work.output = [process.communicate()[0] for process in running]
    codes = [process.wait() for process in running]
    seconds = time.monotonic() - began
    if watch is not None:
        watch.stop()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if any(codes):
        raise Failed(f"exit codes {codes}: {work.commands[0][:4]}")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return seconds, cpu, watch.most if watch is not None else 0


def timed(work: Work, server: Server | None = None) -> Cost:
    """A round that counts: nothing else runs meanwhile."""
    if server is None:
        seconds, cpu, _ = run(work)
        return Cost(seconds, cpu)
    wal, used = server.wal(), server.cpu()
    seconds, cpu, _ = run(work)
    used = server.cpu() - used
    return Cost(seconds, cpu, used, server.wal() - wal)


def watched(work: Work, server: Server | None = None) -> Cost:
    """The round in which memory and pages are looked at; its seconds mean nothing."""
    if server is None:
        seconds, cpu, most = run(work, watched=True)
        return Cost(seconds, cpu, peak_bytes=most)
    # What a run made dirty reaches the disk at a checkpoint: one before it, so that only that is counted.
    server.cluster.sql("CHECKPOINT")
    pages = server.pages()
    seconds, cpu, most = run(work, watched=True)
    server.cluster.sql("CHECKPOINT")
    return Cost(seconds, cpu, peak_bytes=most, page_bytes=server.pages() - pages)


@dataclasses.dataclass
class Rounds:
    """All rounds of one contestant or variant."""

    title: str
    calculations: int
    timed: list[Cost] = dataclasses.field(default_factory=list)
    watched: Cost | None = None
    more: dict[str, object] = dataclasses.field(default_factory=dict)

    def seconds(self) -> float:
        """Median."""
        return statistics.median(cost.seconds for cost in self.timed)

    def cpu_program(self) -> float:
        """Median, seconds."""
        return statistics.median(cost.cpu_program for cost in self.timed)

    def cpu_server(self) -> float:
        """Median, seconds."""
        return statistics.median(cost.cpu_server or 0.0 for cost in self.timed)

    def wal(self) -> float:
        """Median, bytes."""
        return statistics.median(cost.wal_bytes or 0 for cost in self.timed)

    def raw(self) -> dict[str, object]:
        """For JSON."""
        return {
            "title": self.title,
            "calculations": self.calculations,
            "timed": [dataclasses.asdict(cost) for cost in self.timed],
            "watched": dataclasses.asdict(self.watched) if self.watched is not None else None,
            **self.more,
        }
