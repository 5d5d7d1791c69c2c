"""Makes the modules that local_processing consists of, and what it takes its types from."""

from __future__ import annotations

# Its C functions, which local_processing uses, take their exception from it.
import json.decoder  # noqa: F401
import sys
from importlib import util
from types import ModuleType
from typing import Any, Dict, Optional

from your_python import lines, series, units, values


def provide() -> None:
    """Make the module `_local_processing`, which the built-in interpreter has in C."""
    module = ModuleType("_local_processing", "The types that rules see; import local_processing instead.")
    contents: Dict[str, Any] = {
        "Context": values.Context,
        "Sample": values.Sample,
        "Series": series.Series,
        "Window": values.Window,
        "unit_conversion": units.unit_conversion,
        "scaled": series.scaled,
        "log": lines.log,
        "log_level": lines.log_level,
    }
    vars(module).update(contents)
    for kind in (values.Context, values.Sample, series.Series, values.Window):
        kind.__module__ = "local_processing"
    sys.modules["_local_processing"] = module
    # What `check` asks about a module that is imported within a function.
    embedded = ModuleType("_embedded", "Which modules cannot be imported.")
    embedded.absence = _absence  # type: ignore[attr-defined]
    sys.modules["_embedded"] = embedded
    import local_processing

    local_processing.frame = series.frame
    local_processing.__all__.append("frame")


def _absence(name: str) -> Optional[str]:
    try:
        found = util.find_spec(name)
    except (ImportError, ValueError):
        found = None
    return None if found is not None else "No module named %r in %s" % (name, sys.executable)
