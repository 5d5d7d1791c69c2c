"""Training: what rules do with columns of samples, over recorded data.

The columns are hours of weather from app/demo. Here they are arrays and
memory views, as a rule sees them through the buffer protocol; the profile of
the program itself (recipes/profile) adds its own Series.
"""

import csv
import math
from array import array
from pathlib import Path

DATA = Path(__file__).parents[2] / "app" / "demo" / "seattle-weather-hourly-normals.csv"


def read_columns() -> dict[str, array[float]]:
    """Return the recorded columns by name."""
    columns: dict[str, array[float]] = {name: array("d") for name in ("pressure", "temperature", "wind")}
    with DATA.open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            for name, column in columns.items():
                column.append(float(row[name]))
    return columns


COLUMNS = read_columns()
TIMES = array("q", (1_262_304_000_000_000 + step * 3_600_000_000 for step in range(len(COLUMNS["wind"]))))


class Window:
    """The half-open interval that a rule works for."""

    __slots__ = ("end", "start")

    def __init__(self, start: int, end: int) -> None:
        self.start = start
        self.end = end

    @property
    def seconds(self) -> float:
        """Return the length."""
        return (self.end - self.start) / 1e6


def mean(values: memoryview, window: Window) -> float | None:
    """Return the mean of the good samples."""
    good = [value for value in values if not math.isnan(value)]
    return math.fsum(good) / len(good) if good else None


def time_weighted_mean(values: memoryview, window: Window) -> float:
    """Return the mean weighted by the time that each value held."""
    total, before, last = 0.0, window.start, values[0]
    for index in range(len(values)):
        moment = TIMES[index % 60] - TIMES[0] + window.start
        total += last * (moment - before)
        before, last = moment, values[index]
    return (total + last * (window.end - before)) / (window.end - window.start)


def air_density(values: memoryview, window: Window, *, pressure: float = 1013.25, constant: float = 287.05) -> list[float]:
    """Return a column computed from a column and parameters."""
    return [pressure * 100.0 / (constant * (value + 273.15)) for value in values]


def wind_power(values: memoryview, window: Window, *, cut_in: float = 3.0, rated: float = 12.0) -> dict[str, float]:
    """Return several outputs by name."""
    energy, hours = 0.0, 0
    for value in values:
        if cut_in <= value < rated:
            energy += 2000.0 * ((value - cut_in) / (rated - cut_in)) ** 3
            hours += 1
        elif value >= rated:
            energy += 2000.0
    return {"energy": energy, "hours": float(hours), "share": hours / max(len(values), 1)}


def degree_days(values: memoryview, window: Window, *, base: float = 15.0) -> float:
    """Return how far it stayed below a base temperature."""
    return sum(max(base - value, 0.0) for value in values) / 24.0


def increase(values: memoryview, window: Window) -> float:
    """Return the increase of a counter with resets."""
    total, iterator = 0.0, iter(values)
    before = next(iterator)
    for value in iterator:
        total += value - before if value >= before else value
        before = value
    return total


def failing(values: memoryview, window: Window) -> float:
    """Fail, as a rule does where its input is missing."""
    return values[0] / (values[0] - values[0])


RULES = (mean, time_weighted_mean, air_density, wind_power, degree_days, increase, failing)


def minutes() -> float:
    """Run every rule over the windows of a few weeks, as batches do."""
    total = 0.0
    for column in COLUMNS.values():
        view = memoryview(column)
        for start in range(0, 60 * 40, 60):
            window = Window(TIMES[start], TIMES[start + 60])
            for rule in RULES:
                try:
                    result = rule(view[start : start + 60], window)
                except ZeroDivisionError as error:
                    total += len(str(error))
                    continue
                if isinstance(result, dict):
                    for name, value in result.items():
                        total += value + len(name)
                elif isinstance(result, list):
                    total += sum(result)
                elif result is not None:
                    total += result
    return total


def element_wise() -> float:
    """Whole columns against each other, with zip, slices and comprehensions."""
    temperature, wind = COLUMNS["temperature"][:2000], COLUMNS["wind"][:2000]
    felt = [
        13.12 + 0.6215 * t - 11.37 * (w * 3.6) ** 0.16 + 0.3965 * t * (w * 3.6) ** 0.16
        for t, w in zip(temperature, wind, strict=True)
    ]
    differences = [later - earlier for earlier, later in zip(felt, felt[1:])]
    peaks = [index for index in range(1, len(felt) - 1) if felt[index - 1] < felt[index] > felt[index + 1]]
    scaled = array("d", (value * 1.8 + 32.0 for value in temperature))
    return sum(differences) + len(peaks) + max(scaled) + any(value > 99 for value in scaled)
