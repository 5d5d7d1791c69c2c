"""The import system's own names for what importlib.machinery shows."""

import importlib.machinery
from collections.abc import Callable
from importlib.machinery import FrozenImporter as FrozenImporter
from typing import Any, ParamSpec, TypeVar

_P = ParamSpec("_P")
_R = TypeVar("_R")

class ModuleSpec(importlib.machinery.ModuleSpec):
    loader: Any  # a class with static methods serves as well
    def __init__(
        self,
        name: str,
        loader: Any,
        *,
        origin: str | None = None,
        loader_state: Any = None,
        is_package: bool | None = None,
    ) -> None: ...

def _call_with_frames_removed(f: Callable[_P, _R], *args: _P.args, **kwds: _P.kwargs) -> _R: ...
