"""The batch that this program replaces, as an ordinary Python program has it.

Definitions and samples in SQLite; for each calculation a query, a rule, an
upsert of the result and of the state; one that fails keeps its message.
"""

import json
import math
import sqlite3
import traceback
from collections.abc import Callable

Work = Callable[[int], object]

BASE = 1_772_323_200
CALCULATIONS = 120
SAMPLES = 60

SCHEMA = """
CREATE TABLE calculation (id INTEGER PRIMARY KEY, rule TEXT, parameters TEXT, source INTEGER, target INTEGER);
CREATE TABLE sample (series INTEGER, ts INTEGER, value REAL, quality INTEGER, PRIMARY KEY (series, ts)) WITHOUT ROWID;
CREATE TABLE state (calculation INTEGER PRIMARY KEY, state TEXT, since INTEGER, message TEXT);
"""

Row = tuple[int, float, int]


def mean(rows: list[Row], scale: float = 1.0) -> float | None:
    """Mean of the good samples."""
    values = [value for _, value, quality in rows if quality == 0 and not math.isnan(value)]
    return scale * math.fsum(values) / len(values) if values else None


def integral(rows: list[Row], per: float = 3600.0) -> float:
    """Integral in steps."""
    total = 0.0
    for (start, value, _), (end, _, _) in zip(rows, rows[1:]):
        total += value * (end - start) / per
    return total


def convert(rows: list[Row], scale: float = 1.0, offset: float = 0.0) -> float:
    """The last value in another unit."""
    return [value * scale + offset for _, value, _ in rows][-1]


def efficiency(rows: list[Row], rated: float = 50.0) -> float:
    """A ratio that cannot be had where nothing ran."""
    ran = [value for _, value, _ in rows if value > 100.0]
    return sum(ran) / rated / len(ran)


RULES: dict[str, Callable[..., float | None]] = {
    "mean": mean, "integral": integral, "convert": convert, "efficiency": efficiency
}


def prepare() -> sqlite3.Connection:
    """Definitions, and the samples of an hour."""
    connection = sqlite3.connect(":memory:")
    connection.executescript(SCHEMA)
    names = ("mean", "integral", "convert", "mean", "efficiency")
    parameters: tuple[dict[str, float], ...] = (
        {"scale": 2.0}, {"per": 60.0}, {"scale": 1.8, "offset": 32.0}, {}, {"rated": 30.0}
    )
    connection.executemany(
        "INSERT INTO calculation VALUES (?, ?, ?, ?, ?)",
        ((i, names[i % 5], json.dumps(parameters[i % 5]), i, 10_000 + i) for i in range(CALCULATIONS)),
    )
    connection.executemany(
        "INSERT INTO sample VALUES (?, ?, ?, ?)",
        ((i, BASE + n, (i * 37 + n) % 130 * 0.75, n % 29 == 28) for i in range(CALCULATIONS) for n in range(SAMPLES)),
    )
    return connection


CONNECTION = prepare()


def minutes(loops: int) -> int:
    """A minute's batch, again and again."""
    connection, stored = CONNECTION, 0
    for number in range(loops):
        at = BASE + 60 * number
        definitions = connection.execute("SELECT id, rule, parameters, source, target FROM calculation ORDER BY id")
        for calculation, rule, parameters, source, target in definitions.fetchall():
            state, message = "ok", None
            try:
                rows = connection.execute(
                    "SELECT ts, value, quality FROM sample WHERE series = ? AND ts >= ? AND ts < ? ORDER BY ts",
                    (source, BASE, BASE + 60),
                ).fetchall()
                result = RULES[rule](rows, **json.loads(parameters))
                if result is None:
                    state = "no_data"
                else:
                    connection.execute(
                        "INSERT INTO sample VALUES (?, ?, ?, 0) ON CONFLICT DO UPDATE SET value = excluded.value",
                        (target, at, result),
                    )
                    stored += 1
            except ArithmeticError as error:
                state, message = "failed", "".join(traceback.format_exception_only(type(error), error))
            connection.execute(
                "INSERT INTO state VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET state = excluded.state, "
                "since = CASE WHEN state.state = excluded.state THEN state.since ELSE excluded.since END, "
                "message = excluded.message",
                (calculation, state, at, message),
            )
        connection.commit()
    return stored


BENCHMARKS: dict[str, tuple[Work, int]] = {"minutes": (minutes, 12)}
