"""What is computed: a plant on PostgreSQL with its definitions, minutes of samples, and whether results are right.

The same for every contestant: a measured series in W for each calculation,
its mean over a minute in kW.  Nothing here is timed.
"""

from __future__ import annotations

import contextlib
import dataclasses
import subprocess
import time
from collections.abc import Iterator

from program import PROGRAM, Cluster, clean_environment

from minute_parts.measure import Work

BASE = 1_772_323_200  # 2026-03-01T00:00:00Z
RULES = '''"""Rules of tests/bench/minute."""

import time

from local_processing import Series, rule


@rule
def mean_in(x: Series, *, unit: str) -> float:
    """The mean, in another unit."""
    return x.to(unit).mean()


@rule
def first(x: Series) -> float:
    """The mean in kW; says when its first statement ran."""
    print(f"first statement at {time.monotonic_ns()}")
    return x.mean() * 0.001


@rule
def once(x: Series) -> float | None:
    """Ten lines of plain Python that go through the samples once: their mean, unless one is beyond what can be."""
    count = 0
    total = 0.0
    highest = 0.0
    for value in x.values:
        if value > highest:
            highest = value
        total += value
        count += 1
    if count == 0 or highest > 1e9:
        return None
    return total / count * 0.001


@rule
def plain(x: Series) -> float | None:
    """Ten lines of plain Python that go through them twice: the mean of what is within three standard deviations."""
    count, total, squares = 0, 0.0, 0.0
    for value in x.values:
        count += 1
        total += value
        squares += value * value
    if count == 0:
        return None
    mean = total / count
    limit = 9.0 * max(squares / count - mean * mean, 0.0)
    kept = [value for value in x.values if (value - mean) ** 2 <= limit]
    return sum(kept) / len(kept) * 0.001


@rule
def heavy(x: Series) -> float:
    """Compute for about a millisecond, and return the mean in kW."""
    total = 0.0
    for turn in range(300):
        for value in x.values:
            total += value * 0.5 - turn
    return x.mean() * 0.001 + total * 0.0
'''
YOUR_RULES = '''"""Rules of tests/bench/minute that an interpreter of the user's computes."""

import numpy as np
import pandas

from local_processing import Series, rule


@rule
def plain(x: Series) -> float:
    """The mean in kW, by the Series itself."""
    return x.mean() * 0.001


@rule
def array(x: Series) -> float:
    """The mean in kW, by NumPy."""
    return np.asarray(x).mean() * 0.001


@rule
def frame(x: Series) -> float:
    """The mean in kW, by pandas."""
    return x.to_pandas().mean() * 0.001
'''
PYTHON = "/usr/bin/python3"  # Debian's
SETTINGS = (
    "fsync=on",
    "synchronous_commit=on",
    "full_page_writes=on",
    "shared_buffers=512MB",
    # No checkpoint and no vacuum at a moment of the server's choice: both are made between rounds.
    "max_wal_size=16GB",
    "checkpoint_timeout=1h",
    "autovacuum=off",
)


def stamp(second: int) -> str:
    """A time as PostgreSQL and the program read it."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(BASE + second))


@dataclasses.dataclass(frozen=True)
class Shape:
    """How much there is to compute, and with which rule."""

    calculations: int
    samples: int
    rule: str = "bench.mean_in"
    interval: bool = False  # series say how often they are measured: coverage counts by that
    recompute: bool = True  # late samples are followed
    dependent: float = 0.0  # share of the calculations that read another's result
    noted: bool = True  # changes of samples are noted
    program: str = PROGRAM  # that computes it

    @property
    def readers(self) -> int:
        """Calculations that read another's result: the mean of its one sample."""
        return round(self.calculations * self.dependent)

    @property
    def measured(self) -> int:
        """Calculations that read a measured series; there is one for each."""
        return self.calculations - self.readers

    def definitions(self) -> str:
        """The YAML for `apply`."""
        parameters = ", parameters: {unit: kW}" if self.rule == "bench.mean_in" else ""
        unit = "W" if self.rule == "mean" else "kW"
        more = "" if self.recompute else ", recompute_within: never"
        lines = [
            'calculations:\n  - {for_each: {tag: {series: "tag/*/power"}}, name: "mean of {tag.name}", '
            f'rule: {self.rule}{parameters}, inputs: {{x: "{{tag.name}}"}}, '
            f'output: {{series: "{{tag.name}}/1min", unit: {unit}}}, every: 1 minute{more}}}\n'
        ]
        if self.readers:
            names = ", ".join(str(n) for n in range(1, self.readers + 1))
            lines.append(
                f'  - {{for_each: {{n: [{names}]}}, name: "second {{n}}", rule: {self.rule}{parameters}, '
                'inputs: {x: "tag/{n}/power/1min"}, '
                f'output: {{series: "second/{{n}}", unit: {unit}}}, every: 1 minute{more}}}\n'
            )
        return "".join(lines)

    def mean(self, minute: int, samples: int) -> str:
        """SQL for the right result of the calculation whose input is i.series_id; kW, for mean W."""
        factor = 1.0 if self.rule == "mean" else 0.001
        return f"((i.series_id + {0.25 * (samples - 1) / 2} + {minute * 7}) * {factor})"


class Plant:
    """A database with series and definitions; several of them lie on one server."""

    def __init__(self, cluster: Cluster, name: str, shape: Shape) -> None:
        self.cluster = cluster
        self.name = name
        self.shape = shape
        self.samples_of: dict[int, int] = {}
        # Only where it is measured: others have no interpreter but the built-in one.
        settings = f"python: {{interpreter: {PYTHON}, rules: [yours]}}\n" if shape.rule.startswith("yours.") else ""
        self.place = cluster.place(name, settings, program=shape.program)
        self.place.write("rules/bench.py", RULES)
        if settings:
            self.place.write("rules/yours.py", YOUR_RULES)
        self.place.ok("migrate")
        interval = "'1 s'" if shape.interval else "NULL"
        self.sql(
            "INSERT INTO local_processing.series (name, unit, sample_interval) "
            f"SELECT 'tag/' || n || '/power', 'W', {interval} FROM generate_series(1, {shape.measured}) n"
        )
        self.place.write("calculations.yaml", shape.definitions())
        began = time.monotonic()
        self.place.ok("apply", "calculations.yaml", timeout=1800)
        self.apply_seconds = time.monotonic() - began
        self.sql(
            "CREATE TABLE bench_state (calculation bigint PRIMARY KEY, state text, at timestamptz);"
            f"SELECT local_processing.ensure_partitions(kind, '{stamp(0)}', '{stamp(86400)}') "
            "FROM unnest(ARRAY['sample', 'outcome']) kind"
        )
        if not shape.noted:
            self.forget_changes()
        self.sql("VACUUM ANALYZE")

    def sql(self, statement: str) -> list[list[str]]:
        """Run a statement here."""
        return self.cluster.sql(statement, self.name)

    def forget_changes(self) -> None:
        """Have no triggers: nobody but this program follows late samples, and what does not pays nothing for it."""
        self.sql("ALTER TABLE local_processing.sample DISABLE TRIGGER USER")

    def fill(self, minute: int, times: int = 60, samples: int = 0) -> float:
        """A minute of samples as it arrives: in the order of time, then of series, in that many statements at most.

        Another number of samples than the shape's is for a minute that warms up.
        """
        shape, began = self.shape, time.monotonic()
        if samples:
            self.samples_of[minute] = samples
            shape = dataclasses.replace(shape, samples=samples)
        step = 60.0 / shape.samples
        at_once = -(-shape.samples // times)
        statements = [
            "INSERT INTO local_processing.sample (series_id, ts, value) "
            f"SELECT id, timestamptz '{stamp(minute * 60)}' + n * interval '{step:.9f} s', "
            f"id + n * 0.25 + {minute * 7} FROM generate_series({first}, {min(first + at_once, shape.samples) - 1}) n, "
            f"LATERAL generate_series(1, {shape.measured} + 0 * n) id;\n"
            for first in range(0, shape.samples, at_once)
        ]
        self.script("".join(statements))
        return time.monotonic() - began

    def script(self, script: str) -> None:
        """Run many statements in one session, each a transaction of its own; what they wrote is no matter to wait for."""
        self.place.write("fill.sql", "SET synchronous_commit = off;\n" + script)
        subprocess.run(
            ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", self.name, "-f", "fill.sql"],
            cwd=self.place.path,
            env=clean_environment(**self.cluster.environment),
            stdout=subprocess.DEVNULL,
            check=True,
        )

    def work(self, commands: list[list[str]], keep_output: bool = False) -> Work:
        """Commands that run here."""
        environment = clean_environment(**self.cluster.environment, PGDATABASE=self.name)
        return Work(commands, self.place.path, environment, keep_output)

    def run(self, minute: int, *options: str) -> list[str]:
        """This program's command line for a minute."""
        return self.place.command("run", "--at", stamp(minute * 60 + 60), "--log-level", "warning", *options)

    def again(self, minute: int = 0) -> None:
        """As if a minute and those after it had not been computed: it can be measured again over the same samples."""
        watermark = f"'{stamp(minute * 60)}'" if minute > 0 else "NULL"
        self.sql(
            "SET local_processing.noted = off;"
            "DELETE FROM local_processing.sample "
            f"WHERE ts >= '{stamp(minute * 60)}' "
            "AND series_id IN (SELECT series_id FROM local_processing.calculation_output);"
            f"DELETE FROM local_processing.outcome WHERE tick > '{stamp(minute * 60)}';"
            "TRUNCATE local_processing.state, local_processing.change;"
            f"UPDATE local_processing.batch SET watermark = {watermark}"
        )

    def check(self, minutes: int) -> str:
        """What is wrong with the results of minutes 0 to minutes - 1; empty where all are there and right."""
        for minute in range(minutes):
            right_one = self.shape.mean(minute, self.samples_of.get(minute, self.shape.samples))
            rows = self.sql(
                f"SELECT count(*), count(*) FILTER (WHERE abs(s.value / {right_one} - 1) < 1e-12) "
                "FROM local_processing.calculation_input i "
                "JOIN local_processing.calculation_output o USING (calculation_id) "
                f"JOIN local_processing.sample s ON s.series_id = o.series_id AND s.ts = '{stamp(minute * 60)}' "
                f"WHERE i.series_id <= {self.shape.measured}"
            )
            stored, right = (int(field) for field in rows[0])
            if (stored, right) != (self.shape.measured, self.shape.measured):
                return f"minute {minute}: {stored} results, {right} of them right, instead of {self.shape.measured}"
            rows = self.sql(
                "SELECT count(*) FROM local_processing.calculation c "
                "JOIN local_processing.calculation_output o ON o.calculation_id = c.id "
                f"JOIN local_processing.sample s ON s.series_id = o.series_id AND s.ts = '{stamp(minute * 60)}' "
                "WHERE c.name LIKE 'second %'"
            )
            if int(rows[0][0]) != self.shape.readers:
                return f"minute {minute}: {rows[0][0]} results of results instead of {self.shape.readers}"
        results = int(self.sql(
            "SELECT count(*) FROM local_processing.sample s "
            "JOIN local_processing.calculation_output o ON o.series_id = s.series_id"
        )[0][0])
        if results != minutes * self.shape.calculations:
            return f"{results} results instead of {minutes * self.shape.calculations}"
        return ""

    def check_state_rows(self, minutes: int) -> str:
        """What is wrong with the states of a contestant that keeps a row a calculation."""
        rows = self.sql(
            f"SELECT count(*) FILTER (WHERE state = 'ok' AND at = '{stamp(minutes * 60)}') FROM bench_state"
        )
        return "" if int(rows[0][0]) == self.shape.calculations else f"{rows[0][0]} states"

    def check_state_arrays(self, minutes: int) -> str:
        """What is wrong with the states of a contestant that keeps a row of arrays a batch."""
        rows = self.sql(
            "SELECT count(*), count(DISTINCT (r.calculation_id, o.tick)) FROM local_processing.outcome o, "
            "unnest(o.calculation_ids, o.states, o.samples_read) r (calculation_id, state, samples) "
            f"WHERE r.state = 1 AND o.tick <= '{stamp(minutes * 60)}' AND r.samples IN (1, {self.shape.samples})"
        )
        expected = minutes * self.shape.calculations
        if [int(field) for field in rows[0]] != [expected, expected]:
            return f"{rows[0][0]} states of {rows[0][1]} calculations and minutes instead of {expected}"
        rows = self.sql(f"SELECT count(*) FROM local_processing.batch WHERE watermark <> '{stamp(minutes * 60)}'")
        return "" if rows == [["0"]] else f"{rows[0][0]} batches with another watermark"

    def close(self) -> None:
        """Remove the directory; the database goes with the server, or by drop()."""
        self.place.close()

    def drop(self) -> None:
        """Remove the database as well."""
        self.close()
        self.cluster.sql(f'DROP DATABASE "{self.name}"')


@contextlib.contextmanager
def temporary_cluster(*settings: str) -> Iterator[Cluster]:
    """A server for as long as a table takes; settings of its own stand over the usual ones."""
    cluster = Cluster(*SETTINGS, *settings)
    try:
        yield cluster
    finally:
        cluster.close()

