"""Takes what a rule returned, as launcher/rules/result.c does, and besides what NumPy and pandas return.

A result that cannot be stored raises an exception.
"""

from __future__ import annotations

import math
import struct
import sys
from typing import Any, Callable, List, Optional, Tuple

from your_python import units
from your_python.layout import NUMBER, fields
from your_python.series import Series
from your_python.values import GOOD, TIME_MAX, TIME_MIN

_isfinite = math.isfinite


class Results:
    """The results of one task, and what has to be known to take them."""

    def __init__(self, results_most: int) -> None:
        """Prepare for any number of tasks."""
        self.most = results_most
        self._row = fields("result", ("output", "I"), ("quality", "B"), ("time", "q"), ("value", "d"))
        self.size = NUMBER["result"]
        if self._row.size != self.size:
            raise ValueError("a result has another size than was thought")
        self._rows: Any = None  # a dtype of NumPy
        self._parts: List[bytes] = []
        self.count = 0
        self._time = 0
        self._inputs: Tuple[Series, ...] = ()
        self._outputs: Callable[[], List[Tuple[str, str, str]]]

    def take(
        self,
        result: Any,
        declared: Tuple[str, ...],
        time: int,
        inputs: Tuple[Series, ...],
        outputs: Callable[[], List[Tuple[str, str, str]]],
    ) -> bytes:
        """Return the results as the program reads them; count says how many.

        Parameters
        ----------
        declared
            The names of outputs that the rule declares.
        time
            Where a number is stored.
        outputs
            Returns, of each output of the calculation, its name, series and unit.
        """
        self.count = 0
        if result is None:
            return b""
        # A number of NumPy's of 64 bits is a float.
        if isinstance(result, float) and not declared:
            return self._number(0, result, time)
        self._parts, self._time, self._inputs, self._outputs = [], time, inputs, outputs
        if _is_of(result, "pandas", "DataFrame"):
            result = self._columns(result, declared)
        if declared:
            if not isinstance(result, dict):
                raise TypeError(
                    "the rule returned %s, expected a dict of its outputs %r" % (type(result).__name__, declared)
                )
            values = dict(result)
            for name in values:
                if name not in declared:
                    raise ValueError("the rule returned an output %r, and declares %r" % (name, declared))
            for index, (name, _, _) in enumerate(outputs()):
                if name in values:
                    self._output(index, name, values[name])
        elif isinstance(result, dict):
            raise TypeError("the rule returned a dict, but declares no outputs: @rule(outputs=(...))")
        else:
            self._output(0, "", result)
        return b"".join(self._parts)

    def _columns(self, frame: Any, declared: Tuple[str, ...]) -> Any:
        """Return the columns of a DataFrame by their names, or the only one."""
        if declared:
            return {str(name): frame[name] for name in frame.columns}
        if len(frame.columns) != 1:
            raise TypeError(
                "the rule returned a DataFrame of %d columns, but declares no outputs: @rule(outputs=(...))"
                % len(frame.columns)
            )
        return frame[frame.columns[0]]

    def _output(self, index: int, name: str, result: Any) -> None:
        if result is None:
            return
        if type(result) is Series:
            self._series(index, result)
        elif _is_of(result, "numpy", "ndarray") and result.ndim > 0:
            self._array(index, result)
        elif _is_of(result, "pandas", "Series"):
            self._pandas(index, result)
        elif _is_missing_scalar(result):
            return
        elif isinstance(result, (float, int)) or (hasattr(result, "__float__") and not hasattr(result, "__len__")):
            part = self._number(index, float(result), self._time)
            if part:
                self._parts.append(part)
        elif _is_of(result, "numpy", "ndarray"):
            part = self._number(index, float(result), self._time)
            if part:
                self._parts.append(part)
        else:
            raise TypeError(
                "the rule returned %s%s, expected a number, a Series, an array, what pandas has, or None"
                % (type(result).__name__, " for output '%s'" % name if name else "")
            )

    def _number(self, output: int, value: float, time: int) -> bytes:
        if not _isfinite(value):
            if math.isnan(value):
                return b""
            raise ValueError(
                "the rule returned %sinfinity, which can't be stored" % ("" if value > 0 else "-")
            )
        self.count += 1
        return self._row.pack(output, GOOD, time, value)

    def _check_room(self, count: int) -> None:
        if self.count + count > self.most:
            raise ValueError(
                "the rule returned %d samples for one window: at most %d are stored" % (self.count + count, self.most)
            )

    def _series(self, output: int, series: Series) -> None:
        series._need_samples()
        self._check_room(len(series._times))
        found = self._conversion(output, series)
        qualities, pack = series._qualities, self._row.pack
        for index, time in enumerate(series._times):
            value = series._values[index]
            # A sample without a value is not stored; a bad one with a value is, as bad.
            if not _isfinite(value):
                continue
            if found is not None:
                value = found.apply(value)
                if not _isfinite(value):
                    raise OverflowError(
                        "in %s the result is beyond the range of a float" % self._outputs()[output][2]
                    )
            self._parts.append(pack(output, GOOD if qualities is None else qualities[index], time, value))
            self.count += 1

    def _conversion(self, output: int, series: Series) -> Optional[units.Conversion]:
        """Return what converts the values to the output's unit; None: they are in it."""
        unit = series._unit
        _, name, target = self._outputs()[output]
        if not unit or not target:
            return None

        def refuse(why: str, remedy: str = "") -> ValueError:
            return ValueError(
                "the result is in %s, and the series %s is declared in %s: %s%s" % (unit, name, target, why, remedy)
            )

        if series._scaled:
            # The number that it was multiplied by may have had a unit, or have converted it.
            if units.stem(unit) != units.stem(target):
                found = units.between(units.stem(unit), units.stem(target))
                if found.why is None and (found.scale != 1 or found.offset != 0):
                    raise refuse(
                        "it was multiplied with a number, which may have converted it already; ",
                        "write .to(UNIT) in its place",
                    )
            return None
        if series._zeros != 0 and unit == target:
            return None
        found = units.convert(unit, series._zeros, target, stored=True)
        if found.why is not None:
            raise refuse(found.why)
        return None if found.scale == 1 and found.offset == 0 else found

    def _array(self, output: int, values: Any) -> None:
        """Take an array: its times are those of an input that has as many samples."""
        if values.ndim != 1:
            raise TypeError("the rule returned an array of %d dimensions, expected one" % values.ndim)
        if len(values) == 0:
            return
        alike = [series for series in self._inputs if series._no_samples is None and len(series._times) == len(values)]
        if not alike:
            raise ValueError(
                "the rule returned an array of %d values, and no input has as many samples: which times are meant? "
                "Return Series(times, values), or a pandas.Series with its index" % len(values)
            )
        first = alike[0]
        for other in alike[1:]:
            if other._times != first._times:
                raise ValueError(
                    "the rule returned an array of %d values, and inputs of so many samples have different times: "
                    "return Series(x, values), where x is the input whose times are meant" % len(values)
                )
        numpy = sys.modules["numpy"]
        self._rows_of(output, numpy.frombuffer(first._times, dtype="int64"), _floats(values))

    def _pandas(self, output: int, values: Any) -> None:
        pandas = sys.modules["pandas"]
        index = values.index
        if len(values) == 0:
            return
        if not isinstance(index, pandas.DatetimeIndex):
            raise TypeError(
                "the rule returned a pandas.Series whose index is a %s: times are needed, a DatetimeIndex with a "
                "time zone" % type(index).__name__
            )
        if index.tz is None:
            raise ValueError(
                "the rule returned a pandas.Series whose index has no time zone: which instants these are can't be "
                "told. Write .tz_localize(...) with the zone that is meant"
            )
        if index.hasnans:
            raise ValueError("the rule returned a pandas.Series whose index has a time that is missing (NaT)")
        if not index.is_monotonic_increasing:
            values = values.sort_index()
            index = values.index
        if not index.is_unique:
            raise ValueError("the rule returned a pandas.Series whose index has a time twice")
        numpy = sys.modules["numpy"]
        times = index.tz_convert("UTC").tz_localize(None).to_numpy().astype("datetime64[us]").astype("int64")
        if len(times) > 1 and not (numpy.diff(times) > 0).all():
            raise ValueError("the rule returned a pandas.Series with two times in one microsecond")
        if times[0] < TIME_MIN or times[-1] > TIME_MAX:
            raise ValueError("the rule returned a time outside of the years 1 to 9999")
        # The values of nullable types have pandas.NA, which no float is.
        self._rows_of(output, times, _floats(values.to_numpy(dtype="float64", na_value=numpy.nan)))

    def _rows_of(self, output: int, times: Any, values: Any) -> None:
        numpy = sys.modules["numpy"]
        self._check_room(len(values))
        finite = numpy.isfinite(values)
        if not finite.all():
            times, values = times[finite], values[finite]
        if self._rows is None:
            names = ("output", "quality", "time", "value")
            self._rows = numpy.dtype(
                {
                    "names": list(names),
                    "formats": ["<u4", "u1", "<i8", "<f8"],
                    "offsets": [NUMBER["result." + name] for name in names],
                    "itemsize": self.size,
                }
            )
        rows = numpy.zeros(len(values), dtype=self._rows)
        rows["output"], rows["quality"], rows["time"], rows["value"] = output, GOOD, times, values
        self._parts.append(rows.tobytes())
        self.count += len(values)


def _is_of(value: Any, package: str, name: str) -> bool:
    """Return whether it is of this type of a package that somebody has imported."""
    module = sys.modules.get(package)
    return module is not None and isinstance(value, getattr(module, name, ()))


def _is_missing_scalar(value: Any) -> bool:
    pandas = sys.modules.get("pandas")
    return pandas is not None and (value is getattr(pandas, "NA", None) or value is getattr(pandas, "NaT", None))


def _floats(values: Any) -> Any:
    """Return the values as float64; masked ones are NaN."""
    numpy = sys.modules["numpy"]
    if isinstance(values, numpy.ma.MaskedArray):
        values = values.astype("float64").filled(numpy.nan)
    if values.dtype.kind not in "fiub":
        raise TypeError("the rule returned an array of %s, expected numbers" % values.dtype)
    return values.astype("float64", copy=False)
