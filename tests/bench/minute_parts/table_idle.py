"""What a run costs that has nothing, or little, to do."""

from __future__ import annotations

import re
import statistics
import subprocess
import sys
import time

from program import Workplace, clean_environment

from minute_parts import measure, report
from minute_parts.sqlite import SqlitePlant
from minute_parts.workload import Plant, Shape, stamp, temporary_cluster

FEW = 1000


def over_tcp(plant: Plant) -> dict[str, str]:
    """The environment of a connection by loopback and password, as a VM's would be."""
    plant.sql("ALTER ROLE postgres PASSWORD 'minute'")
    environment = clean_environment(**plant.cluster.environment)
    return {**environment, "PGHOST": "127.0.0.1", "PGPASSWORD": "minute"}


def idle_work(place: Workplace, environment: dict[str, str]) -> measure.Work:
    """A run for a minute that is settled."""
    command = place.command("run", "--at", stamp(60), "--log-level", "warning")
    return measure.Work([command], place.path, environment)


def repeated(title: str, calculations: int, work: measure.Work, repeat: int) -> measure.Rounds:
    """Measured at once, one after the other: nothing is changed by it."""
    one = measure.Rounds(title, calculations)
    measure.run(work)
    one.timed = [measure.timed(work) for _ in range(repeat)]
    one.watched = measure.watched(work)
    return one


def first_statement(repeat: int) -> measure.Rounds:
    """From exec to the first statement of a rule, in a run of one calculation; the rest of the run is not in it."""
    plant = SqlitePlant(Shape(1, 60, rule="bench.first"))
    one = measure.Rounds("first statement of a rule, SQLite", 1)
    try:
        for minute in range(repeat + 1):
            plant.fill(minute)
            command = plant.place.command("run", "--at", stamp(minute * 60 + 60))
            began = time.monotonic_ns()
            done = subprocess.run(
                command, cwd=plant.place.path, env=plant.place.environment, capture_output=True, text=True, check=True
            )
            said = re.search(r"first statement at (\d+)", done.stderr)
            if said is None:
                raise SystemExit(f"the rule said nothing: {done.stderr}")
            if minute > 0:
                one.timed.append(measure.Cost((int(said[1]) - began) / 1e9, 0.0))
    finally:
        plant.close()
    return one


def idle_table(million: int, samples: int, repeat: int) -> tuple[str, dict[str, object]]:
    """The Markdown, and the raw figures."""
    many: list[measure.Rounds] = []
    applied = {}
    with temporary_cluster() as cluster:
        plant = Plant(cluster, "many", Shape(million, samples))
        few = Plant(cluster, "few", Shape(FEW, samples))
        try:
            applied["PostgreSQL"] = plant.apply_seconds
            print(time.strftime("%H:%M:%S"), f"applied in {plant.apply_seconds:.1f} s", file=sys.stderr, flush=True)
            plant.sql(f"UPDATE local_processing.batch SET watermark = '{stamp(60)}'")
            socket = clean_environment(**cluster.environment)
            title = f"nothing due of {million:,}, PostgreSQL by"
            many.append(repeated(f"{title} socket", million, idle_work(plant.place, socket), repeat * 3))
            many.append(repeated(f"{title} TCP, password", million, idle_work(plant.place, over_tcp(plant)), repeat * 3))
            one = measure.Rounds(f"{FEW:,} computed, PostgreSQL", FEW)
            server = measure.Server(cluster)
            for minute in range(repeat + 2):
                few.fill(minute)
                work = few.work([few.run(minute)])
                if minute == 0:
                    measure.run(work)
                elif minute <= repeat:
                    one.timed.append(measure.timed(work, server))
                else:
                    one.watched = measure.watched(work, server)
            wrong = few.check(repeat + 2)
            if wrong:
                raise SystemExit(f"{one.title}: {wrong}")
            many.append(one)
        finally:
            plant.close()
            few.close()
    lite = SqlitePlant(Shape(million, samples))
    try:
        applied["SQLite"] = lite.apply_seconds
        lite.settle(1)
        work = idle_work(lite.place, lite.place.environment)
        many.append(repeated(f"nothing due of {million:,}, SQLite", million, work, repeat * 3))
    finally:
        lite.close()
    many.append(first_statement(repeat * 3))
    rows = [
        [
            one.title,
            f"{one.seconds() * 1e3:.1f}",
            f"{min(cost.seconds for cost in one.timed) * 1e3:.1f}",
            f"{max(cost.seconds for cost in one.timed) * 1e3:.1f}",
            f"{one.cpu_program() * 1e3:.1f}" if one.cpu_program() else "",
            report.mb(one.watched.peak_bytes) if one.watched else "",
        ]
        for one in many
    ]
    names = ", ".join(f"{seconds:.1f} s on {store}" for store, seconds in applied.items())
    count = statistics.median(len(one.timed) for one in many)
    text = f"exec to exit, median of {count:.0f}; `apply` of {million:,} definitions: {names}\n\n" + report.table(
        ("a run", "ms", "least", "most", "CPU ms", "peak MB"), rows
    )
    return text, {"apply_seconds": applied, **{one.title: one.raw() for one in many}}
