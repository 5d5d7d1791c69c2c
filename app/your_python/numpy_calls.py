"""Functions of NumPy that are called with a Series: np.sqrt(x), np.percentile(x, 90), np.float64(2) * x.

A Series has times, and an array has none. So arithmetic gives a Series, as the
operators do, and is refused with an array. Every other function gets the values
as np.asarray(x) gives them, and returns what it returns for these.
"""

from __future__ import annotations

import operator
from typing import Any, Callable, Dict, Iterator, List

#: What the operators of Python call, by the names of NumPy.
_OPERATORS: Dict[str, Callable[[Any, Any], Any]] = {
    "add": operator.add,
    "subtract": operator.sub,
    "multiply": operator.mul,
    "divide": operator.truediv,
    "true_divide": operator.truediv,
    "floor_divide": operator.floordiv,
    "remainder": operator.mod,
    "power": operator.pow,
    "less": operator.lt,
    "less_equal": operator.le,
    "equal": operator.eq,
    "not_equal": operator.ne,
    "greater": operator.gt,
    "greater_equal": operator.ge,
}
#: What asks whether values are true, of the first argument or of all; NaN would be.
_ASKS_FIRST = frozenset(
    "where any all count_nonzero nonzero flatnonzero argwhere extract compress select".split()
)
_ASKS_ALL = frozenset("logical_and logical_or logical_xor logical_not".split())


class NumpyCalls:
    """What makes NumPy ask a Series."""

    __slots__ = ()

    def __array_function__(self, function: Any, kinds: Any, arguments: Any, named: Any) -> Any:
        """Call a function with arrays in the place of Series."""
        _check_times(function, _series_in((arguments, named)))
        if function.__name__ in _ASKS_FIRST:
            _check_missing(function, _series_in(arguments[:1]))
        return function(*_as_arrays(arguments), **_as_arrays(named))

    def __array_ufunc__(self, function: Any, method: str, *inputs: Any, **named: Any) -> Any:
        """Call an operation on single values with arrays in the place of Series, or as the operator of Series."""
        if method == "__call__" and function.__name__ in _OPERATORS:
            if any(getattr(item, "ndim", 0) > 0 for item in inputs):
                raise TypeError(
                    "np.%s() of a Series and an array is refused, because an array has no times: write "
                    "np.asarray(x) in the place of the Series x" % function.__name__
                )
            if not named:
                # A number of NumPy's would ask here again.
                numbers = [item.item() if hasattr(item, "item") else item for item in inputs]
                return _OPERATORS[function.__name__](*numbers)
        _check_times(function, _series_in(inputs))
        if function.__name__ in _ASKS_ALL:
            _check_missing(function, _series_in(inputs))
        return getattr(function, method)(*_as_arrays(inputs), **named)


def _series_in(items: Any) -> Iterator[Any]:
    """Go through the Series among arguments, and in lists of them."""
    if isinstance(items, NumpyCalls):
        yield items
    elif isinstance(items, (list, tuple, dict)):
        for item in items.values() if isinstance(items, dict) else items:
            yield from _series_in(item)


def _check_times(function: Any, found: Iterator[Any]) -> None:
    """Refuse what would put values of different times together, because there are as many of both."""
    seen: List[Any] = []
    for series in found:
        for other in seen:
            if len(other._times) == len(series._times) and other._times != series._times:
                raise ValueError(
                    "np.%s() of Series whose times differ: give both the same times, frame(a=x, b=y).dropna(), or "
                    "write np.asarray(x) where times do not matter" % function.__name__
                )
        seen.append(series)


def _check_missing(function: Any, found: Iterator[Any]) -> None:
    for series in found:
        if series._count_missing() > 0:
            raise ValueError(
                "np.%s() of a Series with missing samples: they are neither true nor false. Leave them out with "
                ".good(), or compare np.asarray(x), in which a comparison of them is false" % function.__name__
            )


def _as_arrays(items: Any) -> Any:
    """Return the same with an array in the place of each Series."""
    if isinstance(items, NumpyCalls):
        return items.to_numpy()  # type: ignore[attr-defined]
    if isinstance(items, dict):
        return {name: _as_arrays(item) for name, item in items.items()}
    # A long list of numbers stays as it is.
    if isinstance(items, (list, tuple)) and any(True for _ in _series_in(items)):
        changed = [_as_arrays(item) for item in items]
        return tuple(changed) if isinstance(items, tuple) else changed
    return items
