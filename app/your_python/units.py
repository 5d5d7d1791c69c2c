"""Conversion of units, which the program's own process does: it has UDUNITS.

launcher/process/other_units.c answers. Each question is asked once in a process.
"""

from __future__ import annotations

import math
import socket
import struct
from typing import Any, Dict, NamedTuple, Optional, Tuple

CONVERT, CONVERT_STORED, HAS_ZERO = range(3)
_QUESTION = struct.Struct("<IId200s200s")
_ANSWER = struct.Struct("<IIddd768s")

#: The end of the socket; None: nobody answers, as in a script that imports this by itself.
helper: Optional[socket.socket] = None

_DELTA = "delta_"


class Conversion(NamedTuple):
    """What makes values of one unit those of another."""

    scale: float
    offset: float
    divisor: float
    why: Optional[str]  # there is none; None: there is one

    def apply(self, value: float) -> float:
        """Return the value in the other unit."""
        return (value / self.divisor if self.divisor != 0 else value * self.scale) + self.offset


_known: Dict[Tuple[Any, ...], Conversion] = {}


def _ask(kind: int, from_unit: str, zeros: float, to_unit: str) -> Conversion:
    texts = [text.encode("utf-8", "replace") for text in (from_unit, to_unit)]
    if max(map(len, texts)) > 199 or b"\0" in b"".join(texts):
        return Conversion(1.0, 0.0, 0.0, '"%s" is no unit that is known' % from_unit)
    if helper is None:
        raise RuntimeError("units are converted by local-processing, which has not started this process")
    own, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with own:
        with other:
            rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, struct.pack("i", other.fileno()))]
            helper.sendmsg([_QUESTION.pack(kind, 0, zeros, *texts)], rights)
        got = own.recv(_ANSWER.size)
    if len(got) != _ANSWER.size:
        raise RuntimeError("the process that converts units has ended")
    known, _, scale, offset, divisor, why = _ANSWER.unpack(got)
    return Conversion(scale, offset, divisor, None if known else why.split(b"\0", 1)[0].decode("utf-8", "replace"))


def convert(from_unit: str, zeros: float, to_unit: str, stored: bool = False) -> Conversion:
    """Return the conversion of a quantity: a unit, and how many of its zeros are in a value (NaN: not known)."""
    if from_unit == to_unit and zeros == 1:
        return Conversion(1.0, 0.0, 0.0, None)
    key = (from_unit, None if math.isnan(zeros) else zeros, to_unit, stored)
    found = _known.get(key)
    if found is None:
        found = _known[key] = _ask(CONVERT_STORED if stored else CONVERT, from_unit, zeros, to_unit)
    return found


def between(from_unit: str, to_unit: str) -> Conversion:
    """Return the conversion of readings."""
    return convert(from_unit, 1.0, to_unit, stored=True)


def unit_conversion(from_unit: str, to_unit: str) -> Tuple[float, float]:
    """Return scale and offset: to = from * scale + offset."""
    found = between(from_unit, to_unit)
    if found.why is not None:
        raise ValueError(found.why)
    return found.scale, found.offset


def is_difference(unit: str) -> bool:
    """Return whether this is a unit of differences."""
    return unit.startswith(_DELTA)


def stem(unit: str) -> str:
    """Return the unit without what makes it one of differences."""
    return unit[len(_DELTA) :] if is_difference(unit) else unit


def has_zero(unit: str) -> bool:
    """Return whether the unit has a zero that is not nothing, as degC has."""
    if not unit or is_difference(unit):
        return False
    key = (unit,)
    found = _known.get(key)
    if found is None:
        found = _known[key] = _ask(HAS_ZERO, unit, 1.0, "")
    return found.why is None


def is_same(one: str, other: str) -> bool:
    """Return whether two texts name one unit: degC and °C, kWh and kW h."""
    if one == other:
        return True
    if not one or not other:
        return False
    found = between(one, other)
    return found.why is None and found.scale == 1 and found.offset == 0
