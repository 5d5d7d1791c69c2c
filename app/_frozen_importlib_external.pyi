"""The import system's own names for what importlib.util shows."""

from importlib.util import decode_source as decode_source
