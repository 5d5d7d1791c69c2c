"""Compare windows with Python's zoneinfo: every zone, around its transitions from 1970 to 2050.

Windows of a day, an hour, 15 minutes, a week and a month have to tile time
without gap or overlap, and to begin at what zoneinfo says of local midnights:
the days of 23, 24 and 25 hours, those that never were, the midnights that are
left out or come twice.

Run by test_windows inside `local-processing python`.
"""
from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from compare_zones import microseconds, transitions

FROM, TO = datetime(1970, 1, 1), datetime(2050, 1, 1)
DAY = timedelta(days=1)
# Windows of a day, a week and a month are looked at around every transition, shorter ones around so many of a zone.
CLOSE_LOOKS = 6
# every, offset, days before and after a transition
LONG = (("1day", 0, 3), ("1day", 6, 2), ("1week", 0, 15), ("1month", 0, 45))
SHORT = (("1h", 0, 2), ("15min", 0, 1), ("1h", 6, 1), ("7min", 0, 1))
LENGTHS = {"1h": 3_600_000_000, "15min": 900_000_000, "7min": 420_000_000}


class Zone:
    """Instants of a zone's wall clock, as zoneinfo knows them."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.info = ZoneInfo(name)
        self.known: dict[tuple[date, int], int] = {}

    def instant(self, day: date, hour: int) -> int:
        """Microseconds since 1970 of a date at an hour of the clock: the first one, or moved on by a gap."""
        found = self.known.get((day, hour))
        if found is None:
            local = datetime(day.year, day.month, day.day, hour)
            offset = local.replace(tzinfo=self.info).utcoffset()
            assert offset is not None
            found = self.known[day, hour] = microseconds(local - offset)
        return found


def dates(every: str, first: date, last: date, week_start: int) -> Iterator[date]:
    """Dates on which a window of days or longer begins, or on which shorter ones begin anew."""
    day = first
    while day <= last:
        if every == "1week" and day.isoweekday() != week_start or every == "1month" and day.day != 1:
            day += DAY
            continue
        yield day
        day += DAY


def boundaries(zone: Zone, every: str, offset: int, first: date, last: date, week_start: int) -> list[int]:
    """Where windows begin and end; a day that never was begins where the next one does."""
    starts = sorted({zone.instant(day, offset) for day in dates(every, first, last, week_start)})
    length = LENGTHS.get(every)
    if length is None:
        return starts
    found = [at for start, end in zip(starts, starts[1:]) for at in range(start, end, length)]
    return found + starts[-1:]


def question_about(zone: Zone, every: str, offset: int, around: date, days: int, week_start: int) -> tuple[str, str]:
    """A question and zoneinfo's answer; no question where no window is so near."""
    span = timedelta(days=days)
    edges = boundaries(zone, every, offset, around - span, around + span, week_start)
    if len(edges) < 2:
        return "", ""
    windows = "".join(f"{start}:{end} " for start, end in zip(edges, edges[1:]))
    return f"windows {zone.name} {every} {every} {offset}h {week_start} {edges[0]} {edges[-1]}", windows


def questions_about(name: str, chance: random.Random) -> dict[str, str]:
    """Answers by question, of one zone."""
    zone = Zone(name)
    # The date in any zone is the one in UTC or a neighbour of it. A zone without transitions has its year 2000.
    moments = [moment.date() for moment in transitions(zone.info, FROM, TO)] or [date(2000, 2, 29)]
    # Close looks at the first jump of each size, and at some that are left to chance.
    kinds: dict[int, date] = {}
    for moment in moments:
        before, after = (zone.instant(moment + shift * DAY, 0) for shift in (-1, 2))
        kinds.setdefault(after - before, moment)
    close = list(kinds.values())[:CLOSE_LOOKS]
    close += chance.sample(moments, min(len(moments), 1 + CLOSE_LOOKS - len(close)))
    asked = {}
    for around, spans in [(moment, LONG) for moment in moments] + [(moment, SHORT) for moment in close]:
        for every, offset, days in spans:
            question, answer = question_about(zone, every, offset, around, days, chance.randint(1, 7))
            if question:
                asked[question] = answer
    return asked


def check(helper: list[str], name: str, chance: random.Random) -> bool:
    """Whether all answers about a zone are zoneinfo's; tells some that are not."""
    asked = questions_about(name, chance)
    with subprocess.Popen(helper, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        answers = process.communicate("".join(question + "\n" for question in asked))[0].splitlines()
    wrong = [
        (question, expected, answer)
        for (question, expected), answer in zip(asked.items(), answers, strict=True)
        if answer != expected
    ]
    for question, expected, answer in wrong[:3]:
        pairs = zip(expected.split(), answer.split())
        odd = next((pair for pair in pairs if pair[0] != pair[1]), (expected[:80], answer[:80]))
        print(f"{question}: expected {odd[0]}, got {odd[1]}")
    return not wrong


def main() -> int:
    helper = sys.argv[1:]
    with subprocess.Popen(helper, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        names = process.communicate("names\n")[0].split()
    chance = random.Random(20111230)
    passed = sum(check(helper, name, chance) for name in names)
    failed = len(names) - passed + (len(names) < 400)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
