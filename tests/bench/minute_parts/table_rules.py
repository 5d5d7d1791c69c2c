"""What a rule costs the program: CPU a calculation, for a built-in rule, one with a conversion, and plain Python."""

from __future__ import annotations

import statistics

from program import PROGRAM

from minute_parts import report, variants
from minute_parts.workload import Shape, temporary_cluster

RULES = {
    "mean": "`mean`, built in",
    "bench.mean_in": "`x.to(unit).mean()`",
    "bench.once": "ten lines of plain Python, once over the samples",
    "bench.plain": "ten lines of plain Python, twice over the samples",
}


def rules_table(calculations: int, samples: int, repeat: int, before: str = "") -> tuple[str, dict[str, object]]:
    """The Markdown, and the raw figures."""
    chosen = [
        variants.Variant(
            f"{rule}{which}",
            f"{title}{which}",
            Shape(calculations, samples, rule=rule, noted=False, program=program),
            ("--workers", "1"),
        )
        for rule, title in RULES.items()
        for which, program in (("", PROGRAM), (", before", before))
        if program
    ]
    with temporary_cluster() as cluster:
        rounds = variants.run_again(cluster, chosen, repeat)
    rows = []
    for one in rounds.values():
        in_rules = statistics.median(float(str(r["rule_seconds"])) for r in variants.reports_of(one))
        rows.append(
            [
                one.title,
                f"{one.cpu_program() / calculations * 1e6:.1f}",
                f"{in_rules / calculations * 1e6:.1f}",
                f"{one.seconds() / calculations * 1e6:.1f}",
            ]
        )
    text = f"{calculations:,} calculations of {samples} samples, 1 worker, microseconds a calculation\n\n" + report.table(
        ("rule", "CPU of the program", "elapsed in the rule", "elapsed"), rows
    )
    return text, {name: one.raw() for name, one in rounds.items()}
