"""A place with definitions and ten minutes of samples, copied for each test: for the commands about time, on both stores.

A script writes its cases once, in a class over `Base`, and runs them as two
classes: `class OnOne(OnSqlite, Cases, unittest.TestCase)`, and with OnPostgresql.
"""

from __future__ import annotations

import datetime
import re
import unittest
from typing import TYPE_CHECKING, Any

from program import Cluster, Workplace

RULES = '''
from local_processing import Series, rule

@rule
def picky(x: Series) -> float:
    """The maximum; above 100 an error."""
    if x.max() > 100:
        raise ValueError(f"{x.max():g} is out of range")
    return x.max()
'''
DEFINITIONS = """
series:
  - {name: x, unit: kW, interval: 15 s}
  - {name: unused}
calculations:
  - {name: c/mean, rule: mean, inputs: {x: x}, output: {series: mean, unit: kW}, every: 1 minute,
     start: "2026-03-01T00:00:00Z"}
  - {name: c/picky, rule: checks.picky, inputs: {x: x}, output: picky, every: 1 minute,
     start: "2026-03-01T00:00:00Z"}
  - {name: c/total, rule: sum, inputs: {x: mean}, output: total, every: 2 minutes, start: "2026-03-01T00:00:00Z"}
"""
# Looks back, at the end of its window, and only where there is enough.
BEFORE = """
calculations:
  - {name: c/before, rule: mean, inputs: {x: {series: x, window: 3 minutes, shift: -1 minute}}, output: before,
     every: 1 minute, start: "2026-03-01T00:04:00Z", result_time: end, min_coverage: 0.5}
"""
SETTINGS = "catch_up: 2\nretry: {max_attempts: 2}\n"
FIRST = datetime.datetime(2026, 3, 1, tzinfo=datetime.timezone.utc)


def at(minute: int, second: int = 0) -> str:
    """A time of the hour in which everything happens."""
    return f"2026-03-01T00:{minute:02}:{second:02}Z"


def samples(values: dict[int, float]) -> str:
    """Values of x at seconds of the hour, as CSV."""
    return "time,x\n" + "".join(
        f"{(FIRST + datetime.timedelta(seconds=second)).isoformat()},{value}\n" for second, value in values.items()
    )


# What every store has in common is no case by itself, and would be run as one.
if TYPE_CHECKING:
    Case = unittest.TestCase
else:
    Case = object


class Base(Case):
    """The same for each store: a place with definitions, and samples of ten minutes."""

    place: Workplace

    def settle(self, place: Workplace) -> None:
        """Work in this place, whose store is filled or will be."""
        self.place = place
        self.addCleanup(place.close)
        describe(place)

    def run_for(self, *minutes: int) -> None:
        for minute in minutes:
            self.place.ok("run", "--at", at(minute), "--log-level", "error")

    def put(self, values: dict[int, float]) -> None:
        """Samples of x that come later."""
        self.place.write("late.csv", samples(values))
        self.place.ok("import", "late.csv")

    def due(self, minute: int, *arguments: str) -> str:
        return self.place.ok("due", "--at", at(minute), *arguments).out

    def due_json(self, minute: int) -> Any:
        return self.place.ok("due", "--at", at(minute), "--json").json()

    def explain_json(self, series: str, time: str) -> Any:
        return self.place.ok("explain", series, time, "--json").json()

    def values(self, series: str) -> dict[str, float]:
        """The samples of a series by their times."""
        return {row["time"]: row["value"] for row in self.place.ok("samples", series, "--format", "json").json()}


def describe(place: Workplace) -> None:
    """The rules and the definitions, as files."""
    place.write("rules/checks.py", RULES)
    place.write("c.yaml", DEFINITIONS)


def fill(place: Workplace) -> None:
    """Definitions, and ten minutes of samples: two of the third minute are missing, one of the sixth is out of range."""
    values = {15 * n: float(n) for n in range(40) if n not in (8, 9)}
    values[15 * 21] = 500
    describe(place)
    place.write("x.csv", samples(values))
    place.ok("migrate")
    place.ok("apply", "c.yaml")
    place.ok("import", "x.csv")


def lines_of(text: str) -> list[list[str]]:
    """Rows of a table, their cells told apart by two blanks."""
    return [re.split(r"\s{2,}", line.strip()) for line in text.splitlines()]


class OnSqlite(Base):
    """A copy of a filled file for each test."""

    filled = b""

    def setUp(self) -> None:
        place = Workplace("sqlite:plant.db", settings=SETTINGS)
        self.settle(place)
        if not OnSqlite.filled:
            fill(place)
            OnSqlite.filled = (place.path / "plant.db").read_bytes()
        (place.path / "plant.db").write_bytes(OnSqlite.filled)


class OnPostgresql(Base):
    """A copy of a filled database for each test, in one cluster for all."""

    cluster: Cluster | None = None
    databases = 0

    def setUp(self) -> None:
        if OnPostgresql.cluster is None:
            OnPostgresql.cluster = Cluster()
            unittest.addModuleCleanup(OnPostgresql.cluster.close)
            first = OnPostgresql.cluster.place("filled", SETTINGS)
            self.addCleanup(first.close)
            fill(first)
        OnPostgresql.databases += 1
        name = f"plant{OnPostgresql.databases}"
        OnPostgresql.cluster.sql(f"CREATE DATABASE {name} TEMPLATE filled")
        self.settle(Workplace(f"dbname={name}", OnPostgresql.cluster.environment, SETTINGS))
