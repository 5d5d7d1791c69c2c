"""Training: calls, classes, generators, exceptions, closures."""

import contextlib
import copy
import enum
import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import NamedTuple, Protocol


class Shape(Protocol):
    """Something with an area."""

    def area(self) -> float:
        """Return the area."""


class Tank:
    """A class with slots, a property, operators."""

    __slots__ = ("_level", "width")

    def __init__(self, level: float, width: float = 2.0) -> None:
        self._level = level
        self.width = width

    @property
    def level(self) -> float:
        """The level, never below zero."""
        return self._level if self._level > 0 else 0.0

    @level.setter
    def level(self, value: float) -> None:
        self._level = value

    def area(self) -> float:
        """Return the wet area."""
        return self.level * self.width

    def __add__(self, other: "Tank") -> "Tank":
        return Tank(self._level + other._level, self.width)

    def __lt__(self, other: "Tank") -> bool:
        return self._level < other._level

    def __repr__(self) -> str:
        return f"Tank({self._level:.2f})"


class DeepTank(Tank):
    """A subclass that calls up."""

    __slots__ = ()

    def area(self) -> float:
        """Return the area with a factor."""
        return super().area() * 1.5

    @classmethod
    def of(cls, level: float) -> "DeepTank":
        """Return one of that level."""
        return cls(level)

    @staticmethod
    def unit() -> str:
        """Return the unit."""
        return "m2"


class State(enum.Enum):
    """States with names."""

    OFF = 0
    ON = 1
    FAULT = 2


class Flags(enum.Flag):
    """Flags that combine."""

    GOOD = enum.auto()
    LATE = enum.auto()


@dataclass
class Reading:
    """A plain record."""

    name: str
    value: float
    tags: list[str] = field(default_factory=list)


@dataclass(frozen=True, order=True)
class Key:
    """A record that is hashed and compared."""

    site: str
    number: int


class Point(NamedTuple):
    """A tuple with names."""

    at: int
    value: float


def attributes() -> float:
    """Methods, properties, operators, special methods."""
    shapes: list[Shape] = [Tank(step * 0.5) if step % 3 else DeepTank.of(step) for step in range(300)]
    total = sum(shape.area() for shape in shapes)
    tank = Tank(1.0)
    for step in range(500):
        tank.level = tank.level + step * 0.01
        tank = tank + Tank(0.1)
    smallest = min(Tank(step % 17) for step in range(60))
    return total + tank.area() + len(repr(smallest)) + len(DeepTank.unit()) + isinstance(tank, DeepTank)


def records() -> int:
    """Data classes, named tuples, enums, pattern matching."""
    readings = [Reading(f"s{step}", step * 1.5) for step in range(200)]
    keys = {Key("north" if step % 2 else "south", step % 40): step for step in range(300)}
    points = [Point(step, step / 3)._replace(value=1.0) for step in range(200)]
    score = 0
    for item in [*readings[:80], *points[:80], 7, "text", None, [1, 2, 3], {"kind": "pump"}] * 2:
        match item:
            case Reading(name=name, value=value) if value > 10:
                score += len(name)
            case Point(at=at):
                score += at
            case int() | float():
                score += 1
            case [first, *others]:
                score += first + len(others)
            case {"kind": kind}:
                score += len(kind)
            case _:
                score += 2
    for number in range(150):
        state = State(number % 3)
        score += state.value + len(state.name) + (state is State.FAULT)
        score += bool(Flags.GOOD | Flags.LATE & Flags.GOOD)
    changed = replace(readings[0], value=3.0)
    return score + len(keys) + len(sorted(keys)) + len(copy.deepcopy(changed).tags)


def call_styles(first: int = 1, *others: int, scale: float = 1.0, **named: int) -> float:
    """Take arguments of every kind."""
    return (first + sum(others) + sum(named.values())) * scale


def calls() -> float:
    """Call plainly, with keywords, with stars, partially, through a cache and a closure."""
    total = 0.0
    arguments, options = (1, 2, 3), {"a": 1, "b": 2}
    double = functools.partial(call_styles, scale=2.0)

    @functools.lru_cache(maxsize=64)
    def cached(number: int) -> int:
        return number * number

    def counter() -> Callable[[], int]:
        count = 0

        def step() -> int:
            nonlocal count
            count += 1
            return count

        return step

    count = counter()
    for number in range(400):
        total += call_styles(number) + call_styles(1, 2, scale=0.5) + call_styles(*arguments, **options)
        total += double(number) + cached(number % 50) + count()
    return total + functools.reduce(lambda left, right: left + right, range(500))


def fibonacci(number: int) -> int:
    """Return it the slow way."""
    return number if number < 2 else fibonacci(number - 1) + fibonacci(number - 2)


def recursion() -> int:
    """Call deeply."""
    return fibonacci(16)


def walk(depth: int) -> Iterator[int]:
    """Yield from a tree of generators."""
    if depth:
        yield from walk(depth - 1)
        yield depth
        yield from walk(depth - 1)


def generators() -> int:
    """Generators, generator expressions, send, comprehensions."""

    def averager() -> Iterator[float]:
        total, count, value = 0.0, 0, 0.0
        while True:
            value = yield total / count if count else 0.0
            total += value
            count += 1

    average = averager()
    next(average)
    for step in range(300):
        average.send(float(step))
    return sum(walk(7)) + sum(x * x for x in range(800) if x % 3) + len({x % 31: x for x in range(400)})


def exceptions() -> int:
    """Raise, catch, chain, clean up."""
    caught = 0
    for step in range(300):
        try:
            if step % 3 == 0:
                raise ValueError(f"step {step}")
            if step % 3 == 1:
                {}["missing"]
            _ = 1 / (step % 2)
        except (KeyError, ZeroDivisionError) as error:
            caught += len(str(error))
        except ValueError as error:
            try:
                raise RuntimeError("again") from error
            except RuntimeError as second:
                caught += second.__cause__ is error
        finally:
            caught += 1
        with contextlib.suppress(IndexError):
            [][step]
    return caught
