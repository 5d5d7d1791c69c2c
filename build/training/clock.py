"""Training: dates, times, zones."""

from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo


def zone() -> ZoneInfo | timezone:
    """Return a zone with daylight saving time, where the machine has one."""
    try:
        return ZoneInfo("Europe/Berlin")
    except KeyError:
        return timezone(timedelta(hours=1))


def instants() -> int:
    """Add, subtract, compare, convert."""
    local = zone()
    moment = datetime(2026, 3, 29, tzinfo=UTC)
    total = 0
    for _ in range(400):
        moment += timedelta(minutes=15)
        there = moment.astimezone(local)
        total += there.hour + there.toordinal() + int(there.utcoffset().total_seconds())
        total += there.weekday() + (there > datetime(2026, 3, 29, 12, tzinfo=UTC))
    return total


def texts() -> int:
    """Parse and format times."""
    total = 0
    for hour in range(300):
        text = f"2026-02-{hour % 28 + 1:02d}T{hour % 24:02d}:30:00+01:00"
        moment = datetime.fromisoformat(text)
        total += len(moment.isoformat()) + int(moment.timestamp()) % 7
        total += len(moment.strftime("%Y-%m-%d %H:%M")) + moment.isocalendar().week
    return total + datetime.strptime("2026-01-02 03:04", "%Y-%m-%d %H:%M").minute


def days() -> int:
    """Walk over the days of a year."""
    day, total = date(2026, 1, 1), 0
    while day.year == 2026:
        total += day.timetuple().tm_yday + (day - date(2026, 1, 1)).days
        total += hash(day.replace(day=1)) % 3
        day += timedelta(days=1)
    return total
