"""The increase of a counter, as launcher/rules/series_counter.c computes it and explains it."""

from __future__ import annotations

import math
from typing import Any, List, Optional

_NEAR_ZERO, _BACK = 0.1, 0.9
_SAMPLES_MOST = 1000
_RISE = 8.9


class _Counter:
    def __init__(self, series: Any, modulus: float, tolerance: float, reset: float, glitch: int) -> None:
        self.series = series
        self.modulus, self.tolerance, self.reset, self.glitch = modulus, tolerance, reset, glitch
        self.values = series._good_values()
        self.past: Optional[List[float]] = None  # good values before the first one, the latest first

    def correct_fall(self, before: float, now: float) -> float:
        """Return what a fall adds to the difference; 0: it is no fall, or jitter."""
        if not now < before * self.reset or before - now <= self.tolerance or before <= 0:
            return 0.0
        return self.modulus if self.modulus > 0 else before

    def find_past(self) -> List[float]:
        past: List[float] = []
        series = self.series
        while series._earlier is not None and len(past) <= _SAMPLES_MOST:
            series = series._earlier
            values = series._values
            past.extend(values[index] for index in reversed(series._good_indices()))
        if series._previous is not None:
            past.append(series._previous[1])
        return past[: _SAMPLES_MOST + 1]

    def look_back(self, index: int, samples: int) -> Optional[float]:
        """Return the value that is so many samples before the one at index; None: there is none."""
        if samples <= index:
            return float(self.values[index - samples])
        if self.past is None:
            self.past = self.find_past()
        place = samples - index - 1
        return self.past[place] if place < len(self.past) else None

    def find_wrong(self, index: int) -> float:
        """Return what falls have added that were no resets, as the value at index shows."""
        now, wrong, added = self.values[index], 0.0, 0.0
        level = self.look_back(index, 1)
        if level is None:
            return wrong
        after = level
        for samples in range(2, self.glitch + 2):
            before = self.look_back(index, samples)
            if before is None:
                break
            added += self.correct_fall(before, after)
            if level < _NEAR_ZERO * before and self.correct_fall(before, level) > 0:
                if now < _BACK * before:
                    break
                wrong = added
                level = before
            after = before
        return wrong

    def count(self) -> float:
        values, previous = self.values, self.series._previous
        first = 0 if previous is not None else 1
        before = values[0] if previous is None else previous[1]
        parts = [-before]
        for index in range(first, len(values)):
            now = values[index]
            if now < before:
                parts.append(self.correct_fall(before, now))
            elif now > 0 and now > before * _RISE and self.glitch > 0:
                parts.append(-self.find_wrong(index))
            before = now
        parts.append(before)
        try:
            return math.fsum(parts)
        except OverflowError:
            return math.inf


def increase(series: Any, modulus: float, tolerance: float, reset: float, glitch: float) -> float:
    """Return how much a counter went up."""
    if not modulus >= 0 or not tolerance >= 0:
        raise ValueError("increase(): %s must not be negative" % ("tolerance" if modulus >= 0 else "modulus"))
    if not 0 <= reset <= 1:
        raise ValueError("increase(): reset is a share of the value before, from 0 to 1")
    if not (0 <= glitch <= _SAMPLES_MOST and glitch == round(glitch)):
        raise ValueError("increase(): glitch is a number of samples, from 0 to %d" % _SAMPLES_MOST)
    counter = _Counter(series, modulus, tolerance, reset, int(glitch))
    known = len(counter.values) + (series._previous is not None)
    if known <= 1 or len(counter.values) == 0:
        return math.nan
    return counter.count()
