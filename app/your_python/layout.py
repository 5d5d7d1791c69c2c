"""Where things lie in the memory that the processes share: what start.py was told, by name."""

from __future__ import annotations

import struct
from typing import Any, Dict, List, NamedTuple, Optional, Tuple

#: "task.window": the offset of that field; "task": the size of the struct; "LP_STATE_OK": the number.
NUMBER: Dict[str, int] = {}


def read(bundle: Any) -> None:
    """Read the table."""
    for _ in range(bundle.number()):
        name = bundle.text()
        NUMBER[name] = bundle.number()
    NUMBER["interrupt"] = bundle.number()
    NUMBER["traceback"] = bundle.number()


def fields(struct_name: str, *parts: Tuple[str, str]) -> struct.Struct:
    """Return how to read some fields of a struct at once: names and formats, in any order of their offsets.

    The values come in the order of the offsets, so the names have to as well.
    """
    form, at = "<", 0
    for name, code in parts:
        offset = NUMBER["%s.%s" % (struct_name, name)]
        if offset < at:
            raise ValueError("%s.%s is not behind the field before it" % (struct_name, name))
        form += "%dx%s" % (offset - at, code)
        at = offset + struct.calcsize("<" + code)
    return struct.Struct(form)


class Source(NamedTuple):
    """A file of rules."""

    module: str
    path: str
    text: bytes
    is_package: bool
    problem: Optional[str]
    version: str
    is_own: bool  # the others can be imported by those that are


class Skip(NamedTuple):
    """A file that is not imported, because an earlier server has come to an end in it."""

    module: str
    kind: str
    reason: str
    traceback: Optional[str]


class Setup(NamedTuple):
    """What the program wants."""

    sources: List[Source]
    skips: List[Skip]
    rules: Optional[str]
    interpreter: str
    look_ahead: bool
    memory_limit: int
    level: int
    shared_address: int
    shared_size: int
    files: int
    read_rights: int
    capabilities: int
    server_filter: bytes
    interpreter_filter: bytes
    units: int
    #: Of the program's constants: address, size, and where they lie in its file, which is open.
    constants: List[Tuple[int, int, int]]
    program: int


def read_setup(bundle: Any) -> Setup:
    """Read the rest of the bundle."""
    sources = [
        Source(
            bundle.text(),
            bundle.text(),
            bundle.data(),
            bool(bundle.number()),
            bundle.text(),
            bundle.text(),
            bool(bundle.number()),
        )
        for _ in range(bundle.number())
    ]
    skips = [
        Skip(bundle.text(), bundle.text(), bundle.text(), bundle.text()) for _ in range(bundle.number())
    ]
    return Setup(
        sources,
        skips,
        bundle.text(),
        bundle.text(),
        bool(bundle.number()),
        bundle.number(),
        bundle.number(),
        bundle.number(),
        bundle.number(),
        bundle.number(),
        bundle.number(),
        bundle.number(),
        bundle.data(),
        bundle.data(),
        bundle.number(),
        [(bundle.number(), bundle.number(), bundle.number()) for _ in range(bundle.number())],
        bundle.number(),
    )
