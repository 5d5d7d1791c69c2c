#!/usr/bin/env python3
"""The batch of the plant: computes what the table `calculation` says, once an hour.

    5 * * * * plant_batch.py --dsn service=plant

Each calculation has a query of its own for its readings, and writes its results
into `derived`.  The table `calc_state` has how far each one has come, so that a
batch that did not run is made up for by the next one; `calc_log` has what went
wrong.  Processes share the calculations of a stage; the next stage begins when
all of it is stored, since its calculations read the results of the one before.
"""

from __future__ import annotations

import argparse
import logging
import sys
import time
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from multiprocessing import Pool
from typing import Any
from zoneinfo import ZoneInfo

import plant_rules
import psycopg2  # type: ignore[import]

log = logging.getLogger("plant_batch")

ZONE = ZoneInfo("Europe/Berlin")
STEPS = {"hour": timedelta(hours=1), "day": timedelta(days=1)}
#: Codes of OPC DA: good, and what the old gateways say.
GOOD = (192, 0)
#: Windows that one batch makes up for.
MOST_MISSED = 72

SCHEMA = """
CREATE TABLE readings (
    tag text NOT NULL,
    ts timestamptz NOT NULL,
    value double precision,
    status integer NOT NULL DEFAULT 192,
    PRIMARY KEY (tag, ts)
);
CREATE TABLE derived (
    tag text NOT NULL,
    ts timestamptz NOT NULL,
    value double precision NOT NULL,
    samples integer NOT NULL,
    computed timestamptz NOT NULL,
    PRIMARY KEY (tag, ts)
);
CREATE TABLE calculation (
    id serial PRIMARY KEY,
    stage integer NOT NULL DEFAULT 0,
    name text NOT NULL UNIQUE,
    rule text NOT NULL,
    source text NOT NULL DEFAULT 'readings' CHECK (source IN ('readings', 'derived')),
    tags text[] NOT NULL,
    params jsonb NOT NULL DEFAULT '{}',
    every text NOT NULL CHECK (every IN ('hour', 'day')),
    output text NOT NULL UNIQUE,
    unit text NOT NULL DEFAULT '',
    enabled boolean NOT NULL DEFAULT true
);
CREATE TABLE calc_state (
    calculation integer PRIMARY KEY REFERENCES calculation (id),
    last_end timestamp NOT NULL,
    state text NOT NULL,
    error text,
    updated timestamptz NOT NULL
);
CREATE TABLE calc_log (
    id bigserial PRIMARY KEY,
    calculation integer NOT NULL,
    window_start timestamp NOT NULL,
    message text NOT NULL,
    logged timestamptz NOT NULL
);
"""


@dataclass(frozen=True)
class Calculation:
    """A row of the table of calculations, and how far it has come."""

    id: int
    name: str
    rule: str
    source: str
    tags: list[str]
    params: dict[str, Any]
    every: str
    output: str
    last_end: datetime | None


@dataclass(frozen=True)
class Job:
    """A calculation and the clock: what a process of the pool gets."""

    calculation: Calculation
    now: datetime


def load_calculations(connection: Any) -> dict[int, list[Calculation]]:
    """The enabled calculations by their stage."""
    stages: dict[int, list[Calculation]] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.stage, c.id, c.name, c.rule, c.source, c.tags, c.params, c.every, c.output, s.last_end"
            " FROM calculation c LEFT JOIN calc_state s ON s.calculation = c.id"
            " WHERE c.enabled ORDER BY c.stage, c.id"
        )
        for stage, *columns in cursor:
            stages.setdefault(stage, []).append(Calculation(*columns))
    return stages


def due_windows(calculation: Calculation, now: datetime) -> Iterator[tuple[datetime, datetime]]:
    """The windows that are over and not computed, in local time: hours and days of the plant."""
    step = STEPS[calculation.every]
    local = now.astimezone(ZONE).replace(tzinfo=None)
    end = local.replace(minute=0, second=0, microsecond=0)
    if calculation.every == "day":
        end = end.replace(hour=0)
    start = end - step
    if calculation.last_end is not None:
        start = max(calculation.last_end, end - MOST_MISSED * step)
    while start + step <= end:
        yield start, start + step
        start += step


def read_window(cursor: Any, calculation: Calculation, tag: str, start: datetime, end: datetime) -> list[Any]:
    """The good readings of a tag, or its results, from start on and before end."""
    parameters: list[Any] = [tag, start.replace(tzinfo=ZONE), end.replace(tzinfo=ZONE)]
    query = f"SELECT ts, value FROM {calculation.source} WHERE tag = %s AND ts >= %s AND ts < %s"
    if calculation.source == "readings":
        query += " AND status = ANY (%s) AND value IS NOT NULL AND value <> 'NaN'"
        parameters.append(list(GOOD))
    cursor.execute(query + " ORDER BY ts", parameters)
    return list(cursor.fetchall())


def compute(cursor: Any, calculation: Calculation, start: datetime, end: datetime) -> tuple[float | None, int]:
    """The result of a window, and how many readings it is made of."""
    rule = getattr(plant_rules, calculation.rule)
    rows = {tag: read_window(cursor, calculation, tag, start, end) for tag in calculation.tags}
    count = sum(map(len, rows.values()))
    if count == 0:
        return None, 0
    values = {tag: [value for _, value in of_tag] for tag, of_tag in rows.items()}
    times = {tag: [ts.astimezone(ZONE) for ts, _ in of_tag] for tag, of_tag in rows.items()}
    if len(calculation.tags) == 1:
        tag = calculation.tags[0]
        return rule(values[tag], times[tag], calculation.params), count
    return rule(values, times, calculation.params), count


def store(cursor: Any, calculation: Calculation, start: datetime, result: float, count: int, now: datetime) -> None:
    """The result at the window's start; one that is there already is written over."""
    cursor.execute(
        "INSERT INTO derived (tag, ts, value, samples, computed) VALUES (%s, %s, %s, %s, %s)"
        " ON CONFLICT (tag, ts) DO UPDATE"
        " SET value = excluded.value, samples = excluded.samples, computed = excluded.computed",
        [calculation.output, start.replace(tzinfo=ZONE), result, count, now],
    )


def note_state(cursor: Any, job: Job, end: datetime, state: str, error: str | None) -> None:
    """How far the calculation has come."""
    cursor.execute(
        "INSERT INTO calc_state (calculation, last_end, state, error, updated) VALUES (%s, %s, %s, %s, %s)"
        " ON CONFLICT (calculation) DO UPDATE SET last_end = excluded.last_end, state = excluded.state,"
        " error = excluded.error, updated = excluded.updated",
        [job.calculation.id, end, state, error, job.now],
    )


def note_failure(cursor: Any, job: Job, start: datetime) -> None:
    """For whoever looks in the morning."""
    cursor.execute(
        "INSERT INTO calc_log (calculation, window_start, message, logged) VALUES (%s, %s, %s, %s)",
        [job.calculation.id, start, traceback.format_exc(), job.now],
    )


connection_of_process: Any = None


def connect(dsn: str) -> None:
    """A connection for each process of the pool."""
    global connection_of_process
    connection_of_process = psycopg2.connect(dsn)


def work(job: Job) -> tuple[int, int]:
    """All windows of a calculation that are due, one transaction each; how many went well, and how many did not."""
    done = failed = 0
    for start, end in due_windows(job.calculation, job.now):
        with connection_of_process, connection_of_process.cursor() as cursor:
            try:
                result, count = compute(cursor, job.calculation, start, end)
            except Exception as error:
                log.warning("%s failed for %s: %s", job.calculation.name, start, error)
                note_failure(cursor, job, start)
                note_state(cursor, job, end, "failed", repr(error))
                failed += 1
                continue
            if result is not None:
                store(cursor, job.calculation, start, result, count, job.now)
            note_state(cursor, job, end, "ok" if result is not None else "no data", None)
            done += 1
    return done, failed


def run(dsn: str, now: datetime, processes: int) -> int:
    """One batch; the exit code."""
    begun = time.monotonic()
    connection = psycopg2.connect(dsn)
    with connection, connection.cursor() as cursor:
        # Two batches at once would do everything twice.
        cursor.execute("SELECT pg_try_advisory_lock(4711)")
        if not cursor.fetchone()[0]:
            log.warning("another batch is working")
            return 0
        stages = load_calculations(connection)
    done = failed = 0
    with Pool(processes, connect, [dsn]) as pool:
        for _, calculations in sorted(stages.items()):
            for well, badly in pool.imap_unordered(work, [Job(one, now) for one in calculations]):
                done += well
                failed += badly
    connection.close()
    log.info("%d windows, %d failed, %.1f s", done, failed, time.monotonic() - begun)
    return 1 if failed else 0


def main() -> int:
    """From the command line."""
    parser = argparse.ArgumentParser(description="Compute what is due, once.")
    parser.add_argument("--dsn", required=True, help="the database")
    parser.add_argument("--now", type=datetime.fromisoformat, help="another time than the clock's, to repeat a batch")
    parser.add_argument("--processes", type=int, default=4)
    parser.add_argument("--make-tables", action="store_true", help="make the tables, and do nothing else")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    if arguments.make_tables:
        with psycopg2.connect(arguments.dsn) as connection, connection.cursor() as cursor:
            cursor.execute(SCHEMA)
        return 0
    return run(arguments.dsn, arguments.now or datetime.now(ZONE), arguments.processes)


if __name__ == "__main__":
    sys.exit(main())
