"""Whether a calculation costs the same among a million as among ten thousand, in time and in memory."""

from __future__ import annotations

import json
import os
import shutil
import statistics
import sys
import tempfile
import time

from minute_parts import measure, report
from minute_parts.workload import Plant, Shape, temporary_cluster

MOST_WRITTEN = 30_000_000  # samples of fresh minutes, of one size
BYTES_A_SAMPLE = 250  # heap, index and WAL, with room to spare


def a_quarter_of_memory() -> str:
    """What PostgreSQL's manual advises for shared_buffers: a million calculations have gigabytes of fresh samples."""
    size = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 4
    return f"shared_buffers={size >> 20}MB"


def say(text: str) -> None:
    """Progress, for what takes minutes."""
    print(time.strftime("%H:%M:%S"), text, file=sys.stderr, flush=True)


def measure_size(size: int, samples: int, repeat: int) -> measure.Rounds:
    """All rounds of one size, on a server of its own.

    The first run after `apply` prepares definitions for all others: it computes
    a minute of one sample each.  Then come fresh minutes, as many as can be
    written in reasonable time; where that is one only, what was
    computed is taken away and the minute is computed again; and so it is at
    last to look at the memory.
    """
    one = measure.Rounds(f"{size:,}", size)
    fresh = min(repeat, max(1, MOST_WRITTEN // (size * samples)))
    with temporary_cluster(a_quarter_of_memory()) as cluster:
        server = measure.Server(cluster)
        plant = Plant(cluster, "plant", Shape(size, samples))
        try:
            say(f"{size:,} calculations: applied in {plant.apply_seconds:.1f} s")
            plant.fill(0, samples=1)
            first = measure.timed(plant.work([plant.run(0)]), server)
            plant.sql("ANALYZE")
            say(f"first run in {first.seconds:.1f} s")
            filled, again, reports = [], [], []
            for minute in range(1, fresh + 1):
                cluster.sql("CHECKPOINT")
                filled.append(plant.fill(minute))
                say(f"{size * samples:,} samples written in {filled[-1]:.0f} s")
                work = plant.work([plant.run(minute, "--json")], keep_output=True)
                one.timed.append(measure.timed(work, server))
                reports.append(json.loads(work.output[0]))
                say(f"computed in {one.timed[-1].seconds:.2f} s")
            for _ in range(min(repeat, 2) - fresh):
                plant.again(fresh)
                cluster.sql("CHECKPOINT")
                again.append(measure.timed(work, server))
                reports.append(json.loads(work.output[0]))
                say(f"computed again in {again[-1].seconds:.2f} s")
            plant.again(fresh)
            one.watched = measure.watched(work)
            say("computed once more, watched")
            wrong = plant.check(fresh + 1) or plant.check_state_arrays(fresh + 1)
            if wrong:
                raise SystemExit(f"{size:,} calculations: {wrong}")
        finally:
            plant.close()
    one.more = {
        "reports": reports,
        "again": [cost.seconds for cost in again],
        "first_run": first.seconds,
        "apply_seconds": plant.apply_seconds,
        "fill_seconds": filled,
    }
    return one


def scale_table(sizes: list[int], samples: int, repeat: int) -> tuple[str, dict[str, object]]:
    """The Markdown, and the raw figures."""
    raw: dict[str, object] = {}
    rows = []
    first = 0.0
    for size in sizes:
        free = shutil.disk_usage(tempfile.gettempdir()).free
        if free < size * samples * BYTES_A_SAMPLE:
            say(f"without {size:,} calculations: {tempfile.gettempdir()} has only {free / 1e9:.0f} GB free")
            continue
        one = measure_size(size, samples, repeat)
        each = one.seconds() / size * 1e6
        first = first or each
        again = one.more["again"]
        assert isinstance(again, list)
        rows.append(
            [
                one.title,
                f"{one.seconds():.2f}",
                str(len(one.timed)),
                f"{each:.1f}",
                f"{each / first:.2f}",
                f"{statistics.median(again) / size * 1e6:.1f}" if again else "",
                report.mb(one.watched.peak_bytes if one.watched else None),
                f"{one.cpu_program():.2f}",
                f"{one.cpu_server():.2f}",
                f"{one.more['apply_seconds']:.1f}",
                f"{one.more['first_run']:.1f}",
            ]
        )
        raw[str(size)] = one.raw()
    about = f"{samples} samples each, as many workers as cores; medians of fresh minutes; {a_quarter_of_memory()}"
    text = f"{about}\n\n" + report.table(
        (
            "calculations",
            "seconds",
            "minutes",
            "us a calculation",
            "times the first",
            "us, not fresh",
            "peak MB",
            "CPU s, program",
            "CPU s, server",
            "apply s",
            "first run s",
        ),
        rows,
    )
    return text, raw
