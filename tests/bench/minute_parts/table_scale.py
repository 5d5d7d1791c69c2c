"""Whether a calculation costs the same among a million as among ten thousand, in time and in memory."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time

from minute_parts import measure, report
from minute_parts.workload import Plant, Shape, temporary_cluster

BYTES_A_SAMPLE = 250  # heap, index and WAL, with room to spare


def say(text: str) -> None:
    """Progress, for what takes minutes."""
    print(time.strftime("%H:%M:%S"), text, file=sys.stderr, flush=True)


def scale_table(sizes: list[int], samples: int, repeat: int) -> tuple[str, dict[str, object]]:
    """The Markdown, and the raw figures.

    The first run after `apply` prepares definitions for all others: it computes
    a minute of one sample each.  Then one minute is written and computed: that
    is the fresh one.  Then what was computed is taken away and the same minute
    is computed again, `repeat` times: writing sixty million samples five times
    would take an hour.
    """
    raw: dict[str, object] = {}
    rows = []
    first = 0.0
    for size in sizes:
        free = shutil.disk_usage(tempfile.gettempdir()).free
        if free < size * samples * BYTES_A_SAMPLE:
            say(f"without {size:,} calculations: {tempfile.gettempdir()} has only {free / 1e9:.0f} GB free")
            continue
        with temporary_cluster() as cluster:
            server = measure.Server(cluster)
            plant = Plant(cluster, "plant", Shape(size, samples))
            try:
                say(f"{size:,} calculations: applied in {plant.apply_seconds:.1f} s")
                one = measure.Rounds(f"{size:,}", size)
                plant.fill(0, samples=1)
                prepared = measure.timed(plant.work([plant.run(0)]), server)
                plant.sql("ANALYZE")
                say(f"first run in {prepared.seconds:.1f} s")
                filled = plant.fill(1)
                say(f"{size * samples:,} samples written in {filled:.0f} s")
                work = plant.work([plant.run(1, "--json")], keep_output=True)
                fresh = measure.timed(work, server)
                reports = [work.output[0]]
                say(f"computed in {fresh.seconds:.2f} s")
                wrong = plant.check(2) or plant.check_state_arrays(2)
                for number in range(repeat + 1):
                    plant.again(1)
                    cluster.sql("CHECKPOINT")
                    if number < repeat:
                        one.timed.append(measure.timed(work, server))
                        reports.append(work.output[0])
                        say(f"computed again in {one.timed[-1].seconds:.2f} s")
                    else:
                        one.watched = measure.watched(work)
                wrong = wrong or plant.check(2) or plant.check_state_arrays(2)
                if wrong:
                    raise SystemExit(f"{size:,} calculations: {wrong}")
            finally:
                plant.close()
        each = fresh.seconds / size * 1e6
        first = first or each
        assert one.watched is not None
        rows.append(
            [
                one.title,
                f"{fresh.seconds:.2f}",
                f"{each:.1f}",
                f"{each / first:.2f}",
                f"{one.seconds() / size * 1e6:.1f}",
                report.mb(one.watched.peak_bytes),
                f"{fresh.cpu_program:.2f}",
                f"{fresh.cpu_server or 0.0:.2f}",
                f"{plant.apply_seconds:.1f}",
                f"{prepared.seconds:.1f}",
                f"{filled:.0f}",
            ]
        )
        raw[str(size)] = {
            **one.raw(),
            "fresh": fresh.__dict__,
            "reports": reports,
            "first_run": prepared.__dict__,
            "apply_seconds": plant.apply_seconds,
            "fill_seconds": filled,
        }
    text = f"{samples} samples each, {os.cpu_count()} workers; fresh minute once, the same again {repeat} times\n\n" + report.table(
        (
            "calculations",
            "fresh s",
            "us a calculation",
            "times the first",
            "us again",
            "peak MB",
            "CPU s, program",
            "CPU s, server",
            "apply s",
            "first run s",
            "writing s",
        ),
        rows,
    )
    return text, raw
