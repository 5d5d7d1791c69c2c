"""Operations on numbers that a Series does sample by sample, and what they do to its unit.

As launcher/rules/series_arithmetic.c, series_reduce.c and series_time.c have
them, which say why.
"""

from __future__ import annotations

import math
import operator
from typing import Any, Callable, List, NamedTuple, Optional, Tuple

NAN = math.nan


def divide_floor(a: float, b: float) -> float:
    try:
        return a // b
    except (ZeroDivisionError, OverflowError):
        return NAN


def remainder(a: float, b: float) -> float:
    try:
        return a % b
    except ZeroDivisionError:
        return NAN


def divide(a: float, b: float) -> float:
    return NAN if b == 0 else a / b


def power(a: float, b: float) -> float:
    if a == 0 and b < 0:
        return NAN
    try:
        return math.pow(a, b)
    except ValueError:
        return NAN
    except OverflowError:
        return -math.inf if a < 0 and b % 2 == 1 else math.inf


class Operation(NamedTuple):
    symbol: str
    apply: Callable[[float, float], float]
    unit: str  # "kept", "factor", "dividend" or "none"
    zeros: str  # "added", "subtracted", "multiplied", "divided", "difference" or "unknown"
    same_unit: bool


ADD = Operation("+", operator.add, "kept", "added", True)
SUBTRACT = Operation("-", operator.sub, "kept", "subtracted", True)
MULTIPLY = Operation("*", operator.mul, "factor", "multiplied", False)
DIVIDE = Operation("/", divide, "dividend", "divided", False)
FLOOR = Operation("//", divide_floor, "none", "unknown", False)
REMAINDER = Operation("%", remainder, "kept", "unknown", True)
POWER = Operation("**", power, "none", "unknown", False)
NEGATE = Operation("*", operator.mul, "kept", "multiplied", False)
ABSOLUTE = Operation("abs", lambda a, b: abs(a), "kept", "difference", False)
TIMES = Operation("*", operator.mul, "kept", "unknown", False)
BY = Operation("/", divide, "kept", "unknown", False)
PLUS = Operation("+", operator.add, "kept", "unknown", False)


def comparison(symbol: str, compare: Callable[[Any, Any], Any]) -> Operation:
    return Operation(symbol, lambda a, b: 1.0 if compare(a, b) else 0.0, "none", "unknown", True)


LESS = comparison("<", operator.lt)
LESS_EQUAL = comparison("<=", operator.le)
EQUAL = comparison("==", operator.eq)
NOT_EQUAL = comparison("!=", operator.ne)
GREATER = comparison(">", operator.gt)
GREATER_EQUAL = comparison(">=", operator.ge)


def round_zeros(zeros: float) -> float:
    if not math.isfinite(zeros):
        return zeros
    return float(round(zeros)) if abs(zeros - round(zeros)) < 1e-9 else zeros


def choose_zeros(if_difference: float, if_reading: float) -> float:
    may_be_difference = if_difference in (0, 1)
    if may_be_difference == (if_reading in (0, 1)):
        return NAN
    return if_difference if may_be_difference else if_reading


def zeros_with_number(rule: str, zeros: float, number: float, number_is_left: bool) -> float:
    if rule == "added":
        return choose_zeros(zeros, zeros + 1)
    if rule == "subtracted":
        return choose_zeros(-zeros, 1 - zeros) if number_is_left else choose_zeros(zeros, zeros - 1)
    if rule == "multiplied":
        return round_zeros(zeros * number)
    if rule == "divided":
        return NAN if number_is_left else round_zeros(divide(zeros, number))
    if rule == "difference":
        return 0.0 if zeros == 0 else NAN
    return NAN


def zeros_with_series(rule: str, left: float, right: float) -> float:
    if rule == "added":
        return round_zeros(left + right)
    if rule == "subtracted":
        return round_zeros(left - right)
    return NAN


def fsum(values: Any) -> float:
    """Return the sum, which may leave the range of a float on its way; one that ends beyond it is infinite."""
    try:
        return math.fsum(values)
    except OverflowError:
        small = math.fsum(math.ldexp(value, -64) for value in values)
    try:
        return math.ldexp(small, 64)
    except OverflowError:
        return math.copysign(math.inf, small)


def keyword(method: str, name: str, value: Any, choices: Tuple[str, ...]) -> int:
    if isinstance(value, str) and value in choices:
        return choices.index(value)
    raise ValueError(
        "%s(): %s can't be %r; it is one of: %s" % (method, name, value, ", ".join(map(repr, choices)))
    )


METHODS = ("step", "linear")
PERS = ("second", "minute", "hour", "day")
PER_MICROSECONDS = (1e6, 60e6, 3600e6, 86400e6)


def hold_microseconds(hold: Any) -> float:
    if hold is None:
        return -1.0
    hold = float(hold)
    if not hold >= 0:
        raise ValueError("hold must be a number of seconds, 0 or more, or None")
    return float(float(round(hold * 1e6)) if math.isfinite(hold) else hold)


class Area:
    """How values go over time, and what they add up to."""

    def __init__(self, method: int, hold: float) -> None:
        self.method = method
        self.hold = hold
        self.begin: Optional[int] = None
        self.parts: List[float] = []  # of value * microseconds
        self.known = 0  # microseconds for which the value is known

    def add(self, value: float, length: int) -> None:
        self.parts.append(value * float(length))
        self.known += length

    def add_segment(self, begin: int, value: float, end: int, following: Optional[float]) -> None:
        start = begin if self.begin is None or begin >= self.begin else self.begin
        length = float(end - begin)
        if length > self.hold:
            until = begin + int(self.hold)
            if until > start:
                self.add(value, until - start)
            return
        if self.method == 1 and following is not None:
            at_start = value if start == begin else value + (following - value) * (float(start - begin) / length)
            value = at_start / 2 + following / 2
        self.add(value, end - start)

    def sum(self) -> float:
        if any(not math.isfinite(part) for part in self.parts):
            return NAN
        return fsum(self.parts)
