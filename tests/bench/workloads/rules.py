"""Rules in pure Python over recorded columns.

The first two are build/training's: what ours was trained with. The others are
rules as plants have them, and are in no training.
"""

from __future__ import annotations

import __future__

import bisect
import math
import pathlib
import statistics
import types
from array import array
from collections.abc import Callable
from typing import Any

Work = Callable[[int], object]


def load_training() -> Any:
    """The training's rules; annotations stay text, because arrays have no [] before Python 3.12."""
    path = pathlib.Path(__file__).resolve().parents[3] / "build" / "training" / "rules.py"
    module = types.ModuleType("trained_rules")
    module.__file__ = str(path)
    code = compile(path.read_text(encoding="utf-8"), path, "exec", flags=__future__.annotations.compiler_flag)
    exec(code, module.__dict__)
    return module


trained = load_training()
COLUMNS: dict[str, array[float]] = trained.COLUMNS
HOURS = len(COLUMNS["wind"])


def trained_minutes(loops: int) -> float:
    """The training's rules over windows of 60 samples."""
    return sum(float(trained.minutes()) for _ in range(loops))


def trained_columns(loops: int) -> float:
    """The training's whole columns against each other."""
    return sum(float(trained.element_wise()) for _ in range(loops))


def dew_points(loops: int) -> float:
    """A formula of several inputs, sample by sample (Magnus)."""
    temperatures, pressures = COLUMNS["temperature"], COLUMNS["pressure"]
    total = 0.0
    for number in range(loops):
        start = number * 60 % (HOURS - 60)
        for index in range(start, start + 60):
            temperature = temperatures[index]
            humidity = min(100.0, max(5.0, 1100.0 - pressures[index]))
            gamma = math.log(humidity / 100.0) + 17.62 * temperature / (243.12 + temperature)
            total += 243.12 * gamma / (17.62 - gamma)
    return total


class Pump:
    """What a rule keeps about a machine."""

    def __init__(self, name: str, rated: float, curve: list[tuple[float, float]]) -> None:
        self.name = name
        self.rated = rated
        self.flows = [flow for flow, _ in curve]
        self.heads = [head for _, head in curve]

    def head(self, flow: float) -> float:
        """Interpolate in the curve of the maker."""
        right = bisect.bisect_right(self.flows, flow)
        if right == 0:
            return self.heads[0]
        if right == len(self.flows):
            return self.heads[-1]
        share = (flow - self.flows[right - 1]) / (self.flows[right] - self.flows[right - 1])
        return self.heads[right - 1] + share * (self.heads[right] - self.heads[right - 1])


def pump_efficiency(loops: int) -> float:
    """Hydraulic over electric power, by a curve."""
    pump = Pump("p1", 30.0, [(0.0, 40.0), (2.0, 38.0), (4.0, 33.0), (6.0, 24.0), (9.0, 8.0)])
    wind = COLUMNS["wind"]
    results = 0.0
    for number in range(loops):
        start = number * 60 % (HOURS - 60)
        hydraulic = electric = 0.0
        for value in memoryview(wind)[start : start + 60]:
            if value <= 0.5:
                continue
            hydraulic += 998.0 * 9.80665 * pump.head(value) * value / 3600.0
            electric += min(pump.rated, 2.0 + 3.0 * value) * 1000.0
        if electric > 0.0:
            results += hydraulic / electric
    return results


def outliers(loops: int) -> float:
    """Median and its deviation, what lies outside left out, the rest averaged."""
    column = COLUMNS["pressure"]
    total = 0.0
    for number in range(loops):
        start = number * 60 % (HOURS - 60)
        values = list(column[start : start + 60])
        middle = statistics.median(values)
        spread = statistics.median(abs(value - middle) for value in values) or 1.0
        kept = [value for value in values if abs(value - middle) <= 2.5 * spread]
        total += statistics.fmean(kept)
    return total


def smoothing(loops: int) -> float:
    """Exponential smoothing, with gaps and a limit to the rate of change."""
    column = COLUMNS["temperature"]
    state = column[0]
    for number in range(loops):
        start = number * 120 % (HOURS - 120)
        previous = None
        for index, value in enumerate(column[start : start + 120]):
            if index % 17 == 0:
                previous = None
                continue
            if previous is not None and abs(value - previous) > 5.0:
                value = previous + math.copysign(5.0, value - previous)
            state += 0.2 * (value - state)
            previous = value
    return state


def by_hour_of_day(loops: int) -> float:
    """A day's profile: sums and counts in dictionaries, several outputs by name."""
    wind, temperature = COLUMNS["wind"], COLUMNS["temperature"]
    total = 0.0
    for number in range(loops):
        start = number * 24 % (HOURS - 240)
        sums: dict[int, float] = {}
        counts: dict[int, int] = {}
        for index in range(start, start + 240):
            hour = index % 24
            sums[hour] = sums.get(hour, 0.0) + wind[index] * 0.1 + temperature[index]
            counts[hour] = counts.get(hour, 0) + 1
        outputs = {f"hour_{hour:02d}": sums[hour] / counts[hour] for hour in sorted(sums)}
        total += outputs["hour_07"] + max(outputs.values())
    return total


def states_of_a_machine(loops: int) -> int:
    """Starts, stops and running hours from a level, by a state machine."""
    column = COLUMNS["wind"]
    starts = hours = 0
    for number in range(loops):
        state, since = "off", 0
        begin = number * 200 % (HOURS - 200)
        for index in range(begin, begin + 200):
            value = column[index]
            if state == "off":
                if value > 4.0:
                    state, since = "starting", index
            elif state == "starting":
                if value < 3.5:
                    state = "off"
                elif index - since >= 2:
                    state = "on"
                    starts += 1
            else:
                hours += 1
                if value < 3.0:
                    state = "off"
    return starts * 1000 + hours


BENCHMARKS: dict[str, tuple[Work, int]] = {
    "trained: minutes": (trained_minutes, 5),
    "trained: columns": (trained_columns, 50),
    "dew points": (dew_points, 1400),
    "pump efficiency": (pump_efficiency, 1200),
    "outliers": (outliers, 2300),
    "smoothing": (smoothing, 3000),
    "by hour of day": (by_hour_of_day, 600),
    "states of a machine": (states_of_a_machine, 2900),
}
