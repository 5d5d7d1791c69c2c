"""Series, the samples of an input as a rule sees them, in Python.

It gives the same results and the same messages as the Series of the built-in
interpreter (launcher/rules/series*.c, whose comments say why each thing is as it
is). Besides, it gives its columns to NumPy and pandas.
"""

from __future__ import annotations

import array
import datetime
import gc
import importlib
import math
import operator
import sys
import weakref
from bisect import bisect_left
from collections.abc import Sequence
from types import MappingProxyType
from typing import Any, Callable, Dict, Iterator, List, Mapping, Optional, Tuple

from your_python import units
from your_python.numpy_calls import NumpyCalls
from your_python.operations import (
    ABSOLUTE,
    ADD,
    Area,
    BY,
    DIVIDE,
    EQUAL,
    FLOOR,
    GREATER,
    GREATER_EQUAL,
    LESS,
    LESS_EQUAL,
    METHODS,
    MULTIPLY,
    NEGATE,
    NOT_EQUAL,
    Operation,
    PERS,
    PER_MICROSECONDS,
    PLUS,
    POWER,
    REMAINDER,
    SUBTRACT,
    TIMES,
    fsum,
    hold_microseconds,
    keyword,
    zeros_with_number,
    zeros_with_series,
)
from your_python.values import (
    BAD,
    EMPTY,
    GOOD,
    TIME_MAX,
    TIME_MIN,
    UTC,
    Sample,
    Window,
    real,
    sample_of,
    time_of,
    time_text,
    window_of,
)

NAN = math.nan
_DAY = 86400000000
_HELD_INTERVALS = 10

_Previous = Optional[Tuple[int, float, int]]
_isfinite = math.isfinite


class Coverage:
    """The share of its window that the call under way knew a value for."""

    share = 1.0


def _lower_coverage(share: float) -> None:
    if share < Coverage.share:
        Coverage.share = share


def _hold(interval: int) -> int:
    return _DAY if interval <= 0 else interval * _HELD_INTERVALS


class _Walk:
    """A walk through the good samples of a Series, from the one before its window on."""

    def __init__(self, series: "Series", hold: float) -> None:
        self.series = series
        self.hold = hold  # microseconds that a value holds; negative: as _holds() says
        self.next = 0
        self.known = series._previous is not None
        self.last: Tuple[int, float, int] = series._previous or (0, NAN, GOOD)

    def copy(self) -> "_Walk":
        other = _Walk(self.series, self.hold)
        other.next, other.known, other.last = self.next, self.known, self.last
        return other

    def to(self, time: int) -> bool:
        """Go to the last good sample at or before time; times must ascend. False: no value is known there."""
        series = self.series
        times, values, qualities = series._times, series._values, series._qualities
        while self.next < len(times) and times[self.next] <= time:
            index = self.next
            self.next += 1
            quality = GOOD if qualities is None else qualities[index]
            if not _isfinite(values[index]) or quality == BAD:
                self.known = self.known and series._no_samples is None
                continue
            self.known = True
            self.last = (times[index], values[index], quality)
        if not self.known or self.last[0] > time:
            return False
        if self.hold < 0:
            return series._holds(self.last[0], time)
        return time - self.last[0] <= self.hold


class _Final(type(Sequence)):  # type: ignore[misc]
    """Makes a class that has no others below it."""

    def __new__(mcs, name: str, bases: Tuple[type, ...], namespace: Dict[str, Any]) -> Any:
        if any(isinstance(base, _Final) for base in bases):
            raise TypeError("type 'local_processing.Series' is not an acceptable base type")
        return super().__new__(mcs, name, bases, namespace)


class Series(NumpyCalls, metaclass=_Final):
    """Samples of one measured or computed quantity, ascending in time; it never changes.

    A sequence of Sample, an array for NumPy, and a number for arithmetic and
    comparisons. Missing samples (bad quality, NaN, infinite) stay missing in
    arithmetic, and are left out of mean() and all that make one number of many.
    """

    __slots__ = (
        "_times",
        "_values",
        "_qualities",
        "_missing",
        "_interval",
        "_no_samples",
        "_window",
        "_previous",
        "_zeros",
        "_scaled",
        "_origin",
        "_earlier",
        "_name",
        "_unit",
        "_attributes",
    )
    _times: Any
    _values: Any
    _qualities: Any
    _missing: int
    _interval: int
    _no_samples: Optional[str]
    _window: Optional[Window]
    _previous: _Previous
    _zeros: float
    _scaled: bool
    _origin: Optional["Series"]
    _earlier: Optional["Series"]
    _name: str
    _unit: str
    _attributes: Any

    __hash__ = None  # type: ignore[assignment]
    # There is no __buffer__: NumPy would prefer it to __array__, and take bad samples for good ones.

    def __new__(
        cls,
        times: Any,
        values: Any,
        qualities: Any = None,
        *,
        unit: str = "",
        name: str = "",
        attributes: Optional[Mapping[str, Any]] = None,
        window: Optional[Window] = None,
        previous: Any = None
    ) -> "Series":
        """Make one of sequences or buffers."""
        for what, text in (("unit", unit), ("name", name)):
            if not isinstance(text, str):
                raise TypeError("%s must be str, not %s" % (what, type(text).__name__))
        count, value_count = len(times), len(values)
        if count != value_count:
            raise ValueError("there are %d times and %d values" % (count, value_count))
        if qualities is not None and len(qualities) != count:
            raise ValueError("there are %d times and %d qualities" % (count, len(qualities)))
        series = _allocate(
            _times_of(times, count),
            _column("d", values, count, _number_of, "values"),
            None if qualities is None else _qualities_of(qualities, count),
        )
        series._take_previous(previous)
        series._take_window(window)
        series._unit = unit
        unit.encode("utf-8")
        if units.is_difference(unit):
            series._zeros = 0.0
        series._name = name
        if attributes is not None:
            series._attributes = MappingProxyType(attributes)
        return series

    def _take_previous(self, previous: Any) -> None:
        if previous is None:
            return
        if type(previous) is Series:
            self._take_earlier(previous)
        elif isinstance(previous, tuple) and len(previous) == 3:
            time, value, quality = time_of(previous[0], "previous.time"), real(previous[1]), previous[2]
            if _isfinite(value) and 0 <= quality != BAD:
                self._previous = (time, value, int(quality))
        else:
            raise TypeError("previous must be a Sample, a Series or None, not %s" % type(previous).__name__)
        if self._previous is not None and len(self._times) > 0 and self._previous[0] >= self._times[0]:
            raise ValueError("previous must be before the first sample")

    def _take_earlier(self, earlier: "Series") -> None:
        self._previous = None
        for index in reversed(range(len(earlier._times))):
            if not earlier._is_missing(index):
                self._previous = earlier._sample(index)
                break
        self._earlier = earlier

    def _take_window(self, window: Any) -> None:
        if window is None:
            return
        if type(window) is not Window:
            raise TypeError("window must be a Window or None, not %s" % type(window).__name__)
        self._window = window
        if self._previous is not None and self._previous[0] >= window._start:
            raise ValueError("previous must be before the window")
        times = self._times
        if len(times) > 0 and (times[0] < window._start or times[-1] >= window._end):
            raise ValueError("the times must lie in the window")

    # What it is.

    def _sample(self, index: int) -> Tuple[int, float, int]:
        quality = GOOD if self._qualities is None else self._qualities[index]
        return (self._times[index], self._values[index], quality)

    def _is_missing(self, index: int) -> bool:
        return not _isfinite(self._values[index]) or (self._qualities is not None and self._qualities[index] == BAD)

    def _need_samples(self) -> None:
        if self._no_samples is not None:
            raise ValueError(self._no_samples)

    def _count_missing(self) -> int:
        if self._missing < 0:
            values, qualities = self._values, self._qualities
            if qualities is None:
                # A finite sum has finite parts; one that is not may have left the range of a float on its way.
                total = sum(values)
                self._missing = 0 if _isfinite(total) else sum(1 for value in values if not _isfinite(value))
            else:
                self._missing = sum(
                    1 for value, quality in zip(values, qualities) if not _isfinite(value) or quality == BAD
                )
        return self._missing

    def _good_indices(self) -> Any:
        if self._count_missing() == 0:
            return range(len(self._times))
        return [index for index in range(len(self._times)) if not self._is_missing(index)]

    def _good_values(self) -> Any:
        self._need_samples()
        if self._count_missing() == 0:
            return self._values
        values = self._values
        return [values[index] for index in self._good_indices()]

    @property
    def values(self) -> memoryview:
        """The values as a memoryview of doubles ('d')."""
        self._need_samples()
        return _kept(self._values, "d")

    @property
    def times(self) -> memoryview:
        """The times as a memoryview of microseconds since 1970, UTC ('q')."""
        self._need_samples()
        return _kept(self._times, "q")

    @property
    def qualities(self) -> memoryview:
        """The qualities as a memoryview of bytes ('B')."""
        self._need_samples()
        return memoryview(bytes(len(self._times))) if self._qualities is None else _kept(self._qualities, "B")

    @property
    def name(self) -> str:
        """Name of the series, '' where it has none."""
        return self._name

    @property
    def unit(self) -> str:
        """Unit of the values, '' where it is not known."""
        if self._zeros == 1 or not units.has_zero(self._unit):
            return self._unit
        return "delta_" + self._unit if self._zeros == 0 else ""

    @property
    def attributes(self) -> Mapping[str, Any]:
        """What is known about the series, a read-only mapping."""
        if isinstance(self._attributes, str):
            from local_processing import _json

            self._attributes = MappingProxyType(_json.parse(self._attributes))  # type: ignore[arg-type]
        return self._attributes  # type: ignore[no-any-return]

    @property
    def window(self) -> Optional[Window]:
        """The Window that it covers, or None."""
        return self._window

    @property
    def previous(self) -> Optional[Sample]:
        """The last good Sample before the window, within the lookback, or None."""
        return None if self._previous is None else sample_of(*self._previous)

    def __repr__(self) -> str:
        """Show name, unit, times and some values."""
        count, times = len(self._times), self._times
        text = "%d sample%s" % (count, "" if count == 1 else "s")
        if count > 0:
            text += ", " + time_text(times[0])
        if count > 1:
            text += " ... " + time_text(times[count - 1])
        if self._count_missing() > 0:
            text += ", %d missing" % self._count_missing()
        shown = [repr(value) for value in self._values]
        if count > 5:
            shown = shown[:3] + ["..."] + shown[-2:]
        if shown:
            text += ": " + ", ".join(shown)
        unit = self.unit
        return "<Series%s%s, %s>" % (
            " '%s'" % self._name if self._name else "",
            " [%s]" % unit if unit else "",
            text,
        )

    def __bool__(self) -> bool:
        """Refuse: which of several questions is meant?"""
        raise TypeError(
            "whether a Series is true is not defined: ask len(series), series.count(), series.any() or series.all()"
        )

    def __copy__(self) -> "Series":
        """Return itself, since it never changes."""
        return self

    def __deepcopy__(self, memo: Any) -> "Series":
        """Return itself, since it never changes."""
        return self

    # As a sequence.

    def __len__(self) -> int:
        """Return how many samples there are."""
        self._need_samples()
        return len(self._times)

    def __getitem__(self, key: Any) -> Any:
        """Return a Sample, or a Series of some of them."""
        self._need_samples()
        count = len(self._times)
        if not isinstance(key, slice):
            index = operator.index(key)
            index += count if index < 0 else 0
            if not 0 <= index < count:
                raise IndexError("the Series has %d samples" % count)
            return sample_of(*self._sample(index))
        first, end, step = key.indices(count)
        if step < 0:
            raise ValueError("a Series ascends in time: use reversed(series) to go through it backwards")
        chosen = range(first, end, step)
        if step == 1:
            part = self._view(first, len(chosen))
        else:
            part = self._of(chosen)
            part._origin = _whole(self)
        if len(chosen) != count:
            part._window = part._previous = part._earlier = None
        return part

    def __iter__(self) -> Iterator[Sample]:
        """Go through the samples."""
        self._need_samples()
        return iter([sample_of(*self._sample(index)) for index in range(len(self._times))])

    def __reversed__(self) -> Iterator[Sample]:
        """Go through the samples backwards."""
        return reversed(list(self))

    def __contains__(self, item: Any) -> bool:
        """Return whether a Sample is one of them."""
        return any(sample is item or sample == item for sample in self)

    def index(self, item: Any, start: int = 0, stop: Optional[int] = None) -> int:
        """Return the place of a Sample."""
        return list(self).index(item, start, len(self) if stop is None else stop)

    def _describe(self, like: "Series") -> None:
        self._window = like._window
        self._interval = like._interval
        self._previous = like._previous
        self._zeros = like._zeros
        self._scaled = like._scaled
        if self._no_samples is None:
            self._no_samples = like._no_samples
        if self._origin is None:
            self._origin = like._origin
        self._earlier = like._earlier
        self._name = like._name
        self._unit = like._unit
        self._attributes = like._attributes

    def _view(self, first: int, count: int) -> "Series":
        qualities = self._qualities
        end = first + count
        view = _allocate(
            _part(self._times, first, end),
            _part(self._values, first, end),
            None if qualities is None else _part(qualities, first, end),
        )
        if self._missing == 0:
            view._missing = 0
        if count != len(self._times):
            view._origin = _whole(self)
        view._describe(self)
        return view

    def _of(self, indices: Any) -> "Series":
        """Return a Series of the samples at these places."""
        qualities = self._qualities
        some = _allocate(
            array.array("q", [self._times[index] for index in indices]),
            array.array("d", [self._values[index] for index in indices]),
            None if qualities is None else bytes([qualities[index] for index in indices]),
        )
        some._describe(self)
        return some

    def _holds(self, last: int, time: int) -> bool:
        return self._no_samples is not None or time - last <= _hold(self._interval)

    # Arithmetic.

    def _blank_missing(self, values: Any) -> None:
        if self._count_missing() > 0:
            for index in range(len(self._times)):
                if self._is_missing(index):
                    values[index] = NAN

    def _describe_result(self, rule: str, left: Optional["Series"], right: Optional["Series"]) -> None:
        either = left if left is not None else right
        assert either is not None
        keep = (
            rule == "kept"
            or (rule == "factor" and (left is None or right is None))
            or (rule == "dividend" and right is None)
        )
        unit = either._unit if keep else ""
        if keep and left is not None and right is not None and left._unit != right._unit:
            one, other = left._unit, right._unit
            if not units.is_same(units.stem(one), units.stem(other)):
                unit = ""
            else:
                unit = other if units.is_difference(one) else one
        self._describe(either)
        self._earlier = None
        if left is not None and right is not None and _hold(right._interval) < _hold(left._interval):
            self._interval = right._interval
        self._name = ""
        self._attributes = EMPTY
        self._unit = unit

    def _apply_to_previous(
        self, operation: Operation, left: Optional["Series"], right: Optional["Series"], number: float
    ) -> None:
        self._previous = None
        before = left._previous if left is not None else None
        after = right._previous if right is not None else None
        if (left is not None and before is None) or (right is not None and after is None):
            return
        a = number if before is None else before[1]
        b = number if after is None else after[1]
        value = operation.apply(a, b)
        if not _isfinite(value) or ((left is None or right is None) and math.isnan(number)):
            return
        if before is None or after is None:
            time, _, quality = before or after  # type: ignore[misc]
            self._previous = (time, value, quality)
            return
        assert left is not None and right is not None
        later = max(before[0], after[0])
        if not left._holds(before[0], later) or not right._holds(after[0], later):
            return
        time = later
        if left._no_samples is None and right._no_samples is None:
            left_end = before[0] + _hold(left._interval)
            right_end = after[0] + _hold(right._interval)
            time = min(left_end, right_end) - _hold(self._interval)
        self._previous = (time, value, max(before[2], after[2]))

    def _with_number(self, operation: Operation, number: float, number_is_left: bool = False) -> "Series":
        apply = operation.apply
        if math.isnan(number):
            values = array.array("d", [NAN]) * len(self._times)
        elif number_is_left:
            values = array.array("d", [apply(number, value) for value in self._values])
        else:
            values = array.array("d", [apply(value, number) for value in self._values])
        self._blank_missing(values)
        result = _allocate(self._times, values, self._qualities)
        left, right = (None, self) if number_is_left else (self, None)
        result._describe_result(operation.unit, left, right)
        zeros = result._zeros = zeros_with_number(operation.zeros, self._zeros, number, number_is_left)
        scaled = operation.zeros in ("multiplied", "divided") and zeros != 1 and abs(number) != 1
        result._scaled = zeros != 1 and (self._scaled or scaled)
        result._apply_to_previous(operation, left, right, number)
        if self._earlier is not None:
            result._earlier = self._earlier._with_number(operation, number, number_is_left)
        return result

    def _at_common_times(self, other: "Series") -> "Series":
        times = set(other._times)
        indices = [index for index, time in enumerate(self._times) if time in times]
        common = self._of(indices)
        if len(indices) != len(self._times):
            common._origin = _whole(self)
        return common

    def _check_units(self, operation: Operation, right: "Series") -> None:
        a, b = self._unit, right._unit
        if a == b or not a or not b or self._scaled or right._scaled or units.stem(a) == units.stem(b):
            return
        found = units.between(units.stem(a), units.stem(b))
        if found.why is not None or (found.scale == 1 and found.offset == 0):
            return
        raise ValueError(
            '%s of a Series in %s and one in %s: convert one of them first, a %s b.to("%s")'
            % (operation.symbol, a, b, operation.symbol, a)
        )

    def _over_time(self, operation: Operation, right: "Series") -> "Series":
        text = self._no_samples or right._no_samples or _describe_difference(self, right, operation.symbol)
        if self._window != right._window:
            raise ValueError(
                "%s of two Series whose times differ, and their windows too: what one holds in the other's "
                "window is not known; compare numbers, or give both one window (between(), or window= of one "
                "that the rule makes)" % operation.symbol
            )
        one, other = _hold_both(self, right)
        result = one._with_series(operation, other)
        result._no_samples = text
        return result

    def _with_series(self, operation: Operation, right: "Series") -> "Series":
        if operation.same_unit:
            self._check_units(operation, right)
        if _same_times(self, right):
            a, b = self, right
        elif not _can_join(self, right):
            return self._over_time(operation, right)
        else:
            a, b = self._at_common_times(right), right._at_common_times(self)
        apply = operation.apply
        values = array.array("d", [apply(x, y) for x, y in zip(a._values, b._values)])
        qualities = None
        if a._qualities is not None or b._qualities is not None:
            nothing = bytes(len(a._times))
            qualities = bytes(map(max, a._qualities or nothing, b._qualities or nothing))
        a._blank_missing(values)
        b._blank_missing(values)
        result = _allocate(a._times, values, qualities)
        result._describe_result(operation.unit, a, b)
        result._zeros = zeros_with_series(operation.zeros, a._zeros, b._zeros)
        result._scaled = a._scaled or b._scaled
        if result._no_samples is None:
            result._no_samples = b._no_samples
        result._apply_to_previous(operation, a, b, 0.0)
        return result

    def _operate(self, operation: Operation, other: Any, other_is_left: bool = False) -> Any:
        if type(other) is Series:
            return other._with_series(operation, self) if other_is_left else self._with_series(operation, other)
        if not isinstance(other, (float, int)):
            # An array has a __float__ too, which is about one of a single value.
            if not hasattr(other, "__float__") or hasattr(other, "__len__"):
                return NotImplemented
        return self._with_number(operation, float(other), other_is_left)

    def __add__(self, other: Any) -> Any:
        return self._operate(ADD, other)

    def __radd__(self, other: Any) -> Any:
        return self._operate(ADD, other, True)

    def __sub__(self, other: Any) -> Any:
        return self._operate(SUBTRACT, other)

    def __rsub__(self, other: Any) -> Any:
        return self._operate(SUBTRACT, other, True)

    def __mul__(self, other: Any) -> Any:
        return self._operate(MULTIPLY, other)

    def __rmul__(self, other: Any) -> Any:
        return self._operate(MULTIPLY, other, True)

    def __truediv__(self, other: Any) -> Any:
        return self._operate(DIVIDE, other)

    def __rtruediv__(self, other: Any) -> Any:
        return self._operate(DIVIDE, other, True)

    def __floordiv__(self, other: Any) -> Any:
        return self._operate(FLOOR, other)

    def __rfloordiv__(self, other: Any) -> Any:
        return self._operate(FLOOR, other, True)

    def __mod__(self, other: Any) -> Any:
        return self._operate(REMAINDER, other)

    def __rmod__(self, other: Any) -> Any:
        return self._operate(REMAINDER, other, True)

    def __pow__(self, other: Any, modulus: Any = None) -> Any:
        if modulus is not None:
            raise TypeError("pow() of a Series takes no modulus")
        return self._operate(POWER, other)

    def __rpow__(self, other: Any, modulus: Any = None) -> Any:
        if modulus is not None:
            raise TypeError("pow() of a Series takes no modulus")
        return self._operate(POWER, other, True)

    def __neg__(self) -> "Series":
        return self._with_number(NEGATE, -1.0)

    def __pos__(self) -> "Series":
        return self

    def __abs__(self) -> "Series":
        return self._with_number(ABSOLUTE, 0.0)

    def __lt__(self, other: Any) -> Any:
        return self._operate(LESS, other)

    def __le__(self, other: Any) -> Any:
        return self._operate(LESS_EQUAL, other)

    def __gt__(self, other: Any) -> Any:
        return self._operate(GREATER, other)

    def __ge__(self, other: Any) -> Any:
        return self._operate(GREATER_EQUAL, other)

    def __eq__(self, other: Any) -> Any:
        return self._operate(EQUAL, other)

    def __ne__(self, other: Any) -> Any:
        return self._operate(NOT_EQUAL, other)

    # One number of many.

    def count(self) -> int:
        """Return how many samples are good."""
        self._need_samples()
        return len(self._times) - self._count_missing()

    def sum(self) -> float:
        """Return the sum of the good values; NaN if there is none."""
        values = self._good_values()
        return fsum(values) if len(values) > 0 else NAN

    def mean(self) -> float:
        """Return the arithmetic mean of the good values; NaN if there is none."""
        values = self._good_values()
        if len(values) == 0:
            return NAN
        try:
            return math.fsum(values) / len(values)
        except OverflowError:
            return math.ldexp(math.fsum(math.ldexp(value, -64) for value in values) / len(values), 64)

    def median(self) -> float:
        """Return the median of the good values (of the two middle ones: their mean); NaN if there is none."""
        values = sorted(self._good_values())
        middle = len(values) // 2
        if not values:
            return NAN
        return float(values[middle] if len(values) % 2 == 1 else values[middle - 1] / 2 + values[middle] / 2)

    def std(self, *, ddof: Any = 1) -> float:
        """Return the standard deviation of the good values, divided by count - ddof; NaN if that is not positive."""
        ddof = 1.0 if ddof is None else float(ddof)
        values = self._good_values()
        degrees = len(values) - ddof
        if len(values) == 0 or not degrees > 0:
            return NAN
        exponent = 600 if max(abs(min(values)), abs(max(values))) > 1e150 else 0
        if exponent:
            values = [math.ldexp(value, -exponent) for value in values]
        mean = math.fsum(values) / len(values)
        deviations = [value - mean for value in values]
        rest = math.fsum(deviations)
        squares = math.fsum(deviation * deviation for deviation in deviations) - rest * rest / len(values)
        return math.ldexp(math.sqrt(max(squares, 0.0) / degrees), exponent)

    def min(self) -> float:
        """Return the least good value; NaN if there is none."""
        values = self._good_values()
        return float(min(values)) if len(values) > 0 else NAN

    def max(self) -> float:
        """Return the greatest good value; NaN if there is none."""
        values = self._good_values()
        return float(max(values)) if len(values) > 0 else NAN

    def first(self) -> float:
        """Return the first good value; NaN if there is none."""
        values = self._good_values()
        return float(values[0]) if len(values) > 0 else NAN

    def last(self) -> float:
        """Return the last good value; NaN if there is none."""
        values = self._good_values()
        return float(values[-1]) if len(values) > 0 else NAN

    def any(self) -> bool:
        """Return whether a good value is not 0."""
        return any(value != 0 for value in self._good_values())

    def all(self) -> bool:
        """Return whether no good value is 0."""
        return all(value != 0 for value in self._good_values())

    def _add_moments(self, area: Area) -> None:
        times, window = self._times, self._window
        known = self._previous is not None and window is not None
        value = self._previous[1] if self._previous is not None else NAN
        now = window._start if window is not None else times[0] if len(times) > 0 else 0
        for index in range(len(times)):
            if known and times[index] > now:
                area.add(value, times[index] - now)
            now, value, known = times[index], self._values[index], not self._is_missing(index)
        if known and window is not None and window._end > now:
            area.add(value, window._end - now)

    def _compute_area(self, area: Area) -> float:
        """Compute the area, and return the last good value; NaN: there is none."""
        window, only = self._window, NAN
        if area.method == 1 or area.hold >= 0:
            self._need_samples()
        if area.hold < 0:
            area.hold = float(_hold(self._interval))
        if self._no_samples is not None:
            self._add_moments(area)
        else:
            times, values = self._times, self._values
            good = self._good_indices()
            area.begin = None if window is None else window._start
            if self._previous is not None and window is not None:
                time, value, _ = self._previous
                if len(good) > 0:
                    area.add_segment(time, value, times[good[0]], values[good[0]])
                else:
                    area.add_segment(time, value, window._end, None)
            for place in range(len(good) - 1):
                one, other = good[place], good[place + 1]
                area.add_segment(times[one], values[one], times[other], values[other])
            if len(good) > 0:
                only = values[good[-1]]
                if window is not None:
                    area.add_segment(times[good[-1]], only, window._end, None)
        if window is not None and window._end > window._start:
            _lower_coverage(float(area.known) / float(window._end - window._start))
        return only

    def _is_huge(self) -> bool:
        if self._previous is not None and abs(self._previous[1]) > 1e200:
            return True
        return any(abs(self._values[index]) > 1e200 for index in self._good_indices())

    def integral(self, *, per: Any = "hour", method: Any = "step", hold: Any = None) -> float:
        """Return the integral over the window, in unit * per."""
        chosen = keyword("integral", "per", per, PERS)
        area = Area(keyword("integral", "method", method, METHODS), hold_microseconds(hold))
        only = self._compute_area(area)
        if area.known == 0 and math.isnan(only):
            return NAN
        result = area.sum() / PER_MICROSECONDS[chosen]
        if not _isfinite(result) and self._is_huge():
            smaller = (self * 2.0**-64).integral(per=per, method=method, hold=hold)
            return _scale_back(smaller)
        return result

    def time_weighted_mean(self, *, method: Any = "step", hold: Any = None) -> float:
        """Return the integral over the window by the time covered."""
        chosen = keyword("time_weighted_mean", "method", method, METHODS)
        area = Area(chosen, hold_microseconds(hold))
        only = self._compute_area(area)
        if area.known <= 0:
            return only
        result = area.sum() / area.known
        if not _isfinite(result) and self._is_huge():
            return _scale_back((self * 2.0**-64).time_weighted_mean(method=method, hold=hold))
        return result

    def difference(self) -> float:
        """Return the last good value minus the one before the window (else the first)."""
        values = self._good_values()
        if len(values) > 0 and self._previous is not None:
            return float(values[-1] - self._previous[1])
        return float(values[-1] - values[0]) if len(values) > 1 else NAN

    def increase(self, *, modulus: Any = None, tolerance: Any = 0.0, reset: Any = 0.5, glitch: Any = 1000) -> float:
        """Return how much a counter went up, resets counted from 0."""
        from your_python.counter import increase

        result = increase(
            self,
            0.0 if modulus is None else float(modulus),
            0.0 if tolerance is None else float(tolerance),
            0.5 if reset is None else float(reset),
            1000.0 if glitch is None else float(glitch),
        )
        if not _isfinite(result) and self._count_missing() < len(self._times) and self._is_huge():
            if self._previous is not None or len(self._times) > 1:
                raise OverflowError("increase(): what the counter went up is beyond the range of a float")
        return result

    # Another Series.

    def good(self) -> "Series":
        """Return the Series without its missing samples."""
        if self._count_missing() == 0 or self._no_samples is not None:
            return self
        result = self._of(self._good_indices())
        result._missing = 0
        result._origin = _whole(self)
        return result

    def where(self, condition: "Series") -> "Series":
        """Return the samples at the times where the Series condition is good and not 0."""
        if type(condition) is not Series:
            raise TypeError("where() takes a Series, as a comparison gives it, not %s" % type(condition).__name__)
        if _can_join(self, condition):
            return self._select(condition)
        if self._no_samples is not None:
            one, other = _hold_both(self, condition)
            one._no_samples = self._no_samples
            return one._select(other)
        return self._select(condition.at(self))

    def _select(self, condition: "Series") -> "Series":
        met = {
            time: condition._values[index] != 0 and not condition._is_missing(index)
            for index, time in enumerate(condition._times)
        }
        last = condition._times[-1] if len(condition._times) > 0 else None
        if self._no_samples is None:
            indices = [index for index, time in enumerate(self._times) if met.get(time, False)]
            result = self._of(indices)
        else:
            indices = [index for index, time in enumerate(self._times) if last is not None and time <= last]
            result = self._of(indices)
            values = array.array("d", result._values)
            for place, time in enumerate(result._times):
                if not met.get(time, False):
                    values[place] = NAN
            result._values = memoryview(values).toreadonly()
        if len(indices) != len(self._times):
            result._origin = _whole(self)
        one, other = self._previous, condition._previous
        if not (
            one is not None
            and other is not None
            and other[1] != 0
            and other[0] <= one[0]
            and condition._holds(other[0], one[0])
        ):
            result._previous = None
        result._earlier = None
        if self._earlier is not None and condition._earlier is not None:
            if _same_times(self._earlier, condition._earlier):
                result._take_earlier(self._earlier._select(condition._earlier))
        return result

    def at(self, *others: "Series", hold: Any = None) -> "Series":
        """Return what holds at each of the times that any of the others has: the last good value, within hold."""
        if not others:
            raise TypeError("at() takes the Series at whose times the values are wanted")
        for other in others:
            if type(other) is not Series:
                raise TypeError("at() takes Series, not %s" % type(other).__name__)
        seconds = -1.0
        if hold is not None:
            seconds = float(hold)
            if not seconds >= 0:
                raise ValueError("at(): hold must be a number of seconds, 0 or more, or None")
        microseconds = -1.0 if seconds < 0 else math.inf if seconds > 1e12 else float(round(seconds * 1e6))
        if len(others) == 1:
            times = list(others[0]._times)
        else:
            times = sorted(set().union(*(other._times for other in others)))
        walk = _Walk(self, microseconds)
        values, qualities, known = array.array("d"), bytearray(), 0
        for time in times:
            if walk.to(time):
                known += 1
                values.append(walk.last[1])
                qualities.append(walk.last[2])
            else:
                values.append(NAN)
                qualities.append(GOOD)
        if times:
            _lower_coverage(known / len(times))
        result = _allocate(array.array("q", times), values, bytes(qualities))
        result._describe(self)
        result._window = others[0]._window
        result._origin = result._no_samples = result._earlier = None
        intervals = [other._interval for other in others if other._interval > 0]
        result._interval = min(intervals) if intervals else 0
        result._previous = _previous_at(result, _Walk(self, microseconds), others, times[0] if times else None)
        return result

    def map(self, function: Callable[[float], Any]) -> "Series":
        """Return the Series of function(value) for each good value; None makes a missing one."""
        if not callable(function):
            raise TypeError("map() takes a function of one number, not %s" % type(function).__name__)

        def mapped(value: float) -> float:
            result = function(value)
            return NAN if result is None else real(result)

        previous: _Previous = None
        if self._previous is not None:
            time, value, quality = self._previous
            value = mapped(value)
            previous = (time, value, quality) if _isfinite(value) else None
        earlier = None if self._earlier is None else self._earlier.map(function)
        values = array.array(
            "d", [NAN if self._is_missing(index) else mapped(value) for index, value in enumerate(self._values)]
        )
        result = _allocate(self._times, values, self._qualities)
        result._previous, result._earlier = previous, earlier
        result._no_samples = self._no_samples
        result._origin = self._origin
        result._window = self._window
        result._interval = self._interval
        return result

    def between(self, start: Any, end: Any) -> "Series":
        """Return the samples with start <= time < end, as a Series of that window."""
        first_time, end_time = time_of(start, "start"), time_of(end, "end")
        if end_time < first_time:
            raise ValueError("between(): the end is before the start")
        if self._window is not None:
            first_time = min(max(first_time, self._window._start), self._window._end)
            end_time = max(min(end_time, self._window._end), first_time)
        first, behind = bisect_left(self._times, first_time), bisect_left(self._times, end_time)
        part = self._view(first, behind - first)
        for index in reversed(range(first)):
            if self._is_missing(index):
                if self._no_samples is None:
                    continue
                part._previous = None
                break
            part._previous = self._sample(index)
            break
        if part._previous is not None and part._previous[0] >= first_time:
            part._previous = None
        if first > 1 or (first == 1 and (self._previous is not None or self._earlier is not None)):
            part._earlier = self._view(0, first)
        if part._previous is None:
            part._earlier = None
        zone = start.tzinfo if isinstance(start, datetime.datetime) else UTC
        part._window = window_of(first_time, end_time, zone)
        return part

    def to(self, unit: str) -> "Series":
        """Return the Series converted to another unit of the same quantity."""
        if not isinstance(unit, str):
            raise TypeError("to() takes a unit as a str, not %s" % type(unit).__name__)
        found = units.convert(self._unit, self._zeros, unit)
        if found.why is not None:
            raise ValueError(found.why + (" (series %s)" % self._name if self._name else ""))
        return self._scale(found.scale, found.offset, found.divisor, unit)

    def _scale(self, scale: float, offset: float, divisor: float, unit: str) -> "Series":
        result = self._with_number(BY, divisor) if divisor != 0 else self._with_number(TIMES, scale)
        if offset != 0:
            result = result._with_number(PLUS, offset)
        result._name = self._name
        result._attributes = self._attributes
        result._unit = unit
        result._zeros = 0.0 if units.is_difference(unit) else self._zeros
        result._scaled = False
        if result._count_missing() > self._count_missing():
            raise OverflowError("in %s values are beyond the range of a float" % unit)
        return result

    # For NumPy and pandas.

    def to_numpy(self) -> Any:
        """Return the values as an array of float64; missing ones are NaN.

        It has the Series' own memory, and cannot be written to. Only where a bad
        sample has a value is it a copy, with NaN there.
        """
        self._need_samples()
        numpy = _numpy()
        count = len(self._times)
        if count == 0:
            return numpy.empty(0)
        view = _array_of(self._values, "float64")
        if self._qualities is None:
            # A finite sum has finite parts.
            if self._missing == 0 or _isfinite(sum(self._values) if count < 100 else view.sum()):
                self._missing = 0
                return view
            wrong = numpy.isinf(view)
        else:
            wrong = numpy.isinf(view) | (numpy.frombuffer(self._qualities, dtype=numpy.uint8) == BAD)
        if wrong.any():
            view = view.copy()
            view[wrong] = NAN
            view.flags.writeable = False
        return view

    def times_to_numpy(self) -> Any:
        """Return the times as an array of datetime64[us], UTC, in the Series' own memory."""
        self._need_samples()
        numpy = _numpy()
        if len(self._times) == 0:
            return numpy.empty(0, dtype="datetime64[us]")
        return _array_of(self._times, "datetime64[us]")

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        """Return the values for numpy.asarray."""
        values = self.to_numpy()
        if dtype is not None and dtype != values.dtype:
            return values.astype(dtype)
        return values.copy() if copy else values

    def to_pandas(self) -> Any:
        """Return a pandas.Series with an index of times in UTC; missing values are NaN."""
        self._need_samples()
        return _pandas().Series(self.to_numpy(), index=_index_of(self), name=self._name or None, copy=False)


Sequence.register(Series)

_module: Any = None

#: Indexes that were made last, by their times: most series of a plant are measured at the same moments.
_indexes: Dict[bytes, Any] = {}


def _index_of(series: Series) -> Any:
    """Return a pandas.DatetimeIndex of the times, in UTC, with memory of its own."""
    key = series._times.tobytes()
    index = _indexes.get(key)
    if index is None:
        if len(_indexes) >= 16:
            _indexes.clear()
        index = _pandas().DatetimeIndex(series.times_to_numpy().copy()).tz_localize("UTC")
        _indexes[key] = index
    # A view, whose name a rule can set.
    return index.view()


def _numpy() -> Any:
    global _module
    if _module is None:
        _module = importlib.import_module("numpy")
    return _module


def _pandas() -> Any:
    return importlib.import_module("pandas")


def frame(**columns: "Series") -> Any:
    """Return a pandas.DataFrame of several Series on one index, of the times that any of them has, in UTC.

    Where a Series has no sample, or a missing one, there is NaN.
    """
    for name, series in columns.items():
        if type(series) is not Series:
            raise TypeError("frame() takes Series, and %s is %s" % (name, type(series).__name__))
    return _pandas().DataFrame({name: series.to_pandas() for name, series in columns.items()})


_new = object.__new__


class Lent:
    """Memory of the program's that a call has been lent: it becomes another call's when this one has ended."""

    batches: Any = None
    views: List[Any] = []
    #: Weak references to the arrays over it; an array that is made of one keeps that one.
    arrays: List[Any] = []


def _part(view: Any, first: int, end: int) -> Any:
    part = view[first:end]
    if part.obj is Lent.batches:
        Lent.views.append(part)
    return part


def _kept(view: Any, code: str) -> memoryview:
    """Return a column that stays when the call has ended: nobody can tell how long a memoryview is kept."""
    if view.obj is not Lent.batches:
        return memoryview(view)
    return memoryview(view.tobytes()).cast(code) if len(view) > 0 else memoryview(array.array(code)).toreadonly()


def _array_of(view: Any, dtype: Any) -> Any:
    """Return an array over a column, without a copy."""
    result = _numpy().frombuffer(view, dtype=dtype)
    if view.obj is Lent.batches:
        Lent.arrays.append(weakref.ref(result))
    return result


def give_back() -> bool:
    """End the use of what was lent. False: an array over it is still there, and so was kept by the rule."""
    for view in Lent.views:
        view.release()
    Lent.views = []
    if not Lent.arrays:
        return True
    arrays, Lent.arrays = Lent.arrays, []
    if all(array() is None for array in arrays):
        return True
    # What stands in a circle of references is garbage, and not kept.
    gc.collect()
    return all(array() is None for array in arrays)


def _allocate(times: Any, values: Any, qualities: Any) -> Series:
    """Return a Series of these columns, of which nothing else is known."""
    series = _new(Series)
    series._times = times if type(times) is memoryview else memoryview(times).toreadonly()
    series._values = values if type(values) is memoryview else memoryview(values).toreadonly()
    if qualities is None or type(qualities) is memoryview:
        series._qualities = qualities
    else:
        series._qualities = memoryview(qualities).toreadonly()
    series._missing = -1
    series._interval = 0
    series._no_samples = series._window = series._previous = series._origin = series._earlier = None
    series._zeros = 1.0
    series._scaled = False
    series._name = series._unit = ""
    series._attributes = EMPTY
    return series


def _scale_back(value: float) -> float:
    try:
        return math.ldexp(value, 64)
    except OverflowError:
        return math.copysign(math.inf, value)


def _number_of(item: Any) -> float:
    return NAN if item is None else real(item)


def _quality_of(item: Any) -> int:
    quality = operator.index(item)
    return quality if 0 <= quality <= 255 else 255


def _column(code: str, items: Any, count: int, convert: Callable[[Any], Any], what: str) -> Any:
    """Return an array of a buffer of this very format, or of a sequence."""
    result = array.array(code)
    try:
        view = memoryview(items)
    except TypeError:
        pass
    else:
        formats = {"d": "d", "q": "ql", "B": "Bb"}[code]
        if view.ndim == 1 and view.c_contiguous and view.format in tuple(formats):
            result.frombytes(view.tobytes())
            return result
    try:
        sequence = items if isinstance(items, (list, tuple)) else list(items)
    except TypeError:
        raise TypeError("%s must be a sequence, not %s" % (what, type(items).__name__)) from None
    for index in range(count):
        # Converting an item may run code that changes the list.
        if index >= len(sequence):
            raise ValueError("%s: %d were announced, and there are %d" % (what, count, index))
        try:
            result.append(convert(sequence[index]))
        except Exception as error:
            raise type(error)("%s[%d]: %s" % (what, index, error)) from None
    return result


def _times_of(times: Any, count: int) -> Any:
    if type(times) is Series:
        return times._times
    numpy = sys.modules.get("numpy")
    if numpy is not None and isinstance(times, numpy.ndarray) and times.dtype.kind == "M":
        # Not a time: it lies outside of all years.
        times = array.array("q", times.astype("datetime64[us]").astype("int64").tobytes())
    column = _column("q", times, count, lambda item: time_of(item, "a time"), "times")
    before = None
    for index, time in enumerate(column):
        if not TIME_MIN <= time <= TIME_MAX:
            raise ValueError(
                "times[%d]: %d microseconds since 1970 is outside of the years 1 to 9999" % (index, time)
            )
        if before is not None and time <= before:
            raise ValueError(
                "times must ascend: times[%d], %s, is not after %s" % (index, time_text(time), time_text(before))
            )
        before = time
    return column


def _qualities_of(qualities: Any, count: int) -> Any:
    column = _column("B", qualities, count, _quality_of, "qualities")
    for index, quality in enumerate(column):
        if quality > BAD:
            raise ValueError("qualities[%d] is none of 0 (good), 1 (uncertain), 2 (bad)" % index)
    return column


# Two Series by their times.


def _same_times(one: Series, other: Series) -> bool:
    a, b = one._times, other._times
    return a is b or (len(a) == len(b) and (len(a) == 0 or (a[0] == b[0] and a[-1] == b[-1] and a == b)))


def _whole(series: Series) -> Series:
    return series if series._origin is None else series._origin


def _lies_on_raster(times: Any, first: int, step: int) -> bool:
    return all((time - first) % step == 0 for time in times)


def _share_raster(one: Series, other: Series) -> bool:
    a, b = one._times, other._times
    if len(a) == 0 or len(b) == 0:
        if one._interval > 0 and one._interval == other._interval:
            return True
        return one._previous is None if len(a) == 0 else other._previous is None
    first, last = min(a[0], b[0]), max(a[-1], b[-1])
    if one._interval > 0 and other._interval > 0:
        return (
            one._interval == other._interval
            and _lies_on_raster(a, first, one._interval)
            and _lies_on_raster(b, first, one._interval)
        )
    times = sorted(set(a) | set(b))
    step = min((after - before for before, after in zip(times, times[1:])), default=0)
    if step <= 0 or not _lies_on_raster(times, first, step):
        return False
    slots = (last - first) // step + 1
    return bool(len(a) >= slots - slots // 4 and len(b) >= slots - slots // 4)


def _count_common(one: Series, other: Series) -> int:
    return len(set(one._times) & set(other._times))


def _can_join(one: Series, other: Series) -> bool:
    a, b = _whole(one), _whole(other)
    if _same_times(one, other) or _same_times(a, b):
        return True
    if one._no_samples is not None or other._no_samples is not None:
        return False
    common = _count_common(a, b)
    total = len(a._times) + len(b._times) - common
    if common < total - total // 4 and not _share_raster(a, b):
        return False
    # A sample that one of them lacks is missing in the result.
    _lower_coverage(common / total)
    return True


def _describe_difference(one: Series, other: Series, symbol: str) -> str:
    def named(series: Series) -> str:
        return " = '%s'" % series._name if series._name else ""

    return (
        "%s of two Series, a%s and b%s, whose times differ (a has %d samples, b %d, at times that "
        "both have %d), is known over time, for time_weighted_mean() and integral(), and has no samples of "
        "its own. Where these are wanted, write a %s b.at(a), or a.at(a, b) %s b.at(a, b). If samples are "
        "lost of two series that are measured at the same times, declare the interval of both"
        % (
            symbol,
            named(one),
            named(other),
            len(one._times),
            len(other._times),
            _count_common(one, other),
            symbol,
            symbol,
        )
    )


def _previous_at(result: Series, walk: _Walk, others: Tuple[Series, ...], first: Optional[int]) -> _Previous:
    """Return the value at the last time before the window at which any of them has a sample."""
    before = result._window._start if result._window is not None else first
    if before is None:
        return None
    earlier = [other._previous[0] for other in others if other._previous is not None and other._previous[0] < before]
    ahead = walk.copy()
    ahead.to(before - 1)
    if not ahead.known or ahead.last[0] >= before:
        return None
    time = max(earlier + [ahead.last[0]])
    if not ahead.to(time):
        return None
    return (time, ahead.last[1], ahead.last[2])


def _find_ends(series: Series) -> Series:
    """Return the moments at which a value of the Series ceases to hold, because it is too old."""
    times, window = series._times, series._window
    known = series._previous is not None
    last = series._previous[0] if series._previous is not None else 0
    hold = _hold(series._interval)
    ends = array.array("q")
    for index in range(len(times) + 1):
        if series._no_samples is not None:
            break
        if index == len(times):
            if window is None:
                continue
            following = window._end
        elif series._is_missing(index):
            continue
        else:
            following = times[index]
        if known and following - last > hold:
            end = last + hold + 1
            if window is not None and end < window._start:
                end = window._start
            if end < following:
                ends.append(end)
        known, last = True, following
    return _allocate(ends, array.array("d", [NAN]) * len(ends), None)


def _hold_both(left: Series, right: Series) -> Tuple[Series, Series]:
    """Return each at all times that either has, and at those where a value ceases to hold."""
    coverage = Coverage.share
    others = (left, right, _find_ends(left), _find_ends(right))
    both = left.at(*others), right.at(*others)
    # at() has counted known moments; here the known time counts, once the rule asks for it.
    Coverage.share = coverage
    return both


def scaled(series: Series, scale: float, offset: float, unit: str) -> Series:
    """Return values * scale + offset, in another unit."""
    inverse = 1 / scale if scale != 0 else math.inf
    divisor = 0.0
    if abs(scale) < 1 and _isfinite(inverse) and round(scale * 1e9) / 1e9 != scale:
        rounded = round(inverse * 1e6) / 1e6
        divisor = rounded if abs(rounded - inverse) <= 4e-16 * abs(inverse) else 0.0
    return series._scale(scale, offset, divisor, unit)
