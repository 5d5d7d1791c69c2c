"""The decorator `plain`: rules that take lists, as they were written for other programs.

Only files that ask for it import this.
"""

from __future__ import annotations

from _local_processing import Series

from local_processing._rule import Rule, _Several, _Wrong

# Type checkers take this for True; importing typing would take longer than all of this.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import tzinfo
    from types import CodeType, FunctionType
    from typing import Any, TypeVar, overload

    from _local_processing import Window

    _Function = TypeVar("_Function", bound=Callable[..., Any])

    #: Makes one argument of a function from the good samples of each input, the parameters and the window.
    _Maker = Callable[[dict[str, Series], dict[str, Any], Window], Any]

_WORDS = "values, times, samples, parameters, start, end"
_SAME = {"params": "parameters"}
_WINDOW = "window"


def _list_of(word: str) -> "Callable[[Series, tzinfo], list[Any]]":
    if word == "values":
        return lambda series, zone: series.values.tolist()
    if word == "times":
        return lambda series, zone: [sample.time.astimezone(zone) for sample in series]
    return lambda series, zone: [(sample.time.astimezone(zone), sample.value) for sample in series]


def _maker(word: str, one: bool) -> "_Maker":
    if word == "parameters":
        return lambda inputs, parameters, window: parameters
    if word in ("start", "end"):
        return lambda inputs, parameters, window: getattr(window, word)
    make = _list_of(word)
    if one:
        return lambda inputs, parameters, window: make(next(iter(inputs.values())), window.zone)
    return lambda inputs, parameters, window: {name: make(each, window.zone) for name, each in inputs.items()}


class _PlainRule(Rule):
    """A rule whose inputs and parameters the decorator names, and not the function."""

    __slots__ = ("_takes", "_names", "_many", "_given")

    def __init__(self, function: "FunctionType", takes: tuple[str, ...], options: "dict[str, Any]") -> None:
        self._takes = takes
        self._names: tuple[str, ...] = options["inputs"]
        self._many: bool = options["many"]
        self._given: Mapping[str, Any] = options["parameters"]
        super().__init__(function, options["name"], options["outputs"], options["lookback"])

    def _read_parameters(self, function: "FunctionType", code: "CodeType", lookback: int) -> None:
        try:
            self._read_takes(function, code)
            self._read_inputs(lookback)
            self.call = self._caller(function)
        except _Wrong as wrong:
            self.problems.append(str(wrong))
        for name, value in self._given.items():
            kind, defaults = (value, {}) if isinstance(value, type) else (type(value), {name: value})
            try:
                if not name.isidentifier() or name == _WINDOW:
                    raise _Wrong(f"plain: {name!r} can't be the name of a parameter")
                self._add_keyword(name, _Several if value is None else kind, value is None, defaults)
            except _Wrong as wrong:
                self.problems.append(str(wrong))

    def _read_takes(self, function: "FunctionType", code: "CodeType") -> None:
        names = code.co_varnames[: code.co_argcount]
        needed = len(names) - len(function.__defaults__ or ())
        if not self._takes:
            self._takes = tuple(_SAME.get(name, name) for name in names[:needed])
        for word in self._takes:
            if word not in _WORDS.split(", "):
                raise _Wrong(f"plain: {word!r} is none of {_WORDS}: say in the order of its parameters what it takes")
        if not needed <= len(self._takes) <= len(names):
            raise _Wrong(f"plain: it is to take {len(self._takes)} things, and has {len(names)} parameters")
        missing = code.co_kwonlyargcount - len(function.__kwdefaults__ or {})
        if missing > 0:
            raise _Wrong("plain: it has keyword-only parameters without a default, which nothing sets")

    def _read_inputs(self, lookback: int) -> None:
        if isinstance(self._names, str):
            raise _Wrong(f"inputs={self._names!r}: a tuple of names is needed, even of one: ({self._names!r},)")
        if not self._names and not self._many:
            raise _Wrong("plain: it has no input")
        for index, name in enumerate(self._names):
            self.layout.append(index)
            self.inputs.append((name, False, False, lookback))
        if self._many:
            self.inputs.append(("series", True, True, lookback))
        self.keywords.append((_WINDOW, _WINDOW))

    def _caller(self, function: "FunctionType") -> "Callable[..., Any]":
        names = self._names
        one = len(names) == 1 and not self._many
        makers = [_maker(word, one) for word in self._takes]

        def call(*series: Series, window: "Window", **parameters: "Any") -> "Any":
            inputs = {name: each.good() for name, each in zip(names, series)}
            for each in series[len(names) :]:
                inputs[each.name] = each.good()
            # What it would make of nothing, an error mostly, is not asked for.
            if not any(map(len, inputs.values())):
                return None
            return function(*[make(inputs, parameters, window) for make in makers])

        return call


if TYPE_CHECKING:

    @overload
    def plain(function: _Function, /) -> _Function: ...
    @overload
    def plain(
        *takes: str,
        inputs: Iterable[str] = ("x",),
        many: bool = False,
        parameters: Mapping[str, Any] = ...,
        outputs: Iterable[str] = (),
        lookback: str | None = None,
        name: str | None = None,
    ) -> Callable[[_Function], _Function]: ...


def plain(
    *takes: "Any",
    inputs: "Iterable[str]" = ("x",),
    many: bool = False,
    parameters: "Mapping[str, Any] | None" = None,
    outputs: "Iterable[str]" = (),
    lookback: str | None = None,
    name: str | None = None,
) -> "Any":
    """Make a rule of a function that takes lists, and leave the function as it is.

    Parameters
    ----------
    *takes : str
        What the function's positional parameters get, in their order; where
        nothing is said, their names say it (`params` is `parameters`):
        "values", the good values, a list of float; "times", their times, a
        list of aware datetimes; "samples", a list of (time, value);
        "parameters", a dict; "start" and "end" of the window. Of a rule with
        several inputs the first three are dicts of such lists, by the names
        of the inputs. All times are in the calculation's time zone.
    inputs : tuple of str
        The names of its inputs, as definitions have them.
    many : bool
        Any number of further inputs, which it gets by the names of their series.
    parameters : mapping
        The names of its parameters, each with its default, or with its type
        (`{"limit": float}`) if definitions must set it.
    outputs, lookback, name
        As for `rule`.

    Returns
    -------
    callable
        The function itself, so that other programs and its tests call it as
        before. A calculation calls it only if an input has a good sample.
    """
    options = {
        "inputs": inputs if isinstance(inputs, str) else tuple(inputs),
        "many": many,
        "parameters": parameters or {},
        "outputs": outputs,
        "lookback": lookback,
        "name": name,
    }

    def mark(function: "Any") -> "Any":
        if not hasattr(function, "__code__"):
            raise TypeError(f"@plain is for functions, not for {function!r}")
        function.__rule__ = _PlainRule(function, words, options)
        return function

    bare = len(takes) == 1 and not isinstance(takes[0], str)
    words: tuple[str, ...] = () if bare else takes
    return mark(takes[0]) if bare else mark
