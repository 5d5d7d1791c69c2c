"""Twenty small programs of the usual kinds, none of them in build/training.

Each does its work ``loops`` times and returns something that depends on it.
"""

import bisect
import collections
import copy
import dataclasses
import datetime
import functools
import heapq
import io
import itertools
import json
import operator
import re
import string
import struct
from collections.abc import Callable, Iterator

Work = Callable[[int], object]


def nested_calls(loops: int) -> int:
    """The Ackermann function: calls and little else."""

    def ackermann(m: int, n: int) -> int:
        if m == 0:
            return n + 1
        if n == 0:
            return ackermann(m - 1, 1)
        return ackermann(m - 1, ackermann(m, n - 1))

    return sum(ackermann(2, 9) for _ in range(loops))


class Vector:
    """A small class with slots, operators and a property."""

    __slots__ = ("x", "y", "z")

    def __init__(self, x: float, y: float, z: float) -> None:
        self.x, self.y, self.z = x, y, z

    def __add__(self, other: "Vector") -> "Vector":
        return Vector(self.x + other.x, self.y + other.y, self.z + other.z)

    def __mul__(self, factor: float) -> "Vector":
        return Vector(self.x * factor, self.y * factor, self.z * factor)

    @property
    def square(self) -> float:
        """Return the squared length."""
        return self.x * self.x + self.y * self.y + self.z * self.z


def planets(loops: int) -> float:
    """Attribute access and floats: bodies that attract each other."""
    places = [Vector(1.0 + i, 0.1 * i, -0.2 * i) for i in range(5)]
    speeds = [Vector(0.0, 0.3 / (1 + i), 0.05) for i in range(5)]
    for _ in range(loops):
        for i, j in ((0, 1), (0, 2), (0, 3), (0, 4), (1, 2), (1, 3), (1, 4), (2, 3), (2, 4), (3, 4)):
            apart = places[i] + places[j] * -1.0
            pull = 0.001 / (apart.square + 0.01) ** 1.5
            speeds[i] = speeds[i] + apart * -pull
            speeds[j] = speeds[j] + apart * pull
        for i in range(5):
            places[i] = places[i] + speeds[i] * 0.01
    return sum(place.square for place in places)


def mandelbrot(loops: int) -> int:
    """Local floats in a tight loop."""
    inside = 0
    for _ in range(loops):
        for row in range(12):
            for column in range(24):
                real, imaginary = column / 10.0 - 1.7, row / 6.0 - 1.0
                a = b = 0.0
                for _ in range(40):
                    a, b = a * a - b * b + real, 2.0 * a * b + imaginary
                    if a * a + b * b > 4.0:
                        break
                else:
                    inside += 1
    return inside


def sieve(loops: int) -> int:
    """Integers, lists, slices."""
    found = 0
    for _ in range(loops):
        flags = [True] * 4000
        for number in range(2, 64):
            if flags[number]:
                flags[number * number :: number] = [False] * len(range(number * number, 4000, number))
        found += sum(1 for number in range(2, 4000) if flags[number])
    return found


def word_counts(loops: int) -> int:
    """Dictionaries of strings."""
    words = ("in the beginning there was a pump and the pump was with the river " * 12).split()
    total = 0
    for _ in range(loops):
        counts: dict[str, int] = {}
        pairs: dict[tuple[str, str], int] = {}
        before = ""
        for word in words:
            counts[word] = counts.get(word, 0) + 1
            if (before, word) in pairs:
                pairs[before, word] += 1
            else:
                pairs[before, word] = 1
            before = word
        total += max(counts.values()) + len({**pairs, ("", ""): 0}) + sum(value for _, value in pairs.items())
    return total


def string_building(loops: int) -> int:
    """Strings cut, joined, padded, replaced and translated."""
    rotated = str.maketrans(string.ascii_lowercase, string.ascii_lowercase[13:] + string.ascii_lowercase[:13])
    total = 0
    for number in range(loops):
        line = ",".join(["north", "south", "east", "west", str(number)] * 8)
        parts = [part.strip().title().ljust(8, ".") for part in line.split(",") if not part.isdigit()]
        text = " ".join(reversed(parts)).translate(rotated).replace("..", ".").lower()
        head, _, tail = text.partition(" ")
        total += len(text) + text.count("g") + len(head) + (tail[:4] in text) + text.rfind("f")
        for character in text[:40]:
            total += ord(character)
    return total


def json_round_trip(loops: int) -> int:
    """A document written and read."""
    document = {
        "devices": [
            {"id": i, "name": f"device {i}", "on": i % 2 == 0, "limits": [i * 0.5, i * 1.5, None], "tags": {"a": "ü"}}
            for i in range(30)
        ]
    }
    total = 0
    for _ in range(loops):
        text = json.dumps(document, indent=2 if total % 2 else None)
        total += len(json.loads(text)["devices"]) + len(text)
    return total


LOG = [
    f'10.1.{i}.7 - - [03/Mar/2026:10:{i % 60:02d}:07 +0100] "GET /a/{i}?x={i * 7} HTTP/1.1" {200 + i % 5} {i * 31}'
    for i in range(50)
]


def log_lines(loops: int) -> int:
    """Regular expressions over an access log."""
    pattern = re.compile(r'(?P<host>[\d.]+) \S+ \S+ \[(?P<when>[^\]]+)\] "(\w+) ([^" ]+)[^"]*" (\d{3}) (\d+|-)')
    query = re.compile(r"[?&](\w+)=(\d+)")
    total = 0
    for _ in range(loops):
        for line in LOG:
            match = pattern.match(line)
            if match and match[5] != "204":
                total += int(match[6]) + len(match["host"]) + sum(int(value) for _, value in query.findall(match[4]))
        total += len(re.sub(r"\d+", lambda number: number[0][::-1], LOG[3]))
    return total


def calendar_days(loops: int) -> int:
    """Dates, times, differences, formatted and parsed."""
    begin = datetime.datetime(2026, 1, 31, 22, 15, tzinfo=datetime.timezone.utc)
    total = 0
    for number in range(loops):
        for step in range(25):
            moment = begin + datetime.timedelta(days=number % 300, hours=step * 7)
            day = moment.date()
            monday = day - datetime.timedelta(days=day.weekday())
            again = datetime.datetime.strptime(f"{moment:%Y-%m-%d %H:%M}", "%Y-%m-%d %H:%M")
            total += monday.toordinal() + again.hour + (again.replace(tzinfo=begin.tzinfo) > begin) + len(day.isoformat())
    return total


def pipeline_of_generators(loops: int) -> int:
    """Generators that feed each other, and one that is sent to."""

    def numbers(count: int) -> Iterator[int]:
        yield from range(count)

    def kept(source: Iterator[int]) -> Iterator[int]:
        for number in source:
            if number % 3:
                yield number

    def doubled(source: Iterator[int]) -> Iterator[int]:
        for number in source:
            yield 2 * number

    total = 0
    for _ in range(loops):
        total += sum(doubled(kept(numbers(300)))) + sum(value > 5 for value in kept(numbers(200)))
    return total


class Node:
    """A base class with a method that others override: an expression without anything in it."""

    def value(self) -> int:
        """Return what the expression is worth."""
        return 0


class Leaf(Node):
    """A number."""

    def __init__(self, number: int) -> None:
        self.number = number

    def value(self) -> int:
        """Return it."""
        return self.number


class Branch(Node):
    """An operator and its operands."""

    def __init__(self, operator_name: str, left: Node, right: Node) -> None:
        self.operator_name = operator_name
        self.left = left
        self.right = right

    def value(self) -> int:
        """Return what the operator makes of the operands."""
        left, right = self.left.value(), self.right.value()
        if self.operator_name == "+":
            return left + right
        if self.operator_name == "-":
            return left - right
        return left * right % 1009


def trees_of_objects(loops: int) -> int:
    """Classes, polymorphic methods, instances made and dropped."""

    def grow(depth: int, number: int) -> Node:
        if depth == 0:
            return Leaf(number)
        return Branch("+-*"[number % 3], grow(depth - 1, number + 1), grow(depth - 1, number * 2))

    return sum(grow(8, number % 17).value() for number in range(loops))


def sorting(loops: int) -> int:
    """Sort by keys of several kinds, keep sorted, take the largest."""
    numbers = [(i * 7919) % 1013 for i in range(500)]
    pairs = [(f"k{number % 97}", number) for number in numbers]
    total = 0
    for _ in range(loops):
        total += sorted(numbers)[7] + sorted(pairs, key=operator.itemgetter(0))[3][1]
        total += sorted(pairs, key=lambda pair: (-pair[1], pair[0]))[0][1]
        kept: list[int] = []
        for number in numbers[:120]:
            bisect.insort(kept, number)
        total += kept[60] + heapq.nlargest(5, numbers)[2] + min(pairs)[1]
    return total


class TooMuch(Exception):
    """A user's own exception."""


def raised_and_caught(loops: int) -> int:
    """Exceptions raised deep, caught, chained, with finally and with."""

    def deep(depth: int) -> int:
        try:
            if depth == 0:
                raise TooMuch("the bottom")
            return deep(depth - 1)
        finally:
            levels.append(depth)

    total = 0
    for number in range(loops):
        levels: list[int] = []
        try:
            deep(6)
        except TooMuch as error:
            total += len(levels) + len(error.args)
        for key in ("a", number, None):
            try:
                total += {"a": 1}[key]  # type: ignore[index]
            except KeyError:
                total += 1
        try:
            try:
                int("x1")
            except ValueError as error:
                raise TooMuch from error
        except TooMuch as error:
            total += error.__cause__ is not None
    return total


def comprehensions(loops: int) -> int:
    """Lists, sets and dictionaries by comprehension."""
    total = 0
    for number in range(loops):
        grid = [[row * column + number for column in range(14)] for row in range(14)]
        turned = [[row[index] for row in grid] for index in range(14)]
        seen = {value % 37 for row in turned for value in row if value & 1}
        table = {index: tuple(row[:3]) for index, row in enumerate(turned)}
        total += len(seen) + table[5][1] + sum(a * b for a, b in zip(grid[3], turned[4]))
    return total


def closures(loops: int) -> int:
    """Functions that make functions, decorators, partial application."""

    def counted(function: Callable[[int], int]) -> Callable[[int], int]:
        calls = 0

        @functools.wraps(function)
        def wrapper(value: int) -> int:
            nonlocal calls
            calls += 1
            return function(value) + calls % 2

        return wrapper

    def composed(*functions: Callable[[int], int]) -> Callable[[int], int]:
        return lambda value: functools.reduce(lambda result, function: function(result), functions, value)

    def add(left: int, right: int) -> int:
        return left + right

    work = composed(counted(lambda value: value + 1), functools.partial(add, 3), counted(lambda value: value % 1001))
    total = 0
    for _ in range(loops):
        for _ in range(50):
            total = work(total)
    return total


@dataclasses.dataclass(order=True)
class Reading:
    """An ordinary dataclass."""

    place: str
    value: float
    tags: list[str] = dataclasses.field(default_factory=list, compare=False)


@dataclasses.dataclass(frozen=True)
class Key:
    """A frozen one, to be a key."""

    place: str
    hour: int


def dataclasses_in_use(loops: int) -> float:
    """Dataclasses made, compared, replaced, hashed, unpacked."""
    total = 0.0
    for number in range(loops):
        readings = [Reading(f"p{i % 5}", (i * 37 + number) % 11 * 0.5) for i in range(30)]
        by_key: dict[Key, float] = {}
        for hour, reading in enumerate(readings):
            key = Key(reading.place, hour % 6)
            by_key[key] = by_key.get(key, 0.0) + reading.value
        total += max(readings).value + len(by_key) + dataclasses.replace(readings[3], value=1.0).value
        total += len(dataclasses.asdict(readings[0])) + (readings[1] == readings[6])
    return total


def packets(loops: int) -> int:
    """bytes, struct, memoryview: a protocol's frames."""
    header = struct.Struct(">HHIf")
    total = 0
    for number in range(loops):
        stream = io.BytesIO()
        for i in range(20):
            payload = bytes(range(i, i + 8))
            stream.write(header.pack(0xCAFE, len(payload), number & 0xFFFF, i * 0.5) + payload)
        data = memoryview(stream.getvalue())
        offset = 0
        while offset < len(data):
            _, length, _, value = header.unpack_from(data, offset)
            offset += header.size
            total += sum(data[offset : offset + length]) + int(value)
            offset += length
        total += int.from_bytes(data[:4], "big") & 0xFF
    return total


def digits_of_pi(loops: int) -> int:
    """Big integers: a spigot."""
    total = 0
    for _ in range(loops):
        q, r, t, k, n, x = 1, 0, 1, 1, 3, 3
        produced = 0
        while produced < 80:
            if 4 * q + r - t < n * t:
                total += n
                produced += 1
                q, r, n = 10 * q, 10 * (r - n * t), 10 * (3 * q + r) // t - 10 * n
            else:
                q, r, t, k, n, x = q * k, (2 * q + r) * x, t * x, k + 1, (q * (7 * k + 2) + r * x) // (t * x), x + 2
    return total


def copies_and_texts(loops: int) -> int:
    """Deep copies, and f-strings with all kinds of format."""
    plan = {"steps": [{"name": f"s{i}", "at": (i, i + 1), "after": {i, i * 2}} for i in range(6)], "open": True}
    total = 0
    for number in range(loops):
        again = copy.deepcopy(plan)
        again["steps"][0]["name"] = "first"  # type: ignore[index]
        total += len(f"{number:>8,d}|{number / 7:9.3f}|{number:x}|{again['open']!r:<6}|{'t' + str(number):^9}|{number:e}")
        total += len(f"{again['steps'][0]}") + len("{:5.1f} {name}".format(number / 3, name="x"))  # type: ignore[index]
    return total


def collections_in_use(loops: int) -> int:
    """itertools, Counter, defaultdict, deque, OrderedDict, lru_cache."""

    @functools.lru_cache(maxsize=64)
    def cached(value: int) -> int:
        return value * value

    total = 0
    for number in range(loops):
        groups: collections.defaultdict[int, list[int]] = collections.defaultdict(list)
        for value in itertools.islice(itertools.count(number), 80):
            groups[value % 7].append(cached(value % 90))
        last = collections.deque(itertools.chain.from_iterable(groups.values()), maxlen=10)
        last.rotate(2)
        total += last[0] + collections.Counter(itertools.accumulate([1, 2, 3] * 10)).most_common(1)[0][1]
        total += sum(1 for _ in itertools.combinations(range(9), 3)) + len(list(itertools.groupby(sorted(last))))
        ordered = collections.OrderedDict.fromkeys(range(20))
        ordered.move_to_end(3)
        total += next(iter(ordered)) + len(list(zip(*[iter(range(30))] * 3)))
    return total


#: With loops that take some 60 ms on a machine of 2024 with an ordinary build.
BENCHMARKS: dict[str, tuple[Work, int]] = {
    "nested calls": (nested_calls, 2600),
    "planets": (planets, 1500),
    "mandelbrot": (mandelbrot, 45),
    "sieve": (sieve, 300),
    "word counts": (word_counts, 800),
    "string building": (string_building, 3000),
    "json round trip": (json_round_trip, 380),
    "log lines": (log_lines, 400),
    "calendar days": (calendar_days, 100),
    "pipeline of generators": (pipeline_of_generators, 800),
    "trees of objects": (trees_of_objects, 260),
    "sorting": (sorting, 120),
    "raised and caught": (raised_and_caught, 5000),
    "comprehensions": (comprehensions, 1400),
    "closures": (closures, 950),
    "dataclasses in use": (dataclasses_in_use, 750),
    "packets": (packets, 1800),
    "digits of pi": (digits_of_pi, 75),
    "copies and texts": (copies_and_texts, 500),
    "collections in use": (collections_in_use, 850),
}
