"""Importing the users' files into the catalogue, as launcher/rules/import.c and catalogue.c do."""

from __future__ import annotations

import hashlib
import struct
import sys
from typing import Any, Dict, List, NamedTuple, Optional, Tuple

from your_python import failure, leftovers, limit
from your_python.area import Area
from your_python.layout import NUMBER, Setup, Source
from your_python.lines import Lines

#: Whose versions count besides Python's own.
_PACKAGES = ("numpy", "pandas")


class Record:
    """Numbers and texts one after the other, as launcher/process/record.c reads them."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.data = bytearray()

    def number(self, number: int) -> None:
        """Add a number."""
        self.data += struct.pack("<q", number)

    def text(self, text: Optional[str]) -> None:
        """Add a text, or that there is none."""
        if text is None:
            self.number(-1)
            return
        data = text.encode("utf-8", "backslashreplace").replace(b"\0", b"\\x00")
        self.number(len(data))
        self.data += data


class Entry(NamedTuple):
    """A rule that can be called."""

    function: Any
    description: Any
    version: str
    problem: Optional[str]


class Catalogue:
    """What the files have: rules, failures of whole files, and problems for people."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.rules: Dict[str, Entry] = {}
        self.failures: Dict[str, Tuple[failure.Failure, str]] = {}
        self.problems: List[Tuple[Optional[str], int, int, str]] = []
        self.record = Record()
        self.count = 0

    def failure_of(self, rule: str) -> Optional[Tuple[failure.Failure, str]]:
        """Return the failure of a rule's file, and its version."""
        return self.failures.get(rule.rpartition(".")[0])


def versions() -> str:
    """Return what computes: "3.11.2 numpy 1.24.2 pandas 1.5.3"."""
    found = ["%d.%d.%d" % sys.version_info[:3]]
    for name in _PACKAGES:
        module = sys.modules.get(name)
        version = getattr(module, "__version__", None)
        if version is None:
            try:
                from importlib import metadata

                version = metadata.version(name)
            except Exception:
                continue
        found.append("%s %s" % (name, str(version)[:16]))
    return " ".join(found)


def description(setup: Setup) -> str:
    """Return which interpreter this is, for people."""
    name = {"cpython": "CPython"}.get(sys.implementation.name, sys.implementation.name)
    return "%s: %s %s" % (setup.interpreter, name, versions().replace(" numpy", ", numpy").replace(" pandas", ", pandas"))


def _version(source: Source, computes: str) -> str:
    digits = hashlib.sha256((source.version + " " + computes).encode()).hexdigest()[:12]
    return ("%s %s" % (digits, computes))[:64]


def _add_rules(catalogue: Catalogue, module: Any, source: Source, version: str) -> None:
    for function in list(vars(module).values()):
        found = getattr(function, "__rule__", None)
        if found is None or not hasattr(function, "__code__") or function.__module__ != source.module:
            continue
        name = "%s.%s" % (source.module, found.name)
        for problem in found.problems:
            catalogue.problems.append((source.path, found.line, 0, "rule %s: %s" % (name, problem)))
        other = catalogue.rules.get(name)
        if other is not None:
            if other.description.line != found.line:
                catalogue.problems.append(
                    (
                        source.path,
                        found.line,
                        0,
                        "rule %s: there is another of this name in line %d" % (name, other.description.line),
                    )
                )
            continue
        problem = "; ".join(found.problems) or None
        catalogue.rules[name] = Entry(function, found, version, problem)
        if problem is None:
            _describe(catalogue.record, name, source, version, found)
            catalogue.count += 1


def _describe(record: Record, name: str, source: Source, version: str, found: Any) -> None:
    record.text(name)
    record.text(found.document.split("\n")[0])
    record.text(found.document)
    record.text(source.path)
    record.number(found.line)
    record.text(version)
    record.number(found.returns)
    record.number(len(found.inputs))
    for input_name, optional, many, lookback in found.inputs:
        record.text(input_name)
        record.number(optional)
        record.number(many)
        record.number(lookback)
    record.number(len(found.parameters))
    for parameter, kind, nullable, default, choices in found.parameters:
        record.text(parameter)
        record.number(kind)
        record.number(nullable)
        record.text(default)
        record.text(choices)
    record.number(len(found.outputs))
    for output in found.outputs:
        record.text(output)


def _import(catalogue: Catalogue, source: Source, paths: Any, area: Area, index: int) -> Any:
    """Import a file, and return its module; None: it failed."""
    failed: Optional[failure.Failure] = None
    module = None
    limit.begin()
    area.begin(index)
    try:
        limit.Call.active = True
        # Python leaves the frames of importlib out of a traceback of this one.
        __import__(source.module)
        limit.Call.active = False
        module = sys.modules[source.module]
    except BaseException as exception:
        limit.Call.active = False
        failed = failure.of(exception, paths)
    if leftovers.threads() is not None:
        failure.give_up(65, "its import leaves a thread: start threads in the rule, or do without")
    if limit.Call.interrupted:
        failed = failure.Failure("TimeLimit", "still being imported after its time limit", "")
    area.end()
    what = leftovers.put_back()
    if what:
        Lines.write(
            NUMBER["LP_LOG_WARNING"],
            "local-processing",
            "",
            "what a file of rules changes while it is imported is put back: %s: %s" % (source.path[:200], what[:200]),
        )
    if failed is None:
        return module
    _fail(catalogue, source, failed)
    return None


def _fail(catalogue: Catalogue, source: Source, failed: failure.Failure) -> None:
    catalogue.failures[source.module] = (failed, source.version)
    file = failed.file if failed.file is not None else source.path
    what = failed.kind + (": " + failed.message if failed.message else "")
    catalogue.problems.append((file, failed.line, failed.column if failed.column > 0 else 0, what))


def load(setup: Setup, area: Area) -> Catalogue:
    """Import the files of this interpreter."""
    catalogue = Catalogue()
    paths = {source.path for source in setup.sources}
    skips = {skip.module: skip for skip in setup.skips}
    imported = []
    for index, source in enumerate(setup.sources):
        if not source.is_own:
            continue
        if source.problem is not None:
            failed = failure.Failure("ImportError", source.problem, "")
            catalogue.failures[source.module] = (failed, source.version)
            catalogue.problems.append((source.path, 0, 0, source.problem))
        elif source.module in skips:
            skip = skips[source.module]
            _fail(catalogue, source, failure.Failure(skip.kind, skip.reason, skip.traceback or ""))
        else:
            module = _import(catalogue, source, paths, area, index + 1)
            if module is not None:
                imported.append((source, module))
    # Only now it is known which packages the files have imported.
    computes = versions()
    for source, module in imported:
        _add_rules(catalogue, module, source, _version(source, computes))
    if setup.look_ahead:
        _look_ahead(catalogue, setup)
    return catalogue


def _look_ahead(catalogue: Catalogue, setup: Setup) -> None:
    """Find imports inside of functions that will fail when they run."""
    from local_processing import _imports

    own = frozenset(source.module for source in setup.sources)
    for source in setup.sources:
        if source.is_own and source.module not in catalogue.failures and source.problem is None:
            for line, reason in _imports.absent_imports(source.text, own):
                catalogue.problems.append((source.path, line, 0, reason))


def published(catalogue: Catalogue, setup: Setup) -> bytes:
    """Return the catalogue as the program reads it."""
    record = Record()
    record.number(catalogue.count)
    record.data += catalogue.record.data
    problems = catalogue.problems[:1000]
    record.number(len(problems))
    record.number(len(catalogue.problems) - len(problems))
    for file, line, column, what in problems:
        record.text(file)
        record.number(line)
        record.number(column)
        record.text(what)
    record.text(description(setup))
    return bytes(record.data)
