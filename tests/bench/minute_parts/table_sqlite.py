"""The minute on an SQLite file."""

from __future__ import annotations

from minute_parts import measure, report
from minute_parts.sqlite import SqlitePlant
from minute_parts.workload import Shape


def sqlite_table(calculations: int, samples: int, repeat: int) -> tuple[str, dict[str, object]]:
    """The Markdown, and the raw figures."""
    plant = SqlitePlant(Shape(calculations, samples))
    one = measure.Rounds(f"{calculations:,} of {samples} samples", calculations)
    reports = []
    try:
        for minute in range(repeat + 2):
            plant.fill(minute)
            work = plant.work(minute)
            if minute == 0:
                measure.run(work)
            elif minute <= repeat:
                one.timed.append(measure.timed(work))
                reports.append(work.output[0])
            else:
                one.watched = measure.watched(work)
            wrong = plant.check(minute)
            if wrong:
                raise SystemExit(f"SQLite, minute {minute}: {wrong}")
    finally:
        plant.close()
    assert one.watched is not None
    one.more["reports"] = reports
    text = f"fresh minutes, median of {repeat}\n\n" + report.table(
        ("SQLite", "seconds", "calculations/s", "CPU s", "peak MB", "apply s"),
        [
            [
                one.title,
                f"{one.seconds():.2f}",
                f"{calculations / one.seconds():,.0f}",
                f"{one.cpu_program():.2f}",
                report.mb(one.watched.peak_bytes),
                f"{plant.apply_seconds:.1f}",
            ]
        ],
    )
    return text, {"sqlite": one.raw()}
