"""Variants of this program's own work, in turns: over a fresh minute each round, or over one minute again and again."""

from __future__ import annotations

import contextlib
import dataclasses
import json
from collections.abc import Iterator, Sequence

from program import Cluster

from minute_parts import measure
from minute_parts.workload import Plant, Shape


@dataclasses.dataclass(frozen=True)
class Variant:
    """A shape of work, and the options with which the program runs over it."""

    name: str
    title: str
    shape: Shape
    options: tuple[str, ...] = ()


@contextlib.contextmanager
def plants_of(cluster: Cluster, shapes: Sequence[Shape]) -> Iterator[dict[Shape, Plant]]:
    """A database for each different shape."""
    plants: dict[Shape, Plant] = {}
    try:
        for shape in shapes:
            if shape not in plants:
                plants[shape] = Plant(cluster, f"plant{len(plants)}", shape)
        yield plants
    finally:
        for plant in plants.values():
            plant.close()


def take_report(rounds: measure.Rounds, work: measure.Work) -> None:
    """Keep the run's own report."""
    reports = rounds.more.setdefault("reports", [])
    assert isinstance(reports, list)
    reports.append(json.loads(work.output[0]))


def reports_of(rounds: measure.Rounds) -> list[dict[str, object]]:
    """The runs' own reports."""
    reports = rounds.more.get("reports", [])
    assert isinstance(reports, list)
    return reports


def run_fresh(cluster: Cluster, variants: Sequence[Variant], repeat: int) -> dict[str, measure.Rounds]:
    """Each round a minute that has just been written; the first warms up."""
    server = measure.Server(cluster)
    rounds = {v.name: measure.Rounds(v.title, v.shape.calculations) for v in variants}
    with plants_of(cluster, [v.shape for v in variants]) as plants:
        if len(plants) != len(variants):
            raise ValueError("variants of one shape cannot have a fresh minute each")
        for minute in range(repeat + 1):
            turn = minute % len(variants)
            for variant in [*variants[turn:], *variants[:turn]]:
                plant = plants[variant.shape]
                cluster.sql("CHECKPOINT")
                plant.fill(minute)
                work = plant.work([plant.run(minute, "--json", *variant.options)], keep_output=True)
                cost = measure.timed(work, server)
                if minute == 0:
                    plant.sql("ANALYZE")
                else:
                    rounds[variant.name].timed.append(cost)
                    take_report(rounds[variant.name], work)
        for shape, plant in plants.items():
            require(plant.check(repeat + 1) or plant.check_state_arrays(repeat + 1), str(shape))
    return rounds


def run_again(cluster: Cluster, variants: Sequence[Variant], repeat: int) -> dict[str, measure.Rounds]:
    """One minute, filled once and computed again and again: for what the server's part does not matter to."""
    server = measure.Server(cluster)
    rounds = {v.name: measure.Rounds(v.title, v.shape.calculations) for v in variants}
    with plants_of(cluster, [v.shape for v in variants]) as plants:
        for plant in plants.values():
            plant.fill(0)
        for number in range(repeat + 1):
            turn = number % len(variants)
            for variant in [*variants[turn:], *variants[:turn]]:
                plant = plants[variant.shape]
                plant.again()
                cluster.sql("CHECKPOINT")
                work = plant.work([plant.run(0, "--json", *variant.options)], keep_output=True)
                cost = measure.timed(work, server)
                if number > 0:
                    rounds[variant.name].timed.append(cost)
                    take_report(rounds[variant.name], work)
        for shape, plant in plants.items():
            require(plant.check(1) or plant.check_state_arrays(1), str(shape))
    return rounds


def require(wrong: str, who: str) -> None:
    """End where something is wrong."""
    if wrong:
        raise SystemExit(f"{who}: {wrong}")
