"""The ordinary Python batch: a pool, and for each calculation a query, the rule, two upserts and a commit.

    ordinary.py processes|threads COUNT START END

Run by Debian's python3 with psycopg2; the connection is libpq's environment.
This is the program that this project replaces, as a careful team writes it.
"""

from __future__ import annotations

import importlib
import math
import multiprocessing
import multiprocessing.pool
import sys
import threading
from typing import Any

# psycopg2 has no types on Debian; this way mypy wants none, whichever version is there.
psycopg2: Any = importlib.import_module("psycopg2")

READ = (
    "SELECT value, quality FROM local_processing.sample WHERE series_id = %s AND ts >= %s AND ts < %s ORDER BY ts"
)
WRITE = (
    "INSERT INTO local_processing.sample (series_id, ts, value) VALUES (%s, %s, %s) "
    "ON CONFLICT (series_id, ts) DO UPDATE SET value = excluded.value"
)
NOTE = (
    "INSERT INTO bench_state VALUES (%s, 'ok', %s) ON CONFLICT (calculation) "
    "DO UPDATE SET state = excluded.state, at = excluded.at"
)
DEFINITIONS = """
    SELECT c.id, i.series_id, x.unit, o.series_id, y.unit FROM local_processing.calculation c
    JOIN local_processing.calculation_input i ON i.calculation_id = c.id
    JOIN local_processing.series x ON x.id = i.series_id
    JOIN local_processing.calculation_output o ON o.calculation_id = c.id
    JOIN local_processing.series y ON y.id = o.series_id ORDER BY c.id"""
FACTORS = {("W", "kW"): 1e-3}
AT_ONCE = 50  # calculations that a worker of the pool takes

Definition = tuple[int, int, str, int, str]


class Connections(threading.local):
    """A connection for each thread, or process, of the pool."""

    def __init__(self) -> None:
        self.own: Any = None

    def get(self) -> Any:
        """This thread's."""
        if self.own is None:
            self.own = psycopg2.connect("")
        return self.own


connections = Connections()


def mean_in(rows: list[tuple[float | None, int | None]], source: str, target: str) -> float:
    """The rule: the mean of the good samples, in another unit."""
    factor = FACTORS[source, target]
    values = [value * factor for value, quality in rows if value is not None and quality != 2 and math.isfinite(value)]
    return math.fsum(values) / len(values)


def compute(definition: Definition) -> None:
    """One calculation."""
    calculation, source, source_unit, target, target_unit = definition
    start, end = sys.argv[3:5]
    connection = connections.get()
    with connection.cursor() as cursor:
        cursor.execute(READ, (source, start, end))
        result = mean_in(cursor.fetchall(), source_unit, target_unit)
        cursor.execute(WRITE, (target, start, result))
        cursor.execute(NOTE, (calculation, end))
    connection.commit()


def main() -> None:
    """Read the definitions, and hand them to the pool."""
    kind, count = sys.argv[1], int(sys.argv[2])
    connection = psycopg2.connect("")
    with connection.cursor() as cursor:
        cursor.execute(DEFINITIONS)
        definitions = cursor.fetchall()
    connection.close()
    pool: multiprocessing.pool.Pool
    pool = multiprocessing.pool.ThreadPool(count) if kind == "threads" else multiprocessing.Pool(count)
    with pool:
        for _ in pool.imap_unordered(compute, definitions, chunksize=AT_ONCE):
            pass


if __name__ == "__main__":
    main()
