"""The main table: what a minute costs, by whoever computes it."""

from __future__ import annotations

import dataclasses
import os
import pathlib
import subprocess
import sys
from collections.abc import Callable

from program import PROGRAM

from minute_parts import measure, report
from minute_parts.workload import PYTHON, Plant, Shape, stamp, temporary_cluster

HERE = pathlib.Path(__file__).resolve().parent


@dataclasses.dataclass(frozen=True)
class Contestant:
    """Who computes, how it is started, and how it keeps states."""

    name: str
    title: str
    commands: Callable[[Plant, int], list[list[str]]]
    arrays: bool  # states as rows of arrays, else a row a calculation
    needs: str = ""  # a module of Debian's python3
    program: str = PROGRAM  # of the plant
    rule: str = "bench.mean_in"


def cores() -> int:
    """Cores that this machine lets us have."""
    return len(os.sched_getaffinity(0))


def ours(workers: int) -> Callable[[Plant, int], list[list[str]]]:
    """This program."""
    return lambda plant, minute: [plant.run(minute, "--workers", str(workers))]


def python(script: str, *arguments: str) -> Callable[[Plant, int], list[list[str]]]:
    """A program of Debian's python3 beside this file."""
    return lambda _, minute: [
        [PYTHON, str(HERE / script), *arguments, stamp(minute * 60), stamp(minute * 60 + 60)]
    ]


def sql(script: str, sessions: int) -> Callable[[Plant, int], list[list[str]]]:
    """psql, once a session."""
    return lambda _, minute: [
        ["psql", "-X", "-q", "-f", str(HERE / script), "-v", f"start={stamp(minute * 60)}",
         "-v", f"end={stamp(minute * 60 + 60)}", "-v", f"sessions={sessions}", "-v", f"session={session}"]
        for session in range(sessions)
    ]  # fmt: skip


def contestants(processes: int, threads: int, before: str) -> list[Contestant]:
    """All of them, in the order of the table."""
    n = cores()
    earlier = [
        Contestant(f"ours_before{w}", f"the program before, {w} worker{'s' if w > 1 else ''}", ours(w), True, program=before)
        for w in (1, 2)
        if before
    ]
    return [
        Contestant("ours1", "this program, 1 worker", ours(1), True),
        Contestant("ours2", "this program, 2 workers", ours(2), True),
        *earlier,
        Contestant("processes", f"ordinary Python, {processes} processes",
                   python("ordinary.py", "processes", str(processes)), False, "psycopg2"),
        Contestant("threads", f"ordinary Python, {threads} threads",
                   python("ordinary.py", "threads", str(threads)), False, "psycopg2"),
        Contestant("tuned", f"tuned Python, {n} processes", python("tuned.py", str(n)), True, "asyncpg"),
        Contestant("sql_arrays", f"SQL alone, {n} sessions, states as here", sql("sql_arrays.sql", n), True),
        Contestant("sql_rows", f"SQL alone, {n} sessions, a row a state", sql("sql_rows.sql", n), False),
    ]  # fmt: skip


def has(module: str) -> bool:
    """Whether Debian's python3 has a module."""
    try:
        done = subprocess.run([PYTHON, "-c", f"import {module}"], capture_output=True, check=False)
    except OSError:
        return False
    return done.returncode == 0


@dataclasses.dataclass(frozen=True)
class Options:
    """Of the command line."""

    calculations: int
    samples: int
    repeat: int
    processes: int
    threads: int
    before: str = ""  # an older program, as a contestant
    watch: bool = True


def measure_all(options: Options, everybody: list[Contestant]) -> dict[str, measure.Rounds]:
    """The rounds: one to warm up, those that count, one that is watched."""
    chosen = []
    for contestant in everybody:
        if contestant.needs and not has(contestant.needs):
            print(f"without {contestant.title}: it needs Debian's python3-{contestant.needs}", file=sys.stderr)
        else:
            chosen.append(contestant)
    rounds = {c.name: measure.Rounds(c.title, options.calculations) for c in chosen}
    with temporary_cluster() as cluster:
        server = measure.Server(cluster)
        plants = {
            c.name: Plant(
                cluster,
                c.name,
                Shape(
                    options.calculations,
                    options.samples,
                    rule=c.rule,
                    noted=c.name.startswith("ours"),
                    program=c.program,
                ),
            )
            for c in chosen
        }
        try:
            minutes = options.repeat + 1 + options.watch
            for minute in range(minutes):
                # Each round begins with another one, so that nobody always comes behind the same.
                turn = minute % len(chosen)
                for contestant in chosen[turn:] + chosen[:turn]:
                    plant = plants[contestant.name]
                    cluster.sql("CHECKPOINT")
                    plant.fill(minute)
                    work = plant.work(contestant.commands(plant, minute))
                    if minute == 0:
                        # As a server that has seen minutes before: statistics, but nothing vacuumed.
                        measure.run(work)
                        plant.sql("ANALYZE")
                    elif minute <= options.repeat:
                        rounds[contestant.name].timed.append(measure.timed(work, server))
                    else:
                        rounds[contestant.name].watched = measure.watched(work, server)
            for contestant in chosen:
                plant = plants[contestant.name]
                wrong = plant.check(minutes) or (
                    plant.check_state_arrays(minutes) if contestant.arrays else plant.check_state_rows(minutes)
                )
                if wrong:
                    raise SystemExit(f"{contestant.title}: {wrong}")
                rounds[contestant.name].more["checked"] = True
                rounds[contestant.name].more["results"] = minutes * options.calculations
        finally:
            for plant in plants.values():
                plant.close()
    return rounds


def main_table(options: Options) -> tuple[str, dict[str, object]]:
    """The Markdown, and the raw figures."""
    rounds = measure_all(options, contestants(options.processes, options.threads, options.before))
    slowest = max(one.seconds() for one in rounds.values())
    rows = []
    for one in rounds.values():
        watched = one.watched
        rows.append(
            [
                one.title,
                f"{one.seconds():.3f}",
                f"{one.calculations / one.seconds():,.0f}",
                f"{slowest / one.seconds():.1f}",
                f"{one.cpu_program():.2f}",
                f"{one.cpu_server():.2f}",
                report.mb(watched.peak_bytes) if watched else "",
                report.mb(one.wal()),
                report.mb(watched.page_bytes) if watched else "",
            ]
        )
    text = (
        f"{options.calculations:,} calculations of {options.samples:,} samples (mean, W to kW), whole processes from "
        f"exec to exit, median of {options.repeat} interleaved rounds\n\n"
        + report.table(
            (
                "a minute",
                "seconds",
                "calculations/s",
                "ratio",
                "CPU s, program",
                "CPU s, server",
                "peak MB, program",
                "WAL MB",
                "data MB",
            ),
            rows,
        )
    )
    return text, {name: one.raw() for name, one in rounds.items()}
