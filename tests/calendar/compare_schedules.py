"""Compare schedules with a calendar that is spelled out here, over zones, spans, offsets, shifts and starts.

Dates are counted one by one and local times are zoneinfo's; nothing is derived.
For schedules around changes of clocks, ends of months and leap days:

- windows begin and end where they do here, and those of one grid tile;
- what an input reads for each is what it reads here;
- the windows that a sample touches are those that read it, from the first to the last;
- the first window of a `start` is the first that does not begin before it;
- windows of one start are found where there are any, and are such.

Run by test_schedules inside `local-processing python`.
"""

from __future__ import annotations

import random
import re
import subprocess
import sys
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

from compare_zones import microseconds, transitions

EPOCH = datetime(1970, 1, 1)
DAY = timedelta(days=1)
DAY_US = 86_400_000_000
ELAPSED = {"s": 1_000_000, "min": 60_000_000, "h": 3_600_000_000}
DAYS = {"day": 1, "week": 7}
MONTHS = {"month": 1, "quarter": 3, "year": 12}


@dataclass(frozen=True)
class Span:
    """A length as it is written, and one of the three that it is made of."""

    text: str
    elapsed: int = 0
    days: int = 0
    months: int = 0


def span(text: str) -> Span:
    """Read "1week", "-3months", "0s"."""
    found = re.fullmatch(r"(-?\d+)([a-z]+?)s?", text) if text != "0s" else None
    if found is None:
        return Span("0s")
    count, unit = int(found[1]), found[2]
    return Span(text, count * ELAPSED.get(unit, 0), count * DAYS.get(unit, 0), count * MONTHS.get(unit, 0))


class Zone:
    """Local times and instants of a zone, as zoneinfo knows them."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.info = ZoneInfo(name)

    def instant(self, local: datetime) -> int:
        """Microseconds since 1970: the first of two, or moved on by the gap."""
        offset = local.replace(tzinfo=self.info).utcoffset()
        assert offset is not None
        return microseconds(local - offset)

    def local(self, instant: int) -> datetime:
        """What the clock on the wall shows."""
        moment = (EPOCH + timedelta(microseconds=instant)).replace(tzinfo=timezone.utc)
        return moment.astimezone(self.info).replace(tzinfo=None, fold=0)


def last_day(year: int, month: int) -> int:
    """How many days a month has."""
    following = date(year + month // 12, month % 12 + 1, 1)
    return (following - DAY).day


def add_months(local: datetime, months: int) -> datetime:
    """The same day of another month, or its last."""
    total = local.year * 12 + local.month - 1 + months
    year, month = total // 12, total % 12 + 1
    return local.replace(year=year, month=month, day=min(local.day, last_day(year, month)))


def add(local: datetime, length: Span, sign: int) -> datetime:
    """A local time moved on the calendar."""
    return add_months(local, sign * length.months) + sign * length.days * DAY


@dataclass
class Schedule:
    """A schedule, and where its boundaries lie."""

    zone: Zone
    every: Span
    window: Span
    offset: Span
    week_start: int = 1
    made: dict[int, tuple[datetime, datetime]] = field(default_factory=dict)  # by the end of a window

    def question(self) -> str:
        """As calendar_says reads it."""
        return f"{self.zone.name} {self.every.text} {self.window.text} {self.offset.text} {self.week_start}"

    def month_boundary(self, months: int) -> datetime:
        """The boundary in or near the month of that number since January 1970."""
        months += self.offset.months
        first = datetime(1970 + months // 12, months % 12 + 1, 1)
        days = self.offset.days + self.offset.elapsed // DAY_US
        rest = timedelta(microseconds=self.offset.elapsed % DAY_US)
        if days < -28 or days > 30:
            # Of years: a date, which is the same in each.
            assert self.every.months % 12 == 0
            other = datetime(1970, 1, 1) + days * DAY
            months += (other.year - 1970) * 12 + other.month - 1
            first, days = datetime(1970 + months // 12, months % 12 + 1, 1), other.day - 1
        if days > 0:
            days = min(days, last_day(first.year, first.month) - 1)
        return first + days * DAY + rest

    def is_boundary_day(self, day: date) -> bool:
        """Whether a boundary of days or weeks belongs to a date, before it is moved by the offset."""
        number = (day - EPOCH.date()).days
        if self.every.text.endswith(("week", "weeks")):
            # 1970-01-01 was a Thursday.
            number += (4 - self.week_start) % 7
        return number % self.every.days == 0

    def local_boundaries(self, first: date, last: date) -> Iterator[tuple[datetime, datetime]]:
        """Boundaries of days and longer as local times, and the starts of the windows that end there."""
        if self.every.months:
            low = (first.year - 1971) * 12 // self.every.months
            high = (last.year - 1968) * 12 // self.every.months
            for number in range(low, high):
                months = number * self.every.months
                end = self.month_boundary(months)
                start = self.month_boundary(months - self.window.months) if self.window.months else end
                yield end, start if self.window.months else add(end, self.window, -1)
            return
        day = first - 2 * DAY
        while day <= last + 2 * DAY:
            if self.is_boundary_day(day):
                end = datetime(day.year, day.month, day.day) + self.offset.days * DAY
                end += timedelta(microseconds=self.offset.elapsed)
                yield end, add(end, self.window, -1)
            day += DAY

    def pieces(self, first: date, last: date) -> Iterator[tuple[int, int]]:
        """Of hours and less: each day from its own origin, cut at the next one's."""
        moved = timedelta(microseconds=self.offset.elapsed)
        origins = []
        day = first - 3 * DAY
        while day <= last + 3 * DAY:
            origins.append(self.zone.instant(datetime(day.year, day.month, day.day) + moved))
            day += DAY
        for origin, following in zip(origins, origins[1:]):
            for at in range(origin, following, self.every.elapsed):
                yield at, min(at + self.every.elapsed, following)

    def start_of(self, end: int, start: datetime) -> tuple[int, datetime]:
        """The instant of a start; on the islands that lost a day it goes back until it lies before the end."""
        found = self.zone.instant(start)
        while found >= end:
            start -= DAY
            found = self.zone.instant(start)
        return found, start

    def windows(self, first: date, last: date) -> list[tuple[int, int]]:
        """All windows that end within the dates, by their ends; made keeps the local times that they were made from."""
        found: dict[int, int] = {}
        if self.every.elapsed:
            for piece_start, end in self.pieces(first, last):
                local_end = self.zone.local(end)
                if self.window.elapsed:
                    tumbling = self.window.elapsed == self.every.elapsed
                    found[end] = piece_start if tumbling else end - self.window.elapsed
                    self.made[end] = self.zone.local(found[end]), local_end
                else:
                    found[end], local_start = self.start_of(end, add(local_end, self.window, -1))
                    self.made[end] = local_start, local_end
        else:
            for local_end, local_start in self.local_boundaries(first, last):
                end = self.zone.instant(local_end)
                if self.window.elapsed:
                    found[end], local_start = end - self.window.elapsed, self.zone.local(end - self.window.elapsed)
                else:
                    found[end], local_start = self.start_of(end, local_start)
                    # Where a day was left out, two boundaries are one instant.
                    following = add(local_start, self.window, 1)
                    local_end = following if self.zone.instant(following) == end else local_end
                self.made[end] = local_start, local_end
        low, high = (microseconds(datetime(at.year, at.month, at.day)) for at in (first, last))
        return [(start, end) for end, start in sorted(found.items()) if low <= end <= high]

    def boundary_after(self, boundary: int, months: int) -> datetime | None:
        """The place on the grid of months so many after a boundary; None where it is none."""
        near = (self.zone.local(boundary).year - 1970) * 12
        for months_of in range(near - 36, near + 36):
            at_hand = self.every.months and months_of % self.every.months == 0
            if at_hand and self.zone.instant(self.month_boundary(months_of)) == boundary:
                return self.month_boundary(months_of + months)
        return None

    def moved(self, window: tuple[int, int], shift: Span) -> tuple[int, int, datetime]:
        """A window, moved as docs/time.md says, and the local time of its end."""
        start, end = window
        if shift.elapsed:
            return start + shift.elapsed, end + shift.elapsed, self.zone.local(end + shift.elapsed)
        if shift.months and self.every.months and self.window.months:
            first = self.boundary_after(end, shift.months - self.window.months)
            last = self.boundary_after(end, shift.months)
            assert first is not None and last is not None
            return self.zone.instant(first), self.zone.instant(last), last
        local_start, local_end = self.made[end]
        new_start = self.zone.instant(add(local_start, shift, 1))
        if self.window.elapsed:
            new_end = new_start + end - start
            return new_start, new_end, self.zone.local(new_end)
        whole_months = local_start.day == local_end.day and local_start.time() == local_end.time()
        if self.window.days and shift.months and not whole_months:
            last = add(local_end - DAY, shift, 1) + DAY
        else:
            last = add(local_end, shift, 1)
        new_end = self.zone.instant(last)
        return min(new_start, new_end), new_end, last

    def read(self, window: tuple[int, int], length: Span, shift: Span) -> tuple[int, int]:
        """What an input reads for a window."""
        (start, end), local_end = window, self.made[window[1]][1]
        if shift.text != "0s":
            start, end, local_end = self.moved(window, shift)
        if length.elapsed:
            return end - length.elapsed, end
        if length.text == "0s":
            return start, end
        place = None
        if length.months:
            there = self.boundary_after(window[1], shift.months)
            if there is not None and self.zone.instant(there) == end:
                place = self.boundary_after(window[1], shift.months - length.months)
            else:
                place = self.boundary_after(end, -length.months)
        if place is not None:
            return self.zone.instant(place), end
        return self.start_of(end, add(local_end, length, -1))[0], end


class Comparison:
    """Questions to calendar_says, each with what is to be said."""

    def __init__(self, helper: list[str]) -> None:
        self.helper = helper
        self.asked: list[tuple[str, Callable[[str], str]]] = []

    def ask(self, question: str, judge: Callable[[str], str]) -> None:
        """Ask; judge says what is wrong with an answer, "" where nothing is."""
        self.asked.append((question, judge))

    def expect(self, question: str, answer: str) -> None:
        """Ask for exactly this."""

        def judge(got: str) -> str:
            if got == answer:
                return ""
            pairs = [pair for pair in zip(answer.split(), got.split()) if pair[0] != pair[1]]
            return f"expected {pairs[0][0]}, got {pairs[0][1]}" if pairs else f"expected {answer[:90]}, got {got[:90]}"

        self.ask(question, judge)

    def settle(self) -> tuple[int, int]:
        """How many were right and wrong; the first few wrong ones are told."""
        lines = "".join(question + "\n" for question, _ in self.asked)
        with subprocess.Popen(self.helper, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            answers = process.communicate(lines)[0].splitlines()
        failed = 0
        for (question, judge), answer in zip(self.asked, answers, strict=True):
            wrong = judge(answer.strip())
            failed += wrong != ""
            if wrong and failed <= 10:
                print(f"{question}: {wrong}")
        return len(self.asked) - failed, failed


ISLANDS = ("Pacific/Apia", "Pacific/Kwajalein", "Pacific/Kiritimati", "Asia/Manila", "America/Juneau", "Pacific/Guam")
CLOCKS = (
    "UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Sao_Paulo", "America/Havana",
    "Africa/Casablanca", "Asia/Kathmandu", "Atlantic/Azores", "Antarctica/Troll", "Europe/Dublin", "Asia/Gaza",
)  # fmt: skip
SHORT = ("5min", "15min", "7min", "1h", "2h", "5h")
EVERY = (*SHORT, "1h", "1day", "1day", "2days", "3days", "1week", "1month", "1month", "2months", "1quarter", "1year")
WINDOW = (
    "", "", "", "1h", "6h", "24h", "36h", "1day", "2days", "1week", "1month", "2months", "1quarter", "3months",
    "5months", "1year",
)  # fmt: skip
SHIFT = (
    "0s", "-1h", "24h", "-36h", "-1day", "-1day", "1day", "-1week", "1week", "-1month", "1month", "-2months",
    "-1quarter", "1quarter", "-1year", "1year",
)  # fmt: skip
LENGTH = ("0s", "0s", "15min", "24h", "1day", "1week", "1month", "1quarter")
LOOKBACK = ("0s", "0s", "1h", "2days")
# Of days and longer only some fit.
OFFSETS = {
    "elapsed": ("0s", "0s", "1h", "6h", "150min", "-1h", "23h"),
    "days": ("0s", "0s", "6h", "150min", "-2h"),
    "week": ("0s", "1day", "30h", "-1day"),
    "month": ("0s", "14days", "28days", "29days", "30days", "-1day", "-2days", "-28days", "6h", "726h", "-6h"),
    "year": ("0s", "40days", "-270days", "3months", "-1month", "30days", "-306days", "58days"),
}


def offset_for(every: Span, chance: random.Random) -> Span:
    """An offset that a schedule can have."""
    kind = "elapsed" if every.elapsed else "week" if every.days >= 7 else "days" if every.days else "month"
    return span(chance.choice(OFFSETS["year" if every.months and every.months % 12 == 0 else kind]))


def about(length: Span) -> float:
    """Days, nearly."""
    return length.elapsed / DAY_US + length.days + length.months * 30.44


def window_for(every: Span, chance: random.Random) -> Span:
    """A window that goes with it: as long, longer, or a whole part; of not too many windows at once."""
    for _ in range(50):
        text = chance.choice(WINDOW)
        window = span(text) if text else every
        if about(window) > about(every) * 3000:
            continue
        if about(window) >= about(every):
            return window
        whole = (every.days * DAY_US + every.elapsed) % window.elapsed if window.elapsed and not every.months else 0
        if window.elapsed and whole == 0 or window.days and every.days and every.days % window.days == 0:
            return window
    return every


def moments_of(zone: Zone, chance: random.Random) -> list[date]:
    """Changes of clocks and ends of months of leap years and others."""
    changes = KNOWN.get(zone.name)
    if changes is None:
        found = transitions(zone.info, datetime(1975, 1, 1), datetime(2040, 1, 1))
        changes = [change.date() for change in chance.sample(found, min(len(found), 12))]
    ends = [date(chance.choice((2023, 2024, 2025, 2100)), month, 28) for month in (2, 2, 3, 5, 12)]
    return changes + ends


# Where the date line passed over islands, and the clocks of a day ran twice or not at all.
KNOWN = {
    "Pacific/Apia": [date(1892, 7, 4), date(2011, 12, 30), date(2011, 12, 30), date(2012, 4, 1)],
    "Pacific/Kwajalein": [date(1969, 9, 30), date(1993, 8, 21), date(1993, 8, 21)],
    "Pacific/Kiritimati": [date(1994, 12, 31), date(1994, 12, 31)],
    "Asia/Manila": [date(1844, 12, 31), date(1844, 12, 31)],
    "America/Juneau": [date(1867, 10, 18), date(1983, 10, 30)],
    "Pacific/Guam": [date(1844, 12, 31), date(2000, 12, 23)],
}


def tiles(schedule: Schedule) -> bool:
    """Whether each window begins where the one before ends."""
    every, window = schedule.every, schedule.window
    return (every.elapsed, every.days, every.months) == (window.elapsed, window.days, window.months)


def compare_windows(comparison: Comparison, schedule: Schedule, windows: list[tuple[int, int]]) -> None:
    """Where they lie; that they tile is asked of what is expected, too."""
    if tiles(schedule):
        for (_, end), (start, _) in zip(windows, windows[1:]):
            assert start == end, f"{schedule.question()}: a gap or an overlap at {end}"
    answer = " ".join(f"{start}:{end}" for start, end in windows)
    comparison.expect(f"windows {schedule.question()} {windows[0][1] - 1} {windows[-1][1]}", answer)


def compare_ranges(
    comparison: Comparison, schedule: Schedule, windows: list[tuple[int, int]], length: Span, shift: Span
) -> list[tuple[int, int]]:
    """What an input reads for each."""
    ranges = [schedule.read(window, length, shift) for window in windows]
    answer = " ".join(f"{start}:{end}" for start, end in ranges)
    question = f"ranges {schedule.question()} {length.text} {shift.text} {windows[0][1] - 1} {windows[-1][1]}"
    comparison.expect(question, answer)
    return ranges


def compare_touched(
    comparison: Comparison,
    schedule: Schedule,
    windows: list[tuple[int, int]],
    ranges: list[tuple[int, int]],
    reading: tuple[Span, Span, Span],
    sample: int,
) -> None:
    """The windows that a sample touches: from the first to the last that read it, among all that were counted."""
    length, shift, lookback = reading
    past = [index for index, (_, end) in enumerate(ranges) if end > sample]
    from_there = [index for index, (start, _) in enumerate(ranges) if start <= sample + lookback.elapsed + lookback.days * DAY_US]
    if not past or not from_there or past[0] < 1 or from_there[-1] >= len(windows) - 1:
        return
    question = f"touched {schedule.question()} {length.text} {shift.text} {lookback.text} {sample}"
    if from_there[-1] < past[0]:
        comparison.expect(question, "none")
    else:
        first, last = windows[past[0]], windows[from_there[-1]]
        comparison.expect(question, f"{windows[past[0] - 1][1]} {last[1]} {first[0]}")


def compare_first(comparison: Comparison, schedule: Schedule, windows: list[tuple[int, int]], start: int) -> None:
    """The first window that does not begin before a start."""
    following = [window for window in windows if window[0] >= start]
    if following and windows[0][0] < start:
        comparison.expect(f"first {schedule.question()} {start}", f"{following[0][0]}:{following[0][1]}")


def around(schedule: Schedule, moment: date, length: Span, shift: Span) -> list[tuple[int, int]]:
    """Windows that lie, or whose inputs lie, around a moment: none where they would be too many."""
    pad = about(schedule.window) + about(length) + 6 + 2 * about(schedule.every)
    if pad / about(schedule.every) > 4000:
        return []
    middle = moment - timedelta(days=round(shift.days + shift.months * 30.44))
    return schedule.windows(middle - timedelta(days=round(pad) + 2), middle + timedelta(days=round(pad) + 2))


def compare_schedule(comparison: Comparison, zone: Zone, moment: date, chance: random.Random) -> None:
    """One schedule with one input, around one moment."""
    every = span(chance.choice(EVERY))
    schedule = Schedule(zone, every, window_for(every, chance), offset_for(every, chance), chance.randint(1, 7))
    length, shift, lookback = (span(chance.choice(choices)) for choices in (LENGTH, SHIFT, LOOKBACK))
    windows = around(schedule, moment, length, shift)
    if len(windows) < 5:
        return
    compare_windows(comparison, schedule, windows)
    ranges = compare_ranges(comparison, schedule, windows, length, shift)
    middle = microseconds(datetime(moment.year, moment.month, moment.day))
    ends = [end for _, end in ranges]
    near = min(max(bisect_right(ends, middle), 1), len(ends) - 1)
    for index in {near, chance.randrange(len(ranges))}:
        for sample in (*ranges[index], ranges[index][1] - 1, ranges[index][0] + chance.randrange(DAY_US)):
            compare_touched(comparison, schedule, windows, ranges, (length, shift, lookback), sample)
    for _ in range(3):
        start = windows[chance.randrange(len(windows))][0] + chance.choice((0, 1, -1, DAY_US // 2))
        compare_first(comparison, schedule, windows, start)


def sweep(comparison: Comparison, zone: Zone, spans: tuple[str, ...], first: datetime) -> None:
    """Each day of two years as a start and as a sample, for long spans."""
    nothing = span("0s")
    for text in spans:
        weeks = Schedule(zone, span("1week"), span(text), nothing)
        days = Schedule(zone, span("1day"), span("1day"), nothing)
        windows = weeks.windows(first.date() - 300 * DAY, first.date() + 1200 * DAY)
        moved = days.windows(first.date() - 600 * DAY, first.date() + 1300 * DAY)
        for shift in (span(text), span("-" + text)):
            ranges = [days.read(window, nothing, shift) for window in moved]
            for day in range(0, 790):
                local = first + day * DAY + timedelta(minutes=day * 7)
                compare_touched(comparison, days, moved, ranges, (nothing, shift, nothing), zone.instant(local))
        for day in range(0, 700):
            compare_first(comparison, weeks, windows, zone.instant(first + day * DAY))


ROLLING = (
    ("1h", "1day"), ("15min", "1day"), ("2h", "1day"), ("7min", "1day"), ("1h", "1week"), ("1h", "1month"),
    ("1day", "1week"), ("1day", "2days"), ("1day", "1month"), ("2days", "1month"), ("3days", "1month"),
    ("2days", "2months"), ("3days", "2months"), ("1day", "1year"), ("1week", "1month"), ("1month", "1week"),
    ("1month", "1quarter"), ("1h", "24h"), ("5h", "2days"), ("6h", "1quarter"),
)  # fmt: skip


def compare_starts(comparison: Comparison, zone: Zone, from_day: date, days: int) -> None:
    """Windows of one start: any here are found, and what is found is such."""
    start = zone.instant(datetime(from_day.year, from_day.month, from_day.day))
    for every, window in ROLLING:
        schedule = Schedule(zone, span(every), span(window), span("0s"))
        last = from_day + timedelta(days=days + round(about(schedule.window)))
        starts = [begin for begin, _ in schedule.windows(from_day, last) if begin >= start]
        shared = len(starts) > len(set(starts))

        def judge(got: str, schedule: Schedule = schedule, shared: bool = shared) -> str:
            if got == "none":
                return "there are some" if shared else ""
            first, second = (tuple(int(number) for number in pair.split(":")) for pair in got.split()[:2])
            day = (EPOCH + timedelta(microseconds=first[1])).date()
            known = schedule.windows(day - 40 * DAY, day + 40 * DAY)
            if first[0] != second[0] or first[1] == second[1] or first not in known or second not in known:
                return f"{first} and {second} are not two windows of one start"
            return "" if first[0] >= start else "they begin before"

        comparison.ask(f"shared {schedule.question()} {start}", judge)


def main() -> int:
    chance = random.Random(20110228)
    comparison = Comparison(sys.argv[1:])
    with subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        names = process.communicate("names\n")[0].split()
    for name in ("UTC", "Europe/Berlin"):
        months = ("1month", "2months", "1quarter", "3months", "5months", "1year")
        sweep(comparison, Zone(name), months, datetime(2023, 6, 1))
    # Summer time began, and then the date line passed: 25 hours less.
    sweep(comparison, Zone("Pacific/Apia"), ("120days",), datetime(2011, 1, 1))
    for name in (*CLOCKS, *ISLANDS, *chance.sample(names, 6)):
        zone = Zone(name)
        for moment in moments_of(zone, chance):
            for _ in range(6):
                compare_schedule(comparison, zone, moment, chance)
    for name, day, days in (
        ("UTC", date(2026, 1, 1), 400), ("Europe/Berlin", date(2026, 1, 1), 320),
        ("Australia/Lord_Howe", date(2026, 3, 1), 60), ("Pacific/Apia", date(2011, 12, 1), 60),
        ("Pacific/Apia", date(2022, 1, 1), 60), ("Asia/Tokyo", date(2026, 1, 1), 60),
        ("America/Sao_Paulo", date(2018, 10, 15), 40),
    ):  # fmt: skip
        compare_starts(comparison, Zone(name), day, days)
    passed, failed = comparison.settle()
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
