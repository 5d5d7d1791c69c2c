"""A rule can hurt nobody: beside each bad one ten innocent calculations are right, and nothing is left behind.

The table is bad_rules.py; tests/faults/test_bad_rules_sqlite and
test_bad_rules_postgresql run it. Each case is a place of its own: a run with
the bad rule, and one more after the rule was mended. The cases go through
lanes, processes that run some at a time, since most of them wait for a time
limit.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import contextlib
import dataclasses
import functools
import math
import multiprocessing
import os
import pathlib
import re
import resource
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import textwrap
import time
import unittest
from collections.abc import Callable
from typing import Any

from bad_rules import CASES, Case, Outcome
from processes import become_subreaper, left_behind
from program import Cluster, Workplace, main

LANES = 4
IN_TIME = 30.0  # seconds: much more than any limit of a case that is not its own
GONE_WITHIN = 3.0
MOST_OUTPUT = 2_000_000  # bytes of one run's log
MOST_TRACEBACK = 16 * 1024 + 512
ACCUSED = "leaves behind|is put back"
MOST_MEMORY = 1_500_000_000  # bytes of one process: the default of memory_limit is 1 GB at most
MOST_FOR_THIS_MACHINE = 4_000_000_000  # so that a program without any limit fails, and hurts nobody
MINUTES = 3

GOOD = '''"""Innocent rules: each leans on something that another rule may have changed."""
import decimal
import gc
import logging
import math
import os
import random
import sys
import time
import warnings

from local_processing import Series, rule


@rule
def bill(x: Series) -> float:
    """Needs the precision of decimals."""
    return float(decimal.Decimal("12345.67") * decimal.Decimal("1.19"))


@rule
def root(x: Series) -> float:
    """Needs what everybody takes for granted."""
    return math.sqrt(sum([x.max(), 5.0]))


@rule
def deep(x: Series) -> float:
    """Needs the stack, the collector, and some memory."""
    def deeper(n):
        return deeper(n - 1) + 1 if n else 0

    gc.collect()
    return float(deeper(300) + len(bytearray(1_000_000)))


@rule
def words(x: Series) -> float:
    """Wants to be heard."""
    print("words are heard")
    print("words are wrong", file=sys.stderr)
    logging.warning("words are logged")
    warnings.warn("words are warned")
    return 3.0


@rule
def number(x: Series) -> float:
    """Needs the locale, long numbers, and an import."""
    import json
    import locale

    return float(locale.format_string("%.2f", 1234.5)) + json.loads("0.25") + len(str(10**1000))


@rule
def home(x: Series) -> float:
    """Needs what belongs to the process."""
    known = random.Random(1)
    drawn = random.random()
    return float(
        "LEFT" not in os.environ
        and "TZ" not in os.environ
        and time.time() > 1.7e9
        and drawn not in [known.random() for _ in range(100)]
        and sys.getrecursionlimit() < 100_000
    )


@rule
def waits(x: Series) -> float:
    """Takes its time, and needs descriptors."""
    for end in os.pipe():
        os.close(end)
    until = time.monotonic() + 0.06
    while time.monotonic() < until:
        time.sleep(0.01)
    return 1.0
'''
VALUES = {"mean": 29.5, "bill": 14691.3473, "root": 8.0, "deep": 1_000_300.0, "words": 3.0, "number": 2235.75, "home": 1.0, "waits": 1.0}
BEFORE = ("mean", "bill")
AFTER = ("bill", "root", "deep", "words", "number", "home", "waits", "mean")
INNOCENT = {**{f"before/{name}": VALUES[name] for name in BEFORE}, **{f"after/{name}": VALUES[name] for name in AFTER}}
LINES = (
    'level=info message="words are heard" from=stdout ',
    'level=warning message="words are wrong" from=stderr ',
    'level=warning message="words are logged" from=logging ',
)
BAD_FILE = """from local_processing import Series, rule
{top}

@rule
def bad(x: Series) -> float:
{body}
    return 1.0
"""
MENDED = BAD_FILE.format(top="", body="")


def definitions(time_limit: str) -> str:
    """Two innocent calculations, the bad one, eight more."""

    def one(name: str, rule: str, more: str = "") -> str:
        return (
            f"  - {{name: {name}, rule: {rule}, inputs: {{x: x}}, output: {name}, every: 1 minute,"
            f" start: 2026-03-01T12:00:00Z{more}}}\n"
        )

    return (
        "calculations:\n"
        + "".join(one(f"before/{name}", name if name == "mean" else f"good.{name}") for name in BEFORE)
        + one("bad", "bad.bad", f", time_limit: {time_limit}")
        + "".join(one(f"after/{name}", name if name == "mean" else f"good.{name}") for name in AFTER)
    )


@dataclasses.dataclass
class Run:
    """A run, and what there is after it."""

    code: int | None  # None: it was still there after the limit
    seconds: float
    largest: int  # bytes of the largest of its processes
    log: str
    left: list[str]
    states: dict[str, dict[str, Any]]
    samples: dict[str, list[float]]  # of series that have any

    def tail(self) -> str:
        """The end of the log, for a message."""
        return "\n".join(line.partition("level=")[2][:300] for line in self.log.splitlines()[-8:])


@dataclasses.dataclass
class Observation:
    """What a case has brought: the run with the bad rule, and the one after it was mended."""

    bad: Run
    mended: Run


@dataclasses.dataclass(frozen=True)
class Store:
    """Where cases find a store with everything in it but results. Lanes get it as a copy."""

    name: str
    environment: dict[str, str]
    file: str  # SQLite: of the template

    def samples(self, number: int, place: Workplace) -> dict[str, list[float]]:
        """All results, without asking the program."""
        statement = "SELECT s.name, v.value FROM {0}sample v JOIN {0}series s ON s.id = v.series_id WHERE s.name <> 'x'"
        if self.file:
            with contextlib.closing(sqlite3.connect(place.path / "plant.db", timeout=30)) as connection:
                rows = connection.execute(statement.format("")).fetchall()
        else:
            rows = [line.split("|") for line in self.sql(statement.format("local_processing."), f"case_{number}")]
        found: dict[str, list[float]] = {}
        for name, value in rows:
            found.setdefault(name, []).append(float(value))
        return found

    @contextlib.contextmanager
    def copy(self, number: int, settings: str) -> Any:
        """A place of its own with the same content."""
        if self.file:
            place = Workplace("sqlite:plant.db", settings=settings)
            shutil.copy(self.file, place.path / "plant.db")
        else:
            self.sql(f"CREATE DATABASE case_{number} TEMPLATE template")
            place = Workplace(f"dbname=case_{number}", self.environment, settings)
        place.write("rules/good.py", GOOD)
        place.write("rules/bad.py", MENDED)
        try:
            yield place
        finally:
            place.close()
            if not self.file:
                self.sql(f"DROP DATABASE IF EXISTS case_{number} WITH (FORCE)")

    def sql(self, statement: str, database: str = "postgres") -> list[str]:
        """For PostgreSQL."""
        done = subprocess.run(
            ["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", database, "-c", statement],
            env={**os.environ, **self.environment},
            check=True,
            capture_output=True,
        )
        return done.stdout.decode().splitlines()


def fill(place: Workplace) -> None:
    """All that is there before a run."""
    place.write("rules/good.py", GOOD)
    place.write("rules/bad.py", MENDED)
    place.write(
        "samples.csv",
        "time,x\n" + "".join(f"2026-03-01T12:{m:02}:{s:02}Z,{s}\n" for m in range(MINUTES) for s in range(60)),
    )
    place.write("calculations.yaml", definitions("1 s"))
    place.ok("migrate")
    place.ok("import", "samples.csv")
    place.ok("apply", "calculations.yaml")


def make_bad(place: Workplace, case: Case) -> None:
    """Put the case into the directory of rules."""
    if case.place == "rule":
        place.write("rules/bad.py", BAD_FILE.format(top="", body=textwrap.indent(case.source, "    ")))
    elif case.place == "import":
        place.write("rules/bad.py", BAD_FILE.format(top=case.source, body=""))
    if case.prepare is not None:
        case.prepare(place.path / "rules")


def mend(place: Workplace) -> None:
    """Nothing but good rules."""
    shutil.rmtree(place.path / "rules")
    place.write("rules/good.py", GOOD)
    place.write("rules/bad.py", MENDED)


def wait_for(process: subprocess.Popen[bytes], limit: float) -> tuple[int | None, int]:
    """The exit code, or None where it had to be killed, and the memory of the largest of all that it has waited for."""
    deadline = time.monotonic() + limit
    is_killed = False
    while (ended := os.wait4(process.pid, os.WNOHANG))[0] == 0:
        if not is_killed and time.monotonic() > deadline:
            is_killed = True
            process.kill()
        time.sleep(0.005)
    process.returncode = os.waitstatus_to_exitcode(ended[1])
    return None if is_killed else process.returncode, ended[2].ru_maxrss * 1024


def run(place: Workplace, minute: int, limit: float, samples: Callable[[], dict[str, list[float]]]) -> Run:
    """A run for that minute. Its output goes to files: who is left behind would hold on to a pipe."""
    with tempfile.TemporaryFile() as out:
        began = time.monotonic()
        # A session of its own: what goes to a whole group must not reach the lane.
        process = subprocess.Popen(
            place.command("run", "--at", f"2026-03-01T12:{minute:02}:00Z", "--log-level", "info"),
            cwd=place.path,
            env=place.environment,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_DATA, (MOST_FOR_THIS_MACHINE, MOST_FOR_THIS_MACHINE)),
        )
        code, largest = wait_for(process, limit)
        seconds = time.monotonic() - began
        left = left_behind(GONE_WITHIN)
        out.seek(0)
        log = out.read(MOST_OUTPUT + 1).decode(errors="replace")
    return Run(code, seconds, largest, log, left, states(place), samples())


def states(place: Workplace) -> dict[str, dict[str, Any]]:
    """By the name of the calculation."""
    found = place.ok("status", "--json", timeout=60).json()
    return {row["name"]: row for row in (found["calculations"] if isinstance(found, dict) else found)}


def seconds_of(case: Case) -> float:
    """How long its run may take."""
    return IN_TIME + (float(case.time_limit.split()[0]) if case.time_limit != "1 s" else 0)


def observe(case_number: int, store: Store) -> Observation:
    """Runs in a lane."""
    case = CASES[case_number]
    with store.copy(case_number, f"workers: {case.workers}\n") as place:
        if case.time_limit != "1 s":
            place.write("calculations.yaml", definitions(case.time_limit))
            place.ok("apply", "calculations.yaml")
        make_bad(place, case)
        stored = functools.partial(store.samples, case_number, place)
        bad = run(place, 1, 2 * seconds_of(case), stored)
        mend(place)
        return Observation(bad, run(place, MINUTES, 60, stored))


class Lanes:
    """Runs all cases on a store, and keeps what was seen."""

    def __init__(self, store: Store, wanted: list[int]) -> None:
        self._pool = concurrent.futures.ProcessPoolExecutor(
            ARGUMENTS.lanes, multiprocessing.get_context("fork"), initializer=become_subreaper
        )
        self._seen = {number: self._pool.submit(observe, number, store) for number in wanted}

    def seen(self, number: int) -> Observation:
        """Waits for it."""
        return self._seen[number].result()

    def close(self) -> None:
        """After the last one."""
        self._pool.shutdown(cancel_futures=True)


def told(row: dict[str, Any]) -> str:
    """A state of `status`, for a message."""
    error = row["error"] or {"type": "", "message": "", "traceback": ""}
    return f"{row['state']} {error['type']}: {(error['message'] or '')[:300]}\n{(error['traceback'] or '')[-1000:]}"


def fits(outcome: Outcome, row: dict[str, Any]) -> bool:
    """Whether a state of `status` is this outcome."""
    error = row["error"] or {"type": "", "message": "", "traceback": ""}
    return row["state"] == outcome.state and all(
        re.search(pattern, error[field] or "", re.DOTALL) is not None
        for field, pattern in (("type", outcome.kind), ("message", outcome.message), ("traceback", outcome.traceback))
        if pattern
    )


ARGUMENTS = argparse.Namespace()


class BadRules:
    """The cases of a store; a test method for each is added below."""

    lanes: Lanes
    directory: str = ""
    cluster: Cluster | None = None

    def check(self, number: int) -> None:
        assert isinstance(self, unittest.TestCase)
        case, seen = CASES[number], self.lanes.seen(number)
        with self.subTest("the run ends in time"):
            self.assertEqual(seen.bad.code, 0, seen.bad.tail())
            self.assertLess(seen.bad.seconds, seconds_of(case))
        with self.subTest("the bad one has its true state"):
            row = seen.bad.states["bad"]
            self.assertTrue(any(fits(outcome, row) for outcome in case.outcomes), f"{told(row)}\nis none of\n{case.outcomes}\n{seen.bad.tail()}")
            self.assertEqual(
                seen.bad.samples.get("bad", []), [case.value] if row["state"] == "ok" else [], "its results"
            )
            if row["error"] is not None:
                for text in ("message", "traceback"):
                    self.assertLessEqual(len((row["error"][text] or "").encode()), MOST_TRACEBACK, text)
            if row["state"] == "ok" and case.warning:
                self.assertRegex(seen.bad.log, f"level=warning.*{case.warning}")
        self.innocent(seen.bad, 1)
        with self.subTest("nothing is left behind"):
            self.assertEqual(seen.bad.left, [])
        with self.subTest("its memory is bounded"):
            self.assertLess(seen.bad.largest, MOST_MEMORY)
        with self.subTest("nobody is accused of leaving something behind"):
            self.assertEqual([line for line in seen.mended.log.splitlines() if re.search(ACCUSED, line)], [])
        with self.subTest("what it prints is bounded"):
            self.assertLessEqual(len(seen.bad.log), MOST_OUTPUT)
        with self.subTest("the next run works"):
            self.assertEqual(seen.mended.code, 0, seen.mended.tail())
            self.assertEqual(seen.mended.states["bad"]["state"], "ok", told(seen.mended.states["bad"]))
            self.assertEqual(seen.mended.samples.get("bad"), [1.0] * MINUTES)
            self.assertEqual(seen.mended.left, [])
        self.innocent(seen.mended, MINUTES)

    def innocent(self, seen: Run, windows: int) -> None:
        """All that is not bad."""
        assert isinstance(self, unittest.TestCase)
        with self.subTest("the innocent ones are right", windows=windows):
            not_ok = {name: told(row) for name, row in seen.states.items() if name != "bad" and row["state"] != "ok"}
            self.assertEqual(not_ok, {}, seen.tail())
            wrong = {
                name: seen.samples.get(name)
                for name, value in INNOCENT.items()
                if len(seen.samples.get(name, [])) != windows
                or not all(math.isclose(got, value, rel_tol=1e-12) for got in seen.samples[name])
            }
            self.assertEqual(wrong, {})
        with self.subTest("the innocent ones are heard", windows=windows):
            told_now = windows if windows == 1 else windows - 1  # the first window was the first run's
            for line in LINES:
                heard = [text for text in seen.log.splitlines() if line in text and "after/words" in text]
                self.assertEqual(len(heard), told_now, line)


def test_of(number: int) -> Callable[[BadRules], None]:
    """The test method of a case."""

    def test(self: BadRules) -> None:
        self.check(number)

    test.__doc__ = CASES[number].name
    return test


def add_tests(*classes: type) -> None:
    """A method for each case that was asked for."""
    for cls in classes:
        for number in wanted():
            setattr(cls, "test_" + re.sub(r"\W+", "_", CASES[number].name), test_of(number))


def wanted() -> list[int]:
    """The cases that were asked for."""
    return [
        number
        for number, case in enumerate(CASES)
        if (not ARGUMENTS.only or any(text in case.name for text in ARGUMENTS.only))
        and not any(text in case.name for text in ARGUMENTS.leave_out)
    ]


class OnSqlite(BadRules, unittest.TestCase):
    """One file."""

    @classmethod
    def setUpClass(cls) -> None:
        cls.directory = tempfile.mkdtemp(prefix="template-")
        place = Workplace("sqlite:plant.db")
        try:
            fill(place)
            shutil.copy(place.path / "plant.db", cls.directory)
        finally:
            place.close()
        cls.lanes = Lanes(Store("sqlite", {}, f"{cls.directory}/plant.db"), wanted())

    @classmethod
    def tearDownClass(cls) -> None:
        cls.lanes.close()
        shutil.rmtree(cls.directory)


@unittest.skipIf(shutil.which("psql") is None, "no PostgreSQL is installed")
class OnPostgresql(BadRules, unittest.TestCase):
    """A server."""

    @classmethod
    def setUpClass(cls) -> None:
        cls.cluster = Cluster()
        place = cls.cluster.place("template")
        try:
            fill(place)
        finally:
            place.close()
        cls.lanes = Lanes(Store("postgresql", cls.cluster.environment, ""), wanted())

    @classmethod
    def tearDownClass(cls) -> None:
        assert cls.cluster is not None
        cls.lanes.close()
        cls.cluster.close()


def run_cases(doc: str, store: type[BadRules]) -> None:
    """All cases on a store, or those that the command line asks for."""
    global ARGUMENTS
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", action="append", metavar="TEXT", help="only cases whose name contains TEXT")
    parser.add_argument("--leave-out", action="append", default=[], metavar="TEXT", help="no case whose name contains TEXT")
    parser.add_argument("--lanes", type=int, default=LANES, metavar="N", help="cases at a time (default 4)")
    ARGUMENTS = parser.parse_args()
    add_tests(store)
    main()
