"""Training: rules written the way people write them, sample by sample."""

import math
from collections import deque
from datetime import timedelta

from local_processing import Context, Series, Window, rule


@rule
def trimmed_mean(x: Series, *, share: float = 0.1) -> float | None:
    """Return the mean without the smallest and the largest samples."""
    values = sorted(value for value in x.values if not math.isnan(value))
    cut = int(len(values) * share)
    kept = values[cut : len(values) - cut]
    return math.fsum(kept) / len(kept) if kept else None


@rule
def longest_run(x: Series, window: Window, *, above: float = 0.0) -> float:
    """Return for how many seconds at a stretch the series stayed above a limit."""
    longest, since = timedelta(), None
    for sample in x:
        if sample.value > above:
            if since is None:
                since = sample.time
            longest = max(longest, sample.time - since)
        else:
            since = None
    return min(longest, window.duration).total_seconds()


@rule(outputs=("low", "high", "spread"))
def band(x: Series, *, width: int = 12) -> dict[str, float] | None:
    """Return the extremes of a moving mean, and how far they are apart."""
    window: deque[float] = deque(maxlen=width)
    low, high = math.inf, -math.inf
    for index in range(len(x)):
        window.append(x.values[index])
        moving = sum(window) / len(window)
        low, high = min(low, moving), max(high, moving)
    if low > high:
        return None
    return {"low": low, "high": high, "spread": high - low}


@rule
def smooth(x: Series, context: Context, *, alpha: float = 0.2) -> Series:
    """Return the series smoothed exponentially."""
    level, values = None, []
    for _, value, _quality in x:
        level = value if level is None else alpha * value + (1 - alpha) * level
        values.append(level)
    return Series(x.times, values, unit=x.unit, name=f"{context.calculation} smooth")


@rule
def fails_at_times(x: Series, window: Window) -> float:
    """Fail in every third minute, as rules over real plants do."""
    if window.start.minute % 3 == 0:
        raise ValueError(f"{x.name}: nothing to divide by in {window.start:%H:%M} of {len(x)} samples")
    return x.sum() / (len(x) or 1)
