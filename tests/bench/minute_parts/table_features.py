"""What following late samples, coverage and dependencies cost calculations that need none of it."""

from __future__ import annotations

import dataclasses

from minute_parts import report, variants
from minute_parts.workload import Shape, temporary_cluster


def features_table(calculations: int, samples: int, repeat: int) -> tuple[str, dict[str, object]]:
    """The Markdown, and the raw figures."""
    on = Shape(calculations, samples)
    off = dataclasses.replace(on, recompute=False, noted=False)
    chosen = [
        variants.Variant("off", "nothing of it", off),
        variants.Variant("coverage", "series have an interval", dataclasses.replace(off, interval=True)),
        variants.Variant("late", "late samples are followed", on),
        variants.Variant("dependent", "a tenth read results", dataclasses.replace(off, dependent=0.1)),
        variants.Variant("all", "all of it", dataclasses.replace(on, interval=True, dependent=0.1)),
    ]
    with temporary_cluster() as cluster:
        rounds = variants.run_fresh(cluster, chosen, repeat)
    base = rounds["off"]
    rows = [
        [
            one.title,
            f"{one.seconds():.3f}",
            f"{(one.seconds() / base.seconds() - 1) * 100:+.0f} %",
            f"{one.cpu_program():.2f}",
            f"{one.cpu_server():.2f}",
            report.mb(one.wal()),
        ]
        for one in rounds.values()
    ]
    text = f"{calculations:,} calculations of {samples} samples, fresh minutes, median of {repeat}\n\n" + report.table(
        ("with", "seconds", "against nothing", "CPU s, program", "CPU s, server", "WAL MB"), rows
    )
    return text, {name: one.raw() for name, one in rounds.items()}
