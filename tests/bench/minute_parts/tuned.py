"""A Python batch that leaves nothing out: asyncpg, a thousand calculations a statement, a process a core.

    tuned.py PROCESSES START END

Samples of a thousand calculations come as arrays by one statement, results go
by one, and the states in the form in which this program keeps them: one row
of arrays.  Two thousands are under way in each process, so that the server
works while Python computes.  Times of samples are not read: the rule needs
none, and objects of Python for them would cost more than all the rest.
"""

from __future__ import annotations

import asyncio
import datetime
import importlib
import math
import multiprocessing
import sys
from typing import Any

# asyncpg has types in some versions only; this way mypy wants none in all of them.
asyncpg: Any = importlib.import_module("asyncpg")

DEFINITIONS = """
    SELECT c.batch_id, array_agg(c.id ORDER BY c.position) AS ids,
           array_agg(i.series_id ORDER BY c.position) AS sources, array_agg(x.unit ORDER BY c.position) AS source_units,
           array_agg(o.series_id ORDER BY c.position) AS targets, array_agg(y.unit ORDER BY c.position) AS target_units
    FROM local_processing.calculation c
    JOIN local_processing.calculation_input i ON i.calculation_id = c.id
    JOIN local_processing.series x ON x.id = i.series_id
    JOIN local_processing.calculation_output o ON o.calculation_id = c.id
    JOIN local_processing.series y ON y.id = o.series_id
    WHERE c.batch_id = ANY ($1) GROUP BY c.batch_id"""
READ = """
    SELECT a.values FROM unnest($1::int8[]) WITH ORDINALITY r (series_id, n)
    CROSS JOIN LATERAL (SELECT array_agg(s.value) FROM local_processing.sample s WHERE s.series_id = r.series_id
        AND s.ts >= $2 AND s.ts < $3 AND s.quality IS DISTINCT FROM 2) a (values) ORDER BY r.n"""
WRITE = """
    INSERT INTO local_processing.sample (series_id, ts, value)
    SELECT r.series_id, $2, r.value FROM unnest($1::int8[], $3::float8[]) r (series_id, value) ORDER BY r.series_id
    ON CONFLICT (series_id, ts) DO UPDATE SET value = excluded.value"""
NOTE = """
    INSERT INTO local_processing.outcome (run_id, batch_id, tick, window_start, window_end,
        calculation_ids, states, durations_us, samples_read)
    VALUES (0, $1, $3, $2, $3, $4, $5, $6, $7)"""
SETTLE = "UPDATE local_processing.batch SET watermark = $2, last_tick = $2 WHERE id = $1"
FACTORS = {("W", "kW"): 1e-3}
UNDER_WAY = 2


def mean_in(values: list[float | None], source: str, target: str) -> float:
    """The rule: the mean of the good samples, in another unit."""
    factor = FACTORS[source, target]
    good = [value * factor for value in values if value is not None and math.isfinite(value)]
    return math.fsum(good) / len(good)


async def compute(pool: Any, batch: Any, start: datetime.datetime, end: datetime.datetime) -> None:
    """A thousand calculations."""
    async with pool.acquire() as connection:
        rows = await connection.fetch(READ, batch["sources"], start, end)
        results = [
            mean_in(row[0], source, target)
            for row, source, target in zip(rows, batch["source_units"], batch["target_units"], strict=True)
        ]
        counts = [len(row[0]) for row in rows]
        ids = batch["ids"]
        async with connection.transaction():
            await connection.execute(WRITE, batch["targets"], start, results)
            await connection.execute(NOTE, batch["batch_id"], start, end, ids, [1] * len(ids), [0] * len(ids), counts)
            await connection.execute(SETTLE, batch["batch_id"], end)


async def work(batches: list[int], start: datetime.datetime, end: datetime.datetime) -> None:
    """The share of one process."""
    async with asyncpg.create_pool(
        min_size=1, max_size=UNDER_WAY, server_settings={"jit": "off"}, command_timeout=600
    ) as pool:
        waiting = [batches[at : at + 10] for at in range(0, len(batches), 10)]
        for some in waiting:
            definitions = list(await pool.fetch(DEFINITIONS, some))

            async def follow() -> None:
                """Take a batch after the other, until none is left."""
                while definitions:
                    await compute(pool, definitions.pop(), start, end)

            await asyncio.gather(*(follow() for _ in range(UNDER_WAY)))


def share(batches: list[int]) -> None:
    """Work in a process of the pool."""
    start, end = (datetime.datetime.fromisoformat(text.replace("Z", "+00:00")) for text in sys.argv[2:4])
    asyncio.run(work(batches, start, end))


async def read_batches() -> list[int]:
    """All batches."""
    connection = await asyncpg.connect()
    rows = await connection.fetch("SELECT id FROM local_processing.batch ORDER BY id")
    await connection.close()
    return [row[0] for row in rows]


def main() -> None:
    """Deal the batches out to the processes."""
    processes = int(sys.argv[1])
    batches = asyncio.run(read_batches())
    with multiprocessing.Pool(processes) as pool:
        pool.map(share, [batches[first::processes] for first in range(processes)], chunksize=1)


if __name__ == "__main__":
    main()
