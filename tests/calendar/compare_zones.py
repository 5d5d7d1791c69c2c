"""Compare the calendar with Python's zoneinfo: every zone, every transition.

Run by test_zones inside `local-processing python`, whose zoneinfo reads the
same data, with another implementation.
"""
from __future__ import annotations

import random
import subprocess
import sys
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

EPOCH = datetime(1970, 1, 1)
MICROSECOND = timedelta(microseconds=1)
FROM, TO = datetime(1970, 1, 1), datetime(2101, 1, 1)


def microseconds(moment: datetime) -> int:
    """Whole microseconds from 1970 to a naive time."""
    return (moment - EPOCH) // MICROSECOND


def offset_at(zone: ZoneInfo, instant: datetime) -> tuple[int, str]:
    """Offset in microseconds and abbreviation at a naive time in UTC."""
    local = instant.replace(tzinfo=timezone.utc).astimezone(zone)
    offset = local.utcoffset()
    assert offset is not None
    return offset // MICROSECOND, local.tzname() or ""


def transitions(zone: ZoneInfo, first: datetime, last: datetime) -> list[datetime]:
    """Instants at which the offset changes, found by halving steps of a week."""
    found = []
    step = timedelta(days=7)
    at, before = first, offset_at(zone, first)
    while at < last:
        after = offset_at(zone, at + step)
        if after != before:
            low, high = at, at + step
            while high - low > timedelta(seconds=1):
                middle = low + (high - low) // 2
                middle = middle.replace(microsecond=0)
                if offset_at(zone, middle) == before:
                    low = middle
                else:
                    high = middle
            found.append(high)
        at, before = at + step, after
    return found


def moments_of(zone: ZoneInfo, chance: random.Random) -> list[datetime]:
    """What to ask about: around transitions, anywhere, and far away."""
    moments = []
    for transition in transitions(zone, FROM, TO):
        moments += [transition - MICROSECOND, transition, transition + MICROSECOND]
    for first, last, count in ((1971, 2100, 60), (2, 1969, 20), (2101, 9997, 20)):
        span = datetime(last + 1, 1, 1) - datetime(first, 1, 1)
        moments += [datetime(first, 1, 1) + span * chance.random() for _ in range(count)]
    return moments


def questions_about(name: str, chance: random.Random) -> list[tuple[str, str]]:
    """Pairs of a question and Python's answer."""
    zone = ZoneInfo(name)
    pairs = []
    for moment in moments_of(zone, chance):
        offset, abbreviation = offset_at(zone, moment)
        pairs.append((f"offset {name} {microseconds(moment)}", f"{offset} {abbreviation}"))
        # The same numbers as a local time: around gaps and repeated hours too.
        for local in (moment, moment + timedelta(microseconds=offset), moment + timedelta(microseconds=offset, minutes=29)):
            aware = local.replace(tzinfo=zone)
            shift = aware.utcoffset()
            assert shift is not None
            pairs.append((f"utc {name} {microseconds(local)}", str(microseconds(local - shift))))
    return pairs


def main() -> int:
    helper = sys.argv[1:]
    with subprocess.Popen(helper, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        names = process.communicate("names\n")[0].split()
    if len(names) < 400:
        print(f"expected at least 400 zones, found {len(names)}\n0 passed, 1 failed")
        return 1
    failed = 0
    chance = random.Random(20111230)
    for name in names:
        pairs = questions_about(name, chance)
        with subprocess.Popen(helper, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            answers = process.communicate("".join(question + "\n" for question, _ in pairs))[0].splitlines()
        wrong = [
            (question, expected, answer)
            for (question, expected), answer in zip(pairs, answers, strict=True)
            if answer != expected
        ]
        for question, expected, answer in wrong[:5]:
            print(f"{question}: expected {expected}, got {answer}")
        failed += bool(wrong)
    print(f"{len(names) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
