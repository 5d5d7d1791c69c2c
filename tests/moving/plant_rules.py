"""The rules of the plant: what the batch calls for one window of one calculation.

A rule gets the good values of the window, their times, and the calculation's
parameters; of several tags, the first two are dicts by tag.  It returns a
number, or None where there is nothing to say.
"""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Any

log = logging.getLogger("plant_rules")

Params = dict[str, Any]


def mean_flow(values: list[float], times: list[datetime], params: Params) -> float | None:
    """Mean flow, in the unit of `factor`."""
    if len(values) < params.get("least", 1):
        return None
    return float(params.get("factor", 1.0) * sum(values) / len(values))


def level(values: list[float], times: list[datetime], params: Params) -> float:
    """Level in m of the last reading of a transmitter, 4 to 20 mA."""
    share = (values[-1] - 4.0) / 16.0
    return float(params["empty"] + share * (params["full"] - params["empty"]))


def energy(values: list[float], times: list[datetime], params: Params) -> float:
    """Energy in kWh of a power in kW: each reading holds until the next one, at most for `hold` seconds."""
    hold = params.get("hold", 120.0)
    total = 0.0
    for value, time, following in zip(values, times, times[1:], strict=False):
        total += value * min((following - time).total_seconds(), hold) / 3600.0
    return total


def counted(values: list[float], times: list[datetime], params: Params) -> float:
    """What a counter has counted; it begins anew at `modulus`."""
    total = 0.0
    for before, after in zip(values, values[1:], strict=False):
        step = after - before
        if step < 0:
            log.info("counter went from %g to %g", before, after)
            step += params["modulus"]
        total += step
    return total


def minutes_above(values: list[float], times: list[datetime], params: Params) -> float:
    """Readings above the limit, one a minute."""
    return float(sum(value > params["limit"] for value in values))


def total(values: dict[str, list[float]], times: dict[str, list[datetime]], params: Params) -> float | None:
    """Sum of the means of several tags; nothing where one has no reading."""
    if not all(values.values()):
        return None
    return sum(sum(of_tag) / len(of_tag) for of_tag in values.values())


def daily_sum(values: list[float], times: list[datetime], params: Params) -> float | None:
    """Sum of the hours of a day, as long as at most two are missing."""
    if len(values) < params.get("least", 22):
        return None
    return sum(values)


def daily_peak(values: list[float], times: list[datetime], params: Params) -> float:
    """Highest value of the day."""
    return max(values)
