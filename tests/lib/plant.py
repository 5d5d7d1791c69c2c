"""A plant small enough to be computed in seconds and large enough to be disturbed meanwhile.

What tests/faults needs on both stores: a place with samples and definitions
over two ranks, some of which fail, and a look at everything a run has stored
that does not depend on when it ran.
"""

from __future__ import annotations

import datetime
import sqlite3
import time

from program import Cluster, Workplace

FIRST = datetime.datetime(2026, 3, 1, tzinfo=datetime.timezone.utc)
RULES = '''"""Rules that take a while, and one that does not like some samples."""
import math

from local_processing import Series, rule


@rule
def busy(x: Series, *, rounds: int = 1500) -> float | None:
    """The mean, after some work for its own sake."""
    total = 0.0
    for i in range(rounds):
        total += math.sin(i)
    return x.mean() if len(x) else None


@rule
def picky(x: Series) -> float:
    """The mean of samples below 1,000; others are an error."""
    if x.max() >= 1000:
        raise ValueError(f"{x.max()} is out of range")
    return x.mean()
'''


class Plant:
    """The place, how long it is, and how many samples a complete run has written."""

    def __init__(self, place: Workplace, cluster: Cluster | None, database: str, tags: int, minutes: int) -> None:
        self.place = place
        self.cluster = cluster
        self.database = database
        self.tags = tags
        self.minutes = minutes
        self.tick = (FIRST + datetime.timedelta(minutes=minutes)).isoformat()

    @property
    def run_arguments(self) -> list[str]:
        """A run for the plant's last minute, which catches up with all of them."""
        return ["run", "--at", self.tick]

    def query(self, statement: str) -> list[tuple[str, ...]]:
        """Rows of texts, from whichever store; write tables as {name}."""
        tables = {t: t for t in ("sample", "series", "state", "pending", "batch", "run", "outcome", "calculation")}
        if self.cluster is not None:
            qualified = {t: f"local_processing.{t}" for t in tables}
            return [tuple(row) for row in self.cluster.sql(statement.format(**qualified), self.database)]
        connection = sqlite3.connect(self.place.path / "plant.db", timeout=30)
        try:
            rows = connection.execute(statement.format(**tables)).fetchall()
        finally:
            connection.close()
        return [tuple("" if cell is None else str(cell) for cell in row) for row in rows]

    def number(self, statement: str) -> int:
        """The only cell of the only row."""
        return int(self.query(statement)[0][0])

    def began(self, minutes: int) -> None:
        """Let the newest run be one that began so many minutes ago, and goes on."""
        newest = " WHERE id = (SELECT max(id) FROM {run})"
        if self.cluster is not None:
            ago = f"now() - interval '{minutes} minutes'"
            statement = f"UPDATE {{run}} SET result = 'running', ended = NULL, started = {ago}{newest}"
            self.cluster.sql(statement.format(run="local_processing.run"), self.database)
            return
        started = time.time_ns() // 1000 - minutes * 60_000_000
        connection = sqlite3.connect(self.place.path / "plant.db", timeout=30)
        with connection:
            connection.execute(
                f"UPDATE run SET result = 'running', ended = NULL, started = {started}{newest.format(run='run')}"
            )
        connection.close()

    def results(self) -> dict[str, list[tuple[str, ...]]]:
        """All that a run stores, without ids of runs and without durations."""
        return {
            "samples": self.query("SELECT series_id, ts, value, quality FROM {sample} ORDER BY 1, 2"),
            "states": self.query(
                "SELECT calculation_id, state, since, failing_since, window_start, window_end, attempts, next_attempt,"
                " samples_read, error_type, error_message FROM {state} ORDER BY 1"
            ),
            "pending": self.query(
                "SELECT calculation_id, window_start, window_end, reason, attempts, next_attempt, given_up"
                " FROM {pending} ORDER BY 1, 2"
            ),
            "watermarks": self.query("SELECT id, watermark FROM {batch} ORDER BY 1"),
            "windows": self.query(
                "SELECT batch_id, window_start, window_end, count(*) FROM {outcome} GROUP BY 1, 2, 3 ORDER BY 1, 2"
            ),
        }

    def written(self) -> int:
        """How many samples the calculations have stored so far."""
        return self.number("SELECT count(*) FROM {sample}") - self.tags * self.minutes

    def close(self) -> None:
        """Remove the place."""
        self.place.close()


def definitions(tags: int) -> str:
    """A mean of each tag a minute, a mean of these over the same minute, and every tenth tag looked at by `picky`."""
    start = FIRST.isoformat()
    return (
        "calculations:\n"
        f"  - for_each: {{tag: [{', '.join(f't{i:04}' for i in range(tags))}]}}\n"
        '    name: "{tag}/first"\n'
        "    rule: plant.busy\n"
        '    inputs: {x: "{tag}"}\n'
        '    output: "{tag}/first"\n'
        "    every: 1 minute\n"
        f"    start: {start}\n"
        f"  - for_each: {{tag: [{', '.join(f't{i:04}' for i in range(tags))}]}}\n"
        '    name: "{tag}/second"\n'
        "    rule: mean\n"
        '    inputs: {x: "{tag}/first"}\n'
        '    output: "{tag}/second"\n'
        "    every: 1 minute\n"
        f"    start: {start}\n"
        f"  - for_each: {{tag: [{', '.join(f't{i:04}' for i in range(0, tags, 10))}]}}\n"
        '    name: "{tag}/picky"\n'
        "    rule: plant.picky\n"
        '    inputs: {x: "{tag}"}\n'
        '    output: "{tag}/picky"\n'
        "    every: 1 minute\n"
        f"    start: {start}\n"
    )


def samples(tags: int, minutes: int) -> str:
    """A sample a tag and minute; some of every tenth tag's are out of range."""
    lines = ["series,time,value"]
    for tag in range(tags):
        for minute in range(minutes):
            value = 2000 if tag % 10 == 0 and minute % 7 == 3 else tag + minute / 8
            lines.append(f"t{tag:04},{(FIRST + datetime.timedelta(minutes=minute)).isoformat()},{value}")
    return "\n".join(lines) + "\n"


def make(cluster: Cluster | None, database: str, tags: int, minutes: int, settings: str = "") -> Plant:
    """A plant with everything due and nothing computed: on PostgreSQL, or on SQLite where there is no cluster."""
    # A run that is cut short may have seen nothing of `picky` but what fails: its breaker would be another test.
    settings += "catch_up: 10000\nbreaker_failures: 0\n"
    place = cluster.place(database, settings) if cluster else Workplace("sqlite:plant.db", settings=settings)
    place.write("rules/plant.py", RULES)
    place.write("samples.csv", samples(tags, minutes))
    place.write("calculations.yaml", definitions(tags))
    place.ok("migrate")
    place.ok("import", "--long", "samples.csv")
    place.ok("apply", "calculations.yaml")
    return Plant(place, cluster, database, tags, minutes)
