"""JSON without the module `json`, which imports `re`: a worker starts in less time.

It uses the C functions that `json` itself is made of.
"""

import _json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# Nobody has written down the types of these functions.
_c: "Any" = _json


class _Settings:
    """What the scanner asks for: JSON as `json.loads` takes it."""

    strict = True
    object_hook = None
    object_pairs_hook = None
    parse_float = float
    parse_int = int
    parse_constant = float


_scan = _c.make_scanner(_Settings)


def _refuse(value: object) -> object:
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")


_encode = _c.make_encoder(None, _refuse, _c.encode_basestring, None, ": ", ", ", True, False, False)


def parse(text: str) -> object:
    """Return the value that `text` is, which the program itself has written.

    Parameters
    ----------
    text : str
        Canonical JSON: no space at its start.

    Returns
    -------
    object
        None, bool, int, float, str, list or dict.
    """
    try:
        value, end = _scan(text, 0)
    except StopIteration as error:
        raise ValueError(f"no JSON value at character {error.value}: {text[:40]!r}") from None
    if text[end:].strip():
        raise ValueError(f"something follows the JSON value: {text[end : end + 40]!r}")
    return value


def write(value: object) -> str:
    """Return `value` as JSON.

    Raises
    ------
    TypeError
        It is, or holds, nothing that JSON has.
    ValueError
        It holds NaN, an infinity, or itself.
    """
    return "".join(_encode(value, 0))
