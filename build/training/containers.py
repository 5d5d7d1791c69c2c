"""Training: lists, dicts, sets, tuples, and the tools around them."""

import bisect
import heapq
import itertools
from collections import Counter, OrderedDict, defaultdict, deque
from operator import attrgetter, itemgetter


def lists() -> int:
    """Build, slice, extend, sort."""
    values = [(step * 7919) % 1009 for step in range(1200)]
    values.extend(values[10:200:3])
    values.sort()
    values.reverse()
    ordered = sorted(values, key=lambda value: (value % 10, -value))
    del ordered[::5]
    matrix = [[row * column for column in range(12)] for row in range(40)]
    transposed = list(zip(*matrix, strict=True))
    return len(ordered) + ordered.index(ordered[-1]) + sum(map(sum, transposed))


def dicts() -> int:
    """Look up, group, merge, count."""
    groups: dict[str, list[int]] = {}
    for number in range(1500):
        groups.setdefault(f"pump {number % 37}", []).append(number)
    totals = {name: sum(numbers) for name, numbers in groups.items()}
    merged = {**totals, "extra": 1} | {"other": 2}
    by_length: defaultdict[int, set[str]] = defaultdict(set)
    for name, total in merged.items():
        by_length[len(name)].add(name)
        if total > 10 and name in groups:
            merged_value = groups[name][-1]
            by_length[merged_value % 5].add(name)
    counts = Counter(number % 11 for number in range(800))
    ordered = OrderedDict(counts.most_common())
    ordered.move_to_end(next(iter(ordered)))
    return len(by_length) + sum(ordered.values())


def sets() -> int:
    """Intersections and differences of names."""
    left = {f"tag{number}" for number in range(0, 900, 2)}
    right = {f"tag{number}" for number in range(0, 900, 3)}
    return len(left & right) + len(left - right) + len(left ^ right) + ("tag6" in left | right)


def windows() -> float:
    """A moving window with a deque, as a smoothing rule keeps it."""
    window: deque[float] = deque(maxlen=15)
    total = 0.0
    for step in range(2500):
        window.append(float(step % 50))
        total += sum(window) / len(window)
    return total


def searching() -> int:
    """bisect over times, a heap of what is next, pairs and groups."""
    times = [step * 60 for step in range(1000)]
    found = sum(bisect.bisect_left(times, moment) for moment in range(0, 60_000, 97))
    heap: list[tuple[int, str]] = []
    for number in range(500):
        heapq.heappush(heap, ((number * 31) % 211, f"n{number}"))
    while len(heap) > 100:
        found += heapq.heappop(heap)[0]
    for first, second in itertools.pairwise(times):
        found += second - first
    rows = [(number % 9, number, str(number)) for number in range(700)]
    rows.sort(key=itemgetter(0, 1))
    for key, group in itertools.groupby(rows, key=itemgetter(0)):
        found += key * len(list(group))
    chained = itertools.chain.from_iterable(itertools.batched(range(600), 12))
    found += sum(itertools.accumulate(itertools.islice(chained, 400)))
    return found + len(sorted([1j, 2j], key=attrgetter("imag")))
