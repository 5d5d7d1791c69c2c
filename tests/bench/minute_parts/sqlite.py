"""The same plant in an SQLite file."""

from __future__ import annotations

import sqlite3
import time

from program import Workplace

from minute_parts.measure import Work
from minute_parts.workload import BASE, RULES, Shape, stamp

AT_ONCE = 10  # samples of a series


class SqlitePlant:
    """A file with series and definitions."""

    def __init__(self, shape: Shape, rules: str = RULES) -> None:
        self.shape = shape
        self.place = Workplace("sqlite:plant.db", program=shape.program)
        self.place.write("rules/bench.py", rules)
        self.place.ok("migrate")
        with self.connect() as connection:
            connection.execute(
                "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < ?) "
                "INSERT INTO series (name, unit, created) SELECT 'tag/' || n || '/power', 'W', 0 FROM n",
                (shape.measured,),
            )
        self.place.write("calculations.yaml", shape.definitions())
        began = time.monotonic()
        self.place.ok("apply", "calculations.yaml", timeout=1800)
        self.apply_seconds = time.monotonic() - began

    def connect(self) -> sqlite3.Connection:
        """A connection that does not wait for the disk."""
        connection = sqlite3.connect(self.place.path / "plant.db")
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA cache_size = -2000000")
        return connection

    def fill(self, minute: int) -> float:
        """A minute of samples, ten of a series at a time; noted, as a collector's are, but in one transaction.

        The table is a tree in the order of series and time: a transaction for
        each second leaves nearly the same file behind, and takes minutes.
        """
        began = time.monotonic()
        step = 60_000_000 // self.shape.samples
        start = (BASE + minute * 60) * 1_000_000
        connection = self.connect()
        with connection:
            # In place of what triggers would note row by row: the one hour that every series is touched in.
            connection.execute("INSERT OR IGNORE INTO own_writer VALUES (1)")
            for block in range(0, self.shape.samples, AT_ONCE):
                count = min(AT_ONCE, self.shape.samples - block)
                connection.execute(
                    f"WITH RECURSIVE s (id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM s WHERE id < {self.shape.measured}), "
                    f"t (n) AS (SELECT {block} UNION ALL SELECT n + 1 FROM t WHERE n < {block + count - 1}) "
                    "INSERT INTO sample (series_id, ts, value) SELECT id, ? + n * ?, id + n * 0.25 + ? FROM s CROSS JOIN t",
                    (start, step, minute * 7),
                )
            connection.execute("DELETE FROM own_writer")
            connection.execute(
                f"WITH RECURSIVE s (id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM s WHERE id < {self.shape.measured}) "
                "INSERT OR REPLACE INTO change (series_id, hour, by_hand, first, last) SELECT id, ?, 0, ?, ? FROM s",
                (start // 3_600_000_000, start, start + (self.shape.samples - 1) * step),
            )
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()
        return time.monotonic() - began

    def settle(self, minute: int) -> None:
        """As if everything before the end of minute - 1 had been computed."""
        connection = self.connect()
        with connection:
            connection.execute("UPDATE batch SET watermark = ?", ((BASE + minute * 60) * 1_000_000,))
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()

    def work(self, minute: int, *options: str) -> Work:
        """A run for a minute."""
        command = self.place.command("run", "--at", stamp(minute * 60 + 60), "--log-level", "warning", "--json", *options)
        return Work([command], self.place.path, self.place.environment, True)

    def check(self, minute: int) -> str:
        """What is wrong with the results of a minute; empty where all are there and right."""
        connection = self.connect()
        factor = 0.001
        rows = connection.execute(
            "SELECT count(*), count(*) FILTER (WHERE abs(s.value / ((i.series_id + ?) * ?) - 1) < 1e-12) "
            "FROM calculation_input i JOIN calculation_output o USING (calculation_id) "
            "JOIN sample s ON s.series_id = o.series_id AND s.ts = ?",
            (0.25 * (self.shape.samples - 1) / 2 + minute * 7, factor, (BASE + minute * 60) * 1_000_000),
        ).fetchall()
        connection.close()
        expected = self.shape.calculations
        return "" if rows == [(expected, expected)] else f"{rows[0][0]} results, {rows[0][1]} of them right"

    def close(self) -> None:
        """Remove the file."""
        self.place.close()
