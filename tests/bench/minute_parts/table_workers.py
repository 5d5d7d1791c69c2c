"""Whether two workers do twice the work of one, and whether fetching, computing and committing go on at once."""

from __future__ import annotations

import statistics
from typing import Any

from minute_parts import report, variants
from minute_parts.workload import Shape, temporary_cluster


def stage(reports: list[dict[str, Any]], name: str) -> float:
    """Median of the seconds that the threads of a stage were busy."""
    return statistics.median(float(r[name]["seconds"]) for r in reports)


def workers_table(calculations: int, samples: int, repeat: int) -> tuple[str, dict[str, object]]:
    """The Markdown, and the raw figures."""
    chosen = [
        variants.Variant(
            f"{rule} {workers}",
            f"{what}, {workers} worker{'s' if workers > 1 else ''}",
            Shape(count, samples, rule=rule, noted=False),
            ("--workers", str(workers)),
        )
        for rule, what, count in (
            ("bench.heavy", "a rule of about a millisecond", max(calculations // 5, 1)),
            ("bench.mean_in", "mean with conversion", calculations),
        )
        for workers in (1, 2)
    ]
    with temporary_cluster() as cluster:
        rounds = variants.run_again(cluster, chosen, repeat)
    rows = []
    for variant in chosen:
        one = rounds[variant.name]
        reports = variants.reports_of(one)
        alone = rounds[variant.name[:-1] + "1"]
        wall = statistics.median(float(str(r["seconds"])) for r in reports)
        planning = statistics.median(float(str(r["planning_seconds"])) for r in reports)
        stages = [stage(reports, name) for name in ("fetch", "compute", "commit")]
        rows.append(
            [
                one.title,
                f"{one.calculations:,}",
                f"{one.seconds():.3f}",
                f"{alone.seconds() / one.seconds():.2f}",
                f"{wall:.3f}",
                f"{planning:.3f}",
                *(f"{seconds:.3f}" for seconds in stages),
                f"{sum(stages) / (wall - planning):.2f}",
            ]
        )
    text = (
        f"{samples} samples each; stages: seconds in which their threads were busy, out of the run's report; their sum "
        "over the time of all three says how many went on at once\n\n"
        + report.table(
            (
                "work",
                "calculations",
                "exec to exit s",
                "times 1 worker",
                "run s",
                "planning",
                "fetch",
                "compute",
                "commit",
                "at once",
            ),
            rows,
        )
    )
    return text, {name: one.raw() for name, one in rounds.items()}
