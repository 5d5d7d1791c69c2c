"""The decorator `rule`, and what it finds out about a function.

Every worker of every run imports this, so it works with the function's code
object alone: `inspect` and `typing` take longer to import than all rules do.
A wrong signature is no exception: it is kept with the rule, so that `check`
can tell all of them at once.
"""

from __future__ import annotations

from _local_processing import Context, Series, Window

from local_processing import _json

# Type checkers take this for True; importing typing would take longer than all of this.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import CodeType, FunctionType
    from typing import Any, TypeVar, overload

    _Function = TypeVar("_Function", bound=Callable[..., Any])

_VARIABLE_ARGUMENTS = 0x04
_VARIABLE_KEYWORDS = 0x08
#: Generator, coroutine, asynchronous generator.
_NO_PLAIN_CALL = 0x20 | 0x80 | 0x200

#: As enum lp_parameter_type of launcher/model/rule.h.
_ANY, _BOOL, _INT, _FLOAT, _TEXT, _LIST, _DICT = range(7)
_TYPES = {bool: _BOOL, int: _INT, float: _FLOAT, str: _TEXT, list: _LIST, tuple: _LIST, dict: _DICT}
_NAMES_OF_TYPES = {"Sequence": _LIST, "Iterable": _LIST, "Collection": _LIST, "Mapping": _DICT, "Any": _ANY}
_TYPES_MEANT = "bool, int, float, str, list or dict, one of these | None, or a Literal"

#: As LP_LOOKBACK_HOLD of launcher/model/rule.h.
_HOLD = -1

#: As enum lp_rule_returns of launcher/model/rule.h.
_UNKNOWN, _NUMBERS, _SERIES = range(3)

_SECOND = 1_000_000
_SPANS = {
    "s": _SECOND, "second": _SECOND, "min": 60 * _SECOND, "minute": 60 * _SECOND,
    "h": 3600 * _SECOND, "hour": 3600 * _SECOND, "d": 86400 * _SECOND, "day": 86400 * _SECOND,
}  # fmt: skip


class _Wrong(Exception):
    """Something about a rule that can't be checked or called."""


class Rule:
    """What the program knows about a rule; launcher/rules/catalogue.c reads it."""

    __slots__ = (
        "name", "line", "document", "inputs", "parameters", "outputs", "layout", "keywords", "problems", "returns",
        "call",
    )  # fmt: skip

    def __init__(
        self,
        function: "FunctionType",
        name: str | None,
        outputs: "Iterable[str]",
        lookback: str | None,
    ) -> None:
        code = function.__code__
        self.name = name or function.__name__
        self.line = code.co_firstlineno
        self.document = _dedent(function.__doc__ or "")
        #: Of each input: name, optional, many, lookback in microseconds (or _HOLD).
        self.inputs: list[tuple[str, bool, bool, int]] = []
        #: Of each parameter: name, type, nullable, default as JSON or None, choices as JSON or None.
        self.parameters: list[tuple[str, int, bool, str | None, str | None]] = []
        self.outputs: tuple[str, ...] = ()
        #: What each positional parameter gets: "window", "context", or the input of that index.
        self.layout: list[int | str] = []
        #: Keyword-only parameters that get the window or the context.
        self.keywords: list[tuple[str, str]] = []
        self.problems: list[str] = []
        #: What a calculation calls; None: the function itself.
        self.call: Callable[..., Any] | None = None
        #: What its annotation says it returns: _NUMBERS, _SERIES or _UNKNOWN.
        self.returns = _returns(function)
        try:
            self.outputs = _outputs(outputs)
            span = _span(lookback)
        except _Wrong as wrong:
            self.problems.append(str(wrong))
            span = 0
        if not isinstance(self.name, str) or not self.name.isidentifier():
            self.problems.append(f"its name is {self.name!r}, and must be one as Python's are")
            self.name = function.__name__
        if code.co_flags & _NO_PLAIN_CALL:
            self.problems.append("it is a generator or async, and must be a plain function")
        self._read_parameters(function, code, span)

    def _read_parameters(self, function: "FunctionType", code: "CodeType", lookback: int) -> None:
        names = code.co_varnames
        first_keyword = code.co_argcount
        after_keywords = first_keyword + code.co_kwonlyargcount
        defaults = function.__defaults__ or ()
        first_default = first_keyword - len(defaults)
        keyword_defaults = function.__kwdefaults__ or {}
        for index, name in enumerate(names[:after_keywords]):
            try:
                kind, optional = _kind(function, name)
                if index >= first_keyword:
                    self._add_keyword(name, kind, optional, keyword_defaults)
                elif kind is Series:
                    if index >= first_default and defaults[index - first_default] is not None:
                        raise _Wrong(f"the default of input {name!r} must be None")
                    if index >= first_default and not optional:
                        raise _Wrong(f"input {name!r} may be None: annotate it `Series | None`")
                    self.layout.append(len(self.inputs))
                    self.inputs.append((name, optional, False, lookback))
                elif kind is Window or kind is Context:
                    self.layout.append("window" if kind is Window else "context")
                else:
                    raise _Wrong(f"parameter {name!r} is no Series, so it must be keyword-only: put a * before it")
            except _Wrong as wrong:
                self.problems.append(str(wrong))
        if code.co_flags & _VARIABLE_ARGUMENTS:
            name = names[after_keywords]
            try:
                kind, optional = _kind(function, name)
                if kind is not Series or optional:
                    raise _Wrong(f"*{name} must be annotated Series")
                self.inputs.append((name, True, True, lookback))
            except _Wrong as wrong:
                self.problems.append(str(wrong))
        if code.co_flags & _VARIABLE_KEYWORDS:
            self.problems.append("it takes **keywords, which no definition can be checked against: name each parameter")

    def _add_keyword(self, name: str, kind: object, optional: bool, defaults: "dict[str, Any]") -> None:
        if kind is Window or kind is Context:
            self.keywords.append((name, "window" if kind is Window else "context"))
            return
        if kind is Series:
            raise _Wrong(f"input {name!r} is keyword-only: put it before the *")
        code, choices = _parameter_type(name, kind)
        default = None
        if name in defaults:
            value = defaults[name]
            if value is None:
                optional = True
            elif choices is not None:
                if value not in choices:
                    raise _Wrong(f"the default of {name!r}, {value!r}, is none of its choices")
            elif not _suits(value, code):
                raise _Wrong(f"the default of {name!r}, {value!r}, is not of its type")
            try:
                default = _json.write(value)
            except (TypeError, ValueError) as error:
                raise _Wrong(f"the default of {name!r} can't be in a definition: {error}") from None
        written = None if choices is None else _json.write(choices)
        self.parameters.append((name, code, optional, default, written))


def _suits(value: object, code: int) -> bool:
    kind = _TYPES.get(type(value), _ANY)
    return code == _ANY or kind == code or (code == _FLOAT and kind == _INT)


def _kind(function: "FunctionType", name: str) -> tuple[object, bool]:
    """Return the annotation of a parameter without None, and whether None was in it."""
    annotations = function.__annotations__
    if name not in annotations:
        raise _Wrong(f"parameter {name!r} has no annotation: Series, Window, Context, or the type of a parameter")
    annotation = annotations[name]
    if isinstance(annotation, str):
        try:
            annotation = eval(annotation, function.__globals__, _NAMES_FOR_ANNOTATIONS)
        except Exception as error:
            raise _Wrong(f"the annotation of {name!r}, {annotation!r}, can't be evaluated: {error}") from None
    if annotation is None:
        raise _Wrong(f"parameter {name!r} is annotated None")
    members = _members(annotation)
    if members is None:
        return annotation, False
    kinds = [member for member in members if member is not type(None)]
    optional = len(kinds) < len(members)
    if len(kinds) == 1:
        return kinds[0], optional
    if Series in kinds or Window in kinds or Context in kinds:
        raise _Wrong(f"parameter {name!r} can be several things: {annotation}")
    if all(kind is int or kind is float for kind in kinds):
        return float, optional
    return _Several, optional


def _returns(function: "FunctionType") -> int:
    """Return whether results are numbers, or Series, by the annotation; where it says neither for sure, _UNKNOWN."""
    annotation: Any = function.__annotations__.get("return")
    if isinstance(annotation, str):
        try:
            annotation = eval(annotation, function.__globals__)
        except Exception:
            return _UNKNOWN
    if getattr(annotation, "__origin__", None) is dict and len(annotation.__args__) == 2:
        annotation = annotation.__args__[1]
    kinds = [kind for kind in _members(annotation) or (annotation,) if kind is not type(None) and kind is not None]
    if kinds and all(kind is Series for kind in kinds):
        return _SERIES
    return _NUMBERS if kinds and all(kind is int or kind is float for kind in kinds) else _UNKNOWN


class _LiteralGenericAlias:
    """Literal[...] of a module that imports it for its type checker only."""

    def __init__(self, arguments: tuple[object, ...]) -> None:
        self.__args__ = arguments

    def __class_getitem__(cls, choices: object) -> "_LiteralGenericAlias":
        return cls(choices if isinstance(choices, tuple) else (choices,))


_NAMES_FOR_ANNOTATIONS = {"Literal": _LiteralGenericAlias}


class _Several:
    """Stands for a union of parameter types: anything is taken."""


def _members(annotation: "Any") -> "tuple[object, ...] | None":
    """Return what a union is made of, None if it is none."""
    if type(annotation).__name__ in ("UnionType", "_UnionGenericAlias"):
        members: tuple[object, ...] = annotation.__args__
        return members
    return None


def _parameter_type(name: str, kind: "Any") -> "tuple[int, list[object] | None]":
    """Return the code of a parameter's type, and the values of a Literal."""
    if kind is _Several:
        return _ANY, None
    if type(kind).__name__ == "_LiteralGenericAlias":
        choices = list(kind.__args__)
        codes = {_TYPES.get(type(choice), _ANY) for choice in choices}
        if _ANY in codes:
            raise _Wrong(f"the Literal of {name!r} has a choice that can't be in a definition")
        return (codes.pop() if len(codes) == 1 else _ANY), choices
    origin = getattr(kind, "__origin__", kind)
    code = _TYPES.get(origin)
    if code is None:
        code = _NAMES_OF_TYPES.get(getattr(origin, "__name__", ""))
    if code is None:
        shown = getattr(kind, "__name__", str(kind))
        raise _Wrong(f"the type of parameter {name!r} is {shown}: a definition can give {_TYPES_MEANT}")
    return code, None


def _outputs(outputs: "Iterable[str]") -> tuple[str, ...]:
    if isinstance(outputs, str):
        raise _Wrong(f"outputs={outputs!r}: a tuple of names is needed, even of one: ({outputs!r},)")
    names = tuple(outputs)
    for name in names:
        if not isinstance(name, str) or not name:
            raise _Wrong(f"outputs: {name!r} is no name")
        if names.count(name) > 1:
            raise _Wrong(f"outputs: {name!r} is there twice")
    return names


def _span(text: object) -> int:
    """Return the microseconds of a text such as "90 s" or "1 hour", _HOLD for "hold"."""
    if text is None:
        return 0
    if text == "hold":
        return _HOLD
    wrong = _Wrong(f"lookback={text!r}: a length such as '90 s', '15 minutes', '1 hour' or '7 days' is needed, or 'hold'")
    if not isinstance(text, str):
        raise wrong
    stripped = text.strip()
    digits = stripped.rstrip("abcdefghijklmnopqrstuvwxyz ")
    unit = stripped[len(digits) :].strip()
    scale = _SPANS.get(unit) or _SPANS.get(unit.removesuffix("s"))
    if scale is None or not digits.isascii() or not digits.isdigit() or len(digits) > 6:
        raise wrong
    return int(digits) * scale


def _dedent(text: str) -> str:
    """Return a docstring without the indentation of its lines, as `inspect.cleandoc` does."""
    first, *rest = text.expandtabs().strip("\n").split("\n")
    margin = min((len(line) - len(line.lstrip()) for line in rest if line.strip()), default=0)
    return "\n".join([first.strip(), *(line[margin:].rstrip() for line in rest)]).strip()


if TYPE_CHECKING:

    @overload
    def rule(function: _Function, /) -> _Function: ...
    @overload
    def rule(
        *, outputs: Iterable[str] = (), lookback: str | None = None, name: str | None = None
    ) -> Callable[[_Function], _Function]: ...


def rule(
    function: "Any" = None, /, *, outputs: "Iterable[str]" = (), lookback: str | None = None, name: str | None = None
) -> "Any":
    """Mark a function as a rule.

    Parameters
    ----------
    function : callable
        The rule. Its positional parameters are annotated Series (or
        `Series | None`), Window or Context; its keyword-only ones have the
        types of a definition's parameters.
    outputs : tuple of str
        Names of what it returns, where that is a dict.
    lookback : str, optional
        How long before the window the last good sample is looked for:
        "1 hour", or "hold": for as long as a value of the series holds (10 of
        its intervals, or a day; or the parameter `hold`, in seconds). It is then the `previous` of each input. A
        definition can ask for more.
    name : str, optional
        The rule's name, in place of the function's.

    Returns
    -------
    callable
        The function itself: a rule can be called and tested like any other.
    """

    def mark(function: "Any") -> "Any":
        if not hasattr(function, "__code__"):
            raise TypeError(f"@rule is for functions, not for {function!r}")
        function.__rule__ = Rule(function, name, outputs, lookback)
        return function

    return mark if function is None else mark(function)
