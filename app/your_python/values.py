"""Sample, Window and Context, and times between microseconds since 1970 and datetime.

As launcher/rules/values.c, context.c and times.c have them.
"""

from __future__ import annotations

import datetime
import importlib
from types import MappingProxyType
from typing import Any, Dict, Mapping, Optional, Tuple

UTC = datetime.timezone.utc
_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = datetime.timedelta(microseconds=1)
TIME_MIN = -62135596800000000
TIME_MAX = 253402300799999999
TIME_NONE = -(2**63)

EMPTY: Mapping[str, Any] = MappingProxyType({})

GOOD, UNCERTAIN, BAD = range(3)


def time_text(time: int) -> str:
    """Return a time as messages show it."""
    if not TIME_MIN <= time <= TIME_MAX:
        return "%d us" % time
    return datetime_of(time).replace(tzinfo=None).isoformat() + "Z"


def datetime_of(time: int, zone: Optional[datetime.tzinfo] = None) -> datetime.datetime:
    """Return the instant as an aware datetime."""
    if not TIME_MIN <= time <= TIME_MAX:
        raise OverflowError("%d microseconds since 1970 is outside of the years 1 to 9999" % time)
    instant = _EPOCH + datetime.timedelta(microseconds=time)
    if zone is None or zone is UTC:
        return instant
    try:
        return instant.astimezone(zone)
    except OverflowError:
        # The first and the last hours of the calendar have no local time, so UTC stands for the same instant.
        return instant


def time_of(value: Any, what: str) -> int:
    """Return the microseconds since 1970 of an aware datetime, or of an int that is them."""
    if isinstance(value, int) and not isinstance(value, bool):
        if TIME_MIN <= value <= TIME_MAX:
            return int(value)
        raise ValueError("%s: %r microseconds since 1970 is outside of the years 1 to 9999" % (what, value))
    if not isinstance(value, datetime.datetime):
        raise TypeError(
            "%s must be a datetime with a time zone (or an int of microseconds since 1970), not %s"
            % (what, type(value).__name__)
        )
    offset = value.utcoffset()
    if not isinstance(offset, datetime.timedelta):
        raise ValueError("%s: %s has no time zone: which instant it is can't be told" % (what, value))
    return (value.replace(tzinfo=UTC) - _EPOCH - offset) // _MICROSECOND


def real(value: Any) -> float:
    """Return a number as a float; a text is none."""
    if not isinstance(value, (float, int)) and not hasattr(type(value), "__float__"):
        if not hasattr(type(value), "__index__"):
            raise TypeError("must be real number, not %s" % type(value).__name__)
    return float(value)


class Sample(Tuple[datetime.datetime, float, int]):
    """A value at a time, a tuple of the three."""

    __slots__ = ()

    def __new__(cls, time: Any, value: float, quality: int = 0) -> "Sample":
        """Make one; the quality is 0 good, 1 uncertain or 2 bad."""
        instant = datetime_of(time_of(time, "time"))
        number = real(value)
        if not isinstance(quality, int):
            raise TypeError("'%s' object cannot be interpreted as an integer" % type(quality).__name__)
        if not GOOD <= quality <= BAD:
            raise ValueError("quality is none of 0 (good), 1 (uncertain), 2 (bad): %d" % quality)
        return tuple.__new__(cls, (instant, number, int(quality)))

    def __getnewargs__(self) -> Tuple[Any, ...]:
        """Return the arguments that make it again."""
        return tuple(self)

    def __repr__(self) -> str:
        """Show it as the call that makes it."""
        return "Sample(%s, %r, quality=%r)" % (self[0], self[1], self[2])

    time = property(lambda self: self[0], doc="When: an aware datetime, UTC.")
    value = property(lambda self: self[1], doc="What: a float.")
    quality = property(lambda self: self[2], doc="0 good, 1 uncertain (used as good is), 2 bad (missing).")


def sample_of(time: int, value: float, quality: int) -> Sample:
    """Return a sample of checked parts."""
    return tuple.__new__(Sample, (datetime_of(time), value, quality))


class Window:
    """The half-open interval [start, end) that a calculation covers."""

    __slots__ = ("_start", "_end", "_zone", "_zone_name")

    def __init__(self, start: Any, end: Any) -> None:
        """Make one of two times."""
        self._start, self._end = time_of(start, "start"), time_of(end, "end")
        if self._end < self._start:
            raise ValueError("a window's end is not before its start, in the years 1 to 9999")
        zone = start.tzinfo if isinstance(start, datetime.datetime) else None
        self._zone: Optional[datetime.tzinfo] = zone or UTC
        self._zone_name = ""

    @property
    def start(self) -> datetime.datetime:
        """First instant of the window: an aware datetime in the calculation's zone."""
        return datetime_of(self._start, self.zone)

    @property
    def end(self) -> datetime.datetime:
        """First instant after the window."""
        return datetime_of(self._end, self.zone)

    @property
    def duration(self) -> datetime.timedelta:
        """Elapsed time from start to end."""
        return datetime.timedelta(microseconds=self._end - self._start)

    @property
    def zone(self) -> datetime.tzinfo:
        """The calculation's time zone."""
        if self._zone is None:
            self._zone = zone_of(self._zone_name)
        return self._zone

    def __contains__(self, time: Any) -> bool:
        """Return whether a time lies in it."""
        return self._start <= time_of(time, "a time") < self._end

    def __eq__(self, other: Any) -> Any:
        """Return whether two windows begin and end at the same instants."""
        if type(other) is not Window:
            return NotImplemented
        return (self._start, self._end) == (other._start, other._end)

    def __hash__(self) -> int:
        """Return a number that equal windows share."""
        return hash((self._start, self._end))

    def __repr__(self) -> str:
        """Show both ends."""
        return "<Window %s ... %s>" % (self.start, self.end)


def window_of(start: int, end: int, zone: Any) -> Window:
    """Return a window of microseconds; zone: a tzinfo, or the name of one."""
    window = Window.__new__(Window)
    window._start, window._end = start, end
    if isinstance(zone, str):
        window._zone, window._zone_name = None, zone
    else:
        window._zone, window._zone_name = zone, ""
    return window


_zones: Dict[str, datetime.tzinfo] = {}


def zone_of(name: str) -> datetime.tzinfo:
    """Return a time zone by its name."""
    if name in ("", "UTC"):
        return UTC
    if name not in _zones:
        try:
            from zoneinfo import ZoneInfo

            _zones[name] = ZoneInfo(name)
        except ImportError:
            # Before Python 3.9; pandas brings it.
            _zones[name] = importlib.import_module("dateutil.tz").gettz(name)
    return _zones[name]


class Context:
    """What a rule may know about the calculation that it computes."""

    __slots__ = ("calculation", "rule", "tick", "window", "labels", "units", "attempt")

    calculation: str
    rule: str
    tick: Optional[datetime.datetime]
    window: Optional[Window]
    labels: Mapping[str, str]
    units: Mapping[str, str]
    attempt: int

    def __init__(
        self,
        *,
        calculation: str = "",
        rule: str = "",
        tick: Optional[datetime.datetime] = None,
        window: Optional[Window] = None,
        labels: Mapping[str, str] = EMPTY,
        units: Mapping[str, str] = EMPTY,
        attempt: int = 1
    ) -> None:
        """Make one, for tests."""
        set_field = object.__setattr__
        set_field(self, "calculation", calculation)
        set_field(self, "rule", rule)
        set_field(self, "tick", tick)
        set_field(self, "window", window)
        set_field(self, "labels", labels)
        set_field(self, "units", units)
        set_field(self, "attempt", attempt)

    def __setattr__(self, name: str, value: Any) -> None:
        """Refuse to change it."""
        raise AttributeError("a Context cannot be changed: %s" % name)

    def __repr__(self) -> str:
        """Show calculation, rule and window."""
        return "<Context of %r, rule %r, %s>" % (self.calculation, self.rule, self.window)
