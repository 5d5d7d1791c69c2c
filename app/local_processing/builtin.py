"""The built-in rules; their loops are in C, behind the methods of Series.

All of them leave missing samples (bad quality, NaN, infinite) out, and store
nothing (state no_data) where no good sample is left, unless they say otherwise.
"""

from _local_processing import Context, Series, scaled, unit_conversion

from local_processing._rule import rule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal


@rule
def mean(x: Series) -> float:
    """Arithmetic mean of the samples.

    sum(x) / count(x), in the unit of x. Each sample counts the same, however
    long it held: see `time_weighted_mean` for unevenly spaced ones.
    """
    return x.mean()


@rule
def sum(x: Series) -> float:  # noqa: A001
    """Sum of the samples, in the unit of x."""
    return x.sum()


@rule
def min(x: Series) -> float:  # noqa: A001
    """Least value, in the unit of x."""
    return x.min()


@rule
def max(x: Series) -> float:  # noqa: A001
    """Greatest value, in the unit of x."""
    return x.max()


@rule
def count(x: Series) -> int:
    """Number of good samples; 0 where there is none."""
    return x.count()


@rule
def first(x: Series) -> float:
    """First value of the window, in the unit of x."""
    return x.first()


@rule
def last(x: Series) -> float:
    """Last value of the window, in the unit of x."""
    return x.last()


@rule(lookback="hold")
def time_weighted_mean(
    x: Series, *, method: "Literal['step', 'linear']" = "step", hold: float | None = None
) -> float:
    """Mean of the samples, each weighted with the time it holds.

    integral of x dt / time covered, in the unit of x.

    Parameters
    ----------
    method : 'step' or 'linear'
        'step': a value holds until the next sample. 'linear': straight lines
        from sample to sample. The last value holds until the window's end. The
        last good sample before the window says what was at its start; without
        one, the time before the first sample is not covered.
    hold : float, optional
        Seconds that a value holds at most; if not given, 10 intervals of its
        series, or a day where that has none (it reports on change). Time beyond
        that is not covered, so that a dead sensor does not count as a steady
        one: the result's coverage is at most the share of the time covered.
    """
    return x.time_weighted_mean(method=method, hold=hold)


@rule(lookback="hold")
def integral(
    x: Series,
    *,
    per: "Literal['second', 'minute', 'hour', 'day']" = "hour",
    method: "Literal['step', 'linear']" = "step",
    hold: float | None = None,
) -> float:
    """Integral of the samples over time: energy of a power, volume of a flow.

    integral of x dt, in the unit of x times `per`: of kW per hour kWh, of l/s
    per second l.

    Parameters
    ----------
    per : 'second', 'minute', 'hour' or 'day'
        The unit of time.
    method, hold
        As of `time_weighted_mean`. Time that is not covered adds nothing.
    """
    return x.integral(per=per, method=method, hold=hold)


@rule(lookback="400 days")
def increase(
    x: Series, *, modulus: float | None = None, tolerance: float = 0.0, reset: float = 0.5, glitch: int = 1000
) -> float:
    """How much a counter went up in the window, resets, rollovers and wrong readings seen through.

    Sum of the differences between consecutive samples, the first one against
    the last good sample before the window (within the lookback), in the unit
    of x. Where there is none, counting begins with the window's first sample.
    Windows that follow each other add up to the whole.

    A fall to less than half of the value before is a reset: what the counter
    shows after it was counted since. A smaller one is jitter, or a correction,
    and counts as it is. Where a rise takes the counter from near 0 (below a
    tenth of the value before a fall) back to that value (nine tenths of it, or
    more), there was no reset, but a wrong reading, and counting goes on from
    the value before: 500, 0, 501 is 1.

    Parameters
    ----------
    modulus : float, optional
        Where the counter begins again at 0 (1e6 for six digits). A fall to less
        than half is then a rollover and counts `modulus` more.
    tolerance : float
        A fall of at most this much is jitter, however small the counter is.
    reset : float
        To less than which share of the value before a fall is a reset: 1 for
        every fall, 0 for none.
    glitch : int
        How many samples wrong readings last at most, up to 1000; 0: each reset
        is one. For counters that begin anew each day, and have few samples a day.
    """
    return x.increase(modulus=modulus, tolerance=tolerance, reset=reset, glitch=glitch)


@rule(lookback="366 days")
def difference(x: Series) -> float:
    """Last value minus the last good one before the window, in the unit of x.

    Where there is none before (within the lookback), minus the first one of the
    window. For levels and other quantities that go up and down, meters that run
    both ways among them; `increase` is for counters.
    """
    return x.difference()


@rule
def convert(
    x: Series,
    context: Context,
    *,
    scale: float = 1.0,
    offset: float = 0.0,
    from_unit: str | None = None,
    to_unit: str | None = None,
) -> Series:
    """Every sample in another unit, or scaled: x * scale + offset.

    Parameters
    ----------
    scale, offset : float
        Applied after the conversion of units.
    from_unit : str, optional
        Unit that the samples are in; the unit of the series, if not given.
    to_unit : str, optional
        Unit that they get; that of the output series, if not given. Without a
        unit on both sides, or with scale or offset and neither named, no unit
        is converted.

    Returns
    -------
    Series
        A sample for each good one, at its time and with its quality.
    """
    source = x.unit if from_unit is None else from_unit
    target = next(iter(context.units.values()), "") if to_unit is None else to_unit
    named = from_unit is not None or to_unit is not None
    if named or (scale == 1.0 and offset == 0.0):
        if named and not (source and target):
            raise ValueError(
                f"convert: the unit to convert {'from' if target else 'to'} is not known: "
                f"give the series its unit, or the parameter {'from_unit' if target else 'to_unit'}"
            )
        if source and target:
            factor, shift = unit_conversion(source, target)
            scale, offset = factor * scale, shift * scale + offset
    return scaled(x, scale, offset, target)
