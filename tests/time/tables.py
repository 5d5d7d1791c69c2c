"""The language of tests/time/*.table: what arrives, what runs, what is expected.

A file holds cases; a case is run on each store. Lines:

    == what it shows                 begins a case
    [definitions] [rules] [settings] begin the text of calculations.yaml, rules/mine.py, the configuration
    [steps]                          begins the steps, one a line:
    put SERIES TIME=VALUE ...        somebody inserts or updates samples, one statement
    import SERIES TIME=VALUE ...     somebody imports them
    delete SERIES FROM TO            somebody deletes samples, TO not included
    truncate                         somebody empties the table of samples
    hold SERIES TIME=VALUE ...       a transaction of somebody else inserts, and stays open (PostgreSQL)
    release                          it commits
    run TIME [MORE]                  local-processing run --at TIME
    do COMMAND...                    any command; `do! COMMAND...`: it is to fail
    says TEXT                        what the last command printed contains the text
    expect SERIES TIME=VALUE ...     all samples of the series; VALUE@COVERAGE/SAMPLES looks at these too
    states NAME=STATE ...            where these calculations stand
    file NAME TEXT                   writes a file, \\n begins a new line; `remove NAME`; `move NAME NAME`

`tzdata: tz` in the settings: the directory tz is there, with Berlin's zone by the name There/Once.

A time is HH:MM[:SS] of 2026-01-01 in UTC, or a whole one.
"""

from __future__ import annotations

import csv
import dataclasses
import io
import math
import pathlib
import shlex
import shutil
import sqlite3
import subprocess
import sys
import unittest
from collections.abc import Callable
from typing import Any

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from program import Cluster, Workplace, clean_environment  # noqa: E402

DAY = "2026-01-01"
SECTIONS = ("definitions", "rules", "settings", "steps")
STEPS = (
    "put",
    "import",
    "delete",
    "truncate",
    "hold",
    "release",
    "run",
    "do",
    "do!",
    "says",
    "expect",
    "states",
    "file",
    "remove",
    "move",
)


class TableError(Exception):
    """A table that cannot be read, with its place."""


@dataclasses.dataclass
class Step:
    """One line of the steps."""

    place: str
    verb: str
    arguments: list[str]
    text: str


@dataclasses.dataclass
class Case:
    """One story."""

    place: str
    title: str
    texts: dict[str, str]
    steps: list[Step]

    @property
    def needs_postgresql(self) -> bool:
        """Whether only a server can tell it: two transactions at once."""
        return any(step.verb == "hold" for step in self.steps)


def read_cases(file: pathlib.Path) -> list[Case]:
    """Read the cases of a file."""
    cases: list[Case] = []
    section = ""
    for number, line in enumerate(file.read_text().splitlines(), 1):
        place = f"{file.name}:{number}"
        if line.startswith("== "):
            cases.append(Case(place, line[3:].strip(), dict.fromkeys(SECTIONS, ""), []))
            section = ""
        elif line.startswith("[") and line.endswith("]"):
            section = line[1:-1]
            if section not in SECTIONS or not cases:
                raise TableError(f"{place}: no section {line} here")
        elif section == "steps":
            if line.strip() and not line.lstrip().startswith("#"):
                verb, _, text = line.strip().partition(" ")
                if verb not in STEPS:
                    raise TableError(f"{place}: there is no step {verb!r}")
                cases[-1].steps.append(Step(place, verb, shlex.split(text), text))
        elif section:
            cases[-1].texts[section] += line + "\n"
        elif line.strip() and not line.startswith("#"):
            raise TableError(f"{place}: text before any section")
    return cases


def whole_time(text: str) -> str:
    """RFC 3339 from the table's short form."""
    return text if "-" in text else f"{DAY}T{text}{':00' if text.count(':') == 1 else ''}Z"


def samples_of(arguments: list[str]) -> list[tuple[str, str]]:
    """Times, whole, and what stands behind them."""
    pairs = [argument.rpartition("=") for argument in arguments]
    return [(whole_time(time), value) for time, _, value in pairs]


class Teller:
    """Tells a case on one store."""

    def __init__(self, case: Case, place: Workplace, cluster: Cluster | None, database: str) -> None:
        self.case = case
        self.place = place
        self.cluster = cluster
        self.database = database
        self.output = ""
        self.held: subprocess.Popen[bytes] | None = None

    # Somebody else's writing, past the program.

    def execute(self, statement: str) -> None:
        """Run SQL as somebody else would; {sample} and {series} are the tables."""
        if self.cluster is not None:
            self.cluster.sql(
                statement.format(sample="local_processing.sample", series="local_processing.series"), self.database
            )
            return
        connection = sqlite3.connect(self.place.path / "plant.db", timeout=30)
        with connection:
            connection.execute(statement.format(sample="sample", series="series"))
        connection.close()

    def time(self, text: str) -> str:
        """A time as a value of the store's SQL."""
        if self.cluster is not None:
            return f"timestamptz '{text}'"
        return f"(unixepoch('{text}') * 1000000)"

    def put(self, arguments: list[str]) -> str:
        """The statement that inserts or updates samples."""
        rows = ", ".join(
            f"((SELECT id FROM {{series}} WHERE name = '{arguments[0]}'), {self.time(time)}, {value})"
            for time, value in samples_of(arguments[1:])
        )
        return (
            f"INSERT INTO {{sample}} (series_id, ts, value) VALUES {rows}"
            " ON CONFLICT (series_id, ts) DO UPDATE SET value = excluded.value"
        )

    def hold(self, statement: str) -> None:
        """Begin a transaction that stays open."""
        assert self.cluster is not None
        text = statement.format(sample="local_processing.sample", series="local_processing.series")
        self.held = subprocess.Popen(
            ["psql", "-X", "-q", "-d", self.database],
            env=clean_environment(**self.cluster.environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self.held.stdin is not None and self.held.stdout is not None
        self.held.stdin.write(f"BEGIN;\n{text};\n\\echo held\n".encode())
        self.held.stdin.flush()
        assert self.held.stdout.readline() == b"held\n"

    def release(self) -> None:
        """Commit it."""
        assert self.held is not None
        self.held.communicate(b"COMMIT;\n")
        self.held = None

    # What is looked at.

    def expect(self, step: Step) -> None:
        """Compare all samples of a series."""
        printed = self.place.ok("samples", step.arguments[0], "--format", "csv").out
        rows = list(csv.DictReader(io.StringIO(printed)))
        wanted = samples_of(step.arguments[1:])
        found = [(row["time"], row["value"]) for row in rows]
        if [time for time, _ in found] != [time for time, _ in wanted]:
            raise AssertionError(f"{step.place}: {step.arguments[0]} has {found}, expected {wanted}")
        for row, (time, value) in zip(rows, wanted, strict=True):
            number, _, origin = value.partition("@")
            if not math.isclose(float(row["value"]), float(number), rel_tol=1e-12, abs_tol=1e-12):
                raise AssertionError(f"{step.place}: {row['value']} at {time}, expected {number}")
            if origin and f"{row['coverage']}/{row['samples']}" != origin:
                raise AssertionError(f"{step.place}: {row} at {time}, expected {origin}")

    def states(self, step: Step) -> None:
        """Compare the states of calculations."""
        status = self.place.ok("status", "--json").json()
        found = {row["name"]: row["state"] for row in status}
        for argument in step.arguments:
            name, _, state = argument.rpartition("=")
            if found.get(name) != state:
                raise AssertionError(f"{step.place}: {name} is {found.get(name)}, expected {state}")

    def command(self, arguments: list[str], fails: bool, place: str) -> None:
        """Run the program and keep what it printed."""
        result = self.place.run(*arguments)
        self.output = result.out + result.err
        if (result.code != 0) != fails:
            raise AssertionError(f"{place}: {arguments}: exit code {result.code}\n{self.output}")

    def tell(self) -> None:
        """Set the place up and go through the steps."""
        self.place.write("calculations.yaml", self.case.texts["definitions"])
        if self.case.texts["rules"]:
            self.place.write("rules/mine.py", self.case.texts["rules"])
        if "tzdata: tz" in self.case.texts["settings"]:
            (self.place.path / "tz/There").mkdir(parents=True)
            shutil.copy("/usr/share/zoneinfo/Europe/Berlin", self.place.path / "tz/There/Once")
        self.place.ok("migrate")
        self.place.ok("apply", "calculations.yaml")
        for step in self.case.steps:
            self.step(step)

    def step(self, step: Step) -> None:
        """One step."""
        match step.verb:
            case "put":
                self.execute(self.put(step.arguments))
            case "import":
                rows = "".join(f"{time},{value}\n" for time, value in samples_of(step.arguments[1:]))
                self.place.write("imported.csv", f"time,{step.arguments[0]}\n{rows}")
                self.command(["import", "imported.csv"], False, step.place)
            case "hold":
                self.hold(self.put(step.arguments))
            case "release":
                self.release()
            case "delete":
                name, first, beyond = step.arguments
                self.execute(
                    f"DELETE FROM {{sample}} WHERE series_id = (SELECT id FROM {{series}} WHERE name = '{name}')"
                    f" AND ts >= {self.time(whole_time(first))} AND ts < {self.time(whole_time(beyond))}"
                )
            case "truncate":
                self.execute("TRUNCATE {sample}" if self.cluster is not None else "DELETE FROM {sample}")
            case "run":
                self.command(["run", "--at", whole_time(step.arguments[0]), "--report", *step.arguments[1:]], False, step.place)
            case "do" | "do!":
                self.command(step.arguments, step.verb == "do!", step.place)
            case "says":
                if step.text not in self.output:
                    raise AssertionError(f"{step.place}: not said: {step.text!r} in\n{self.output}")
            case "expect":
                self.expect(step)
            case "states":
                self.states(step)
            case "file":
                self.place.write(step.arguments[0], " ".join(step.arguments[1:]).replace("\\n", "\n") + "\n")
            case "move":
                (self.place.path / step.arguments[0]).rename(self.place.path / step.arguments[1])
            case "remove":
                (self.place.path / step.arguments[0]).unlink()


def add_cases(cls: type[unittest.TestCase], suits: Callable[[Case], bool]) -> None:
    """Make a test of the class of each case that suits it, in all tables; its method tell() runs one."""
    here = pathlib.Path(__file__).resolve().parent
    cases = [case for file in sorted(here.glob("*.table")) for case in read_cases(file)]
    for number, case in enumerate(cases):
        if not suits(case):
            continue

        def test(self: Any, case: Case = case) -> None:
            self.tell(case)

        test.__doc__ = f"{case.place}: {case.title}"
        name = "".join(c if c.isalnum() else "_" for c in case.title)
        setattr(cls, f"test_{number:03}_{name}", test)
