"""What rules with NumPy and pandas cost, in an interpreter of the user's, beside the built-in one and a tuned batch."""

from __future__ import annotations

from minute_parts import measure, report
from minute_parts.table_main import Contestant, Options, cores, measure_all, ours, python


def contestants() -> list[Contestant]:
    """All of them, in the order of the table; one worker, so that the difference is that of a call."""
    rules = {
        "mean": "built in: `mean`",
        "bench.once": "built in: ten lines of plain Python",
        "yours.plain": "yours: `x.mean()`",
        "yours.array": "yours: `np.asarray(x).mean()`",
        "yours.frame": "yours: `x.to_pandas().mean()`",
    }
    return [
        *(
            Contestant(f"ours_{rule.replace('.', '_')}", title, ours(1), True, "pandas", rule=rule)
            for rule, title in rules.items()
        ),
        Contestant("tuned", f"tuned Python, {cores()} processes", python("tuned.py", str(cores())), True, "asyncpg"),
    ]


def numpy_table(calculations: int, samples: int, repeat: int) -> tuple[str, dict[str, object]]:
    """The Markdown, and the raw figures."""
    rounds = measure_all(Options(calculations, samples, repeat, 1, 1, watch=False), contestants())

    def cpu(one: measure.Rounds) -> float:
        return one.cpu_program() / calculations * 1e6

    least = cpu(rounds["ours_mean"])
    rows = [
        [one.title, f"{one.seconds():.3f}", f"{calculations / one.seconds():,.0f}", f"{cpu(one):.1f}", f"{cpu(one) - least:+.1f}"]
        for one in rounds.values()
    ]
    text = (
        f"{calculations:,} calculations of {samples} samples, 1 worker, whole processes from exec to exit, median of "
        f"{repeat} interleaved rounds; microseconds of CPU a calculation include the start of the interpreters and the "
        "import of their packages\n\n"
        + report.table(("rule", "seconds", "calculations/s", "CPU us", "beyond `mean`"), rows)
    )
    return text, {name: one.raw() for name, one in rounds.items()}
