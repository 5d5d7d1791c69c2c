"""Make the interpreter at home in an executable that has no files beside it.

The interpreter calls :func:`install` once, right after it was made. From
then on the users' rules can be imported, tracebacks of frozen modules and of
rules show source lines, ``zoneinfo`` has its time zones, and an import that
can't work says what to do instead.

It imports nothing that is not loaded already: each run pays for it.
"""

import sys
from _embedded_files import (
    file,
    module_path,
    module_source,
    names,
    path_source,
    rule,
    rule_code,
    rule_text,
    tzdata,
)
from _frozen_importlib import FrozenImporter, ModuleSpec, _call_with_frames_removed
from _frozen_importlib_external import decode_source

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import CodeType, ModuleType
    from typing import Any, BinaryIO, TypeVar

    Function = TypeVar("Function", bound=Any)

#: Modules that people ask for and that can't be had here, with what to do.
ABSENT: "dict[str, str]" = {
    "numpy": "Series has vectorised arithmetic, comparisons and reductions of its own",
    "pandas": "a rule gets its samples as Series, already cut to the window",
    "polars": "a rule gets its samples as Series, already cut to the window",
    "scipy": "the modules math, statistics and bisect are part of local-processing",
    "ctypes": "a static program loads no foreign libraries",
    "cffi": "a static program loads no foreign libraries",
    "curses": "a rule has no terminal",
    "tkinter": "a rule has no display",
    "readline": "a rule has no terminal",
    "psycopg": "the program itself reads inputs and writes results",
    "psycopg2": "the program itself reads inputs and writes results",
    "asyncpg": "the program itself reads inputs and writes results",
    "sqlalchemy": "the program itself reads inputs and writes results",
    "requests": "urllib.request is part of local-processing; but a rule should "
    "compute from its inputs alone",
    "pytz": "use zoneinfo, which has every IANA time zone",
    "dateutil": "use datetime and zoneinfo",
    "venv": "nothing can be installed into local-processing",
    "ensurepip": "nothing can be installed into local-processing",
    "pip": "nothing can be installed into local-processing",
}

#: Modules that Python itself has given up, with the release that lacks them and what to use.
REMOVED: "dict[str, tuple[str, str]]" = {
    "aifc": ("3.13", "a rule gets its samples as Series; nothing replaces it"),
    "asynchat": ("3.12", "use asyncio"),
    "asyncore": ("3.12", "use asyncio"),
    "audioop": ("3.13", "use array and struct"),
    "binhex": ("3.11", "use binascii or base64"),
    "cgi": ("3.13", "use urllib.parse, and email.message for headers"),
    "cgitb": ("3.13", "use traceback, or faulthandler"),
    "chunk": ("3.13", "use struct"),
    "crypt": ("3.13", "use hashlib"),
    "distutils": ("3.12", "compare versions by tuples of numbers; shutil copies files"),
    "formatter": ("3.10", "use str.format or textwrap"),
    "imghdr": ("3.13", "compare the first bytes of the file"),
    "imp": ("3.12", "use importlib"),
    "lib2to3": ("3.13", "use ast"),
    "macpath": ("3.8", "use pathlib"),
    "mailcap": ("3.13", "use mimetypes"),
    "msilib": ("3.13", "nothing replaces it"),
    "nis": ("3.13", "nothing replaces it"),
    "nntplib": ("3.13", "nothing replaces it"),
    "ossaudiodev": ("3.13", "nothing replaces it"),
    "parser": ("3.10", "use ast"),
    "pipes": ("3.13", "use shlex.quote, or subprocess outside of rules"),
    "smtpd": ("3.12", "nothing replaces it"),
    "sndhdr": ("3.13", "compare the first bytes of the file"),
    "spwd": ("3.13", "nothing replaces it"),
    "sunau": ("3.13", "nothing replaces it"),
    "symbol": ("3.10", "use ast"),
    "telnetlib": ("3.13", "nothing replaces it"),
    "uu": ("3.13", "use base64"),
    "xdrlib": ("3.13", "use struct"),
}


def absence(name: str) -> "str | None":
    """Return why a module can't be imported and what to do; None if nothing is known against it."""
    if name in ABSENT:
        return f"{name} is not part of local-processing: {ABSENT[name]}"
    if name in REMOVED:
        release, advice = REMOVED[name]
        return f"{name} is no longer part of Python, since {release}: {advice}"
    return None


def in_import_system(function: "Function") -> "Function":
    """Let tracebacks and warnings pass over a function as over the import system."""
    code = function.__code__.replace(co_filename="<frozen importlib._bootstrap>")
    function.__code__ = code
    return function


class RuleImporter:
    """Finds and loads the files of the users' rules, as they were read at start."""

    @staticmethod
    @in_import_system
    def find_spec(
        name: str, path: "Sequence[str] | None" = None, target: "ModuleType | None" = None
    ) -> "ModuleSpec | None":
        """Return the spec of a file of the rules, or None.

        Raises
        ------
        ImportError
            If the file is there and can't be imported under its name.
        """
        found = rule(name)
        if found is None:
            return None
        origin, is_package, problem = found
        if problem is not None:
            raise ImportError(f"{origin}: {problem}", name=name, path=origin)
        spec = ModuleSpec(name, RuleImporter, origin=origin, is_package=is_package)
        spec.has_location = not (is_package and not rule_text(name))
        return spec

    @staticmethod
    def create_module(spec: ModuleSpec) -> None:
        """Leave it to the import system to make the module."""

    @staticmethod
    @in_import_system
    def exec_module(module: "ModuleType") -> None:
        """Run the code of a file of the rules in its module."""
        # Its name tells the import system which frames tracebacks needn't show.
        _call_with_frames_removed(exec, rule_code(module.__name__), module.__dict__)

    @staticmethod
    def get_code(name: str) -> "CodeType":
        """Return the code object of a file of the rules."""
        return rule_code(name)

    @staticmethod
    def get_source(name: str) -> "str | None":
        """Return the source of a file of the rules."""
        text = rule_text(name)
        return None if text is None else decode_source(text)

    @staticmethod
    def is_package(name: str) -> bool:
        """Return whether the name is that of a directory of rules."""
        found = rule(name)
        return found is not None and found[1]


class AbsentImporter:
    """Comes last: says what to do where a well-known module can't be had."""

    @staticmethod
    @in_import_system
    def find_spec(
        name: str, path: "Sequence[str] | None" = None, target: "ModuleType | None" = None
    ) -> None:
        """Raise for a name of `ABSENT` or `REMOVED`, return None for any other."""
        reason = absence(name)
        if reason is not None:
            raise ModuleNotFoundError(reason, name=name)


def _get_source(name: str) -> "str | None":
    """Return the source of a frozen module, or None if there is none."""
    source = module_source(name)
    return None if source is None else decode_source(source)


@in_import_system
def _load_linecache(module: "Any", exec_frozen: "Callable[[Any], None]") -> None:
    """Let tracebacks show the lines of what was never a file."""
    exec_frozen(module)
    update_from_file = module.updatecache

    def updatecache(filename: str, module_globals: "Any" = None) -> "list[str]":
        source = path_source(filename) if isinstance(filename, str) else None
        if source is None:
            from_file: "list[str]" = update_from_file(filename, module_globals)
            return from_file
        try:
            lines = decode_source(source).splitlines(keepends=True)
        except (UnicodeDecodeError, SyntaxError):
            return []
        if lines and not lines[-1].endswith("\n"):
            lines[-1] += "\n"
        module.cache[filename] = (len(source), None, lines, filename)
        return lines

    module.updatecache = updatecache


@in_import_system
def _load_tzpath(module: "Any", exec_frozen: "Callable[[Any], None]") -> None:
    """Take the configured directory of time zones, else the embedded ones only.

    What a host has in /usr/share/zoneinfo must not change results. The module
    asks ``sysconfig`` for the default, which would look around on the disk;
    it gets one that knows the answer.
    """
    directory = tzdata()
    answer: "Any" = type(sys)("sysconfig", "Knows the default of zoneinfo.TZPATH.")
    answer.get_config_var = lambda _: directory or ""
    loaded = sys.modules.get("sysconfig")
    sys.modules["sysconfig"] = answer
    try:
        exec_frozen(module)
    finally:
        if loaded is None:
            del sys.modules["sysconfig"]
        else:
            sys.modules["sysconfig"] = loaded
    if sys.flags.ignore_environment:
        module.TZPATH = (directory,) if directory else ()
    available_in_files = module.available_timezones

    def available_timezones() -> "set[str]":
        """Return a set containing all available time zones."""
        zones = set(available_in_files())
        if directory is None:
            zones.update(name.removeprefix("zoneinfo/") for name in names("zoneinfo/"))
        return zones

    module.available_timezones = available_timezones


@in_import_system
def _load_tzdata(module: "Any", exec_frozen: "Callable[[Any], None]") -> None:
    """Load a time zone from inside of the executable where no file has it."""
    exec_frozen(module)
    load_from_package = module.load_tzdata

    def load_tzdata(key: str) -> "BinaryIO":
        data = None
        if tzdata() is None:
            try:
                data = file(f"zoneinfo/{key}")
            except UnicodeEncodeError:
                pass
        if data is None:
            from_package: "BinaryIO" = load_from_package(key)
            return from_package
        from io import BytesIO

        return BytesIO(data)

    module.load_tzdata = load_tzdata


@in_import_system
def _load_collections(module: "Any", exec_frozen: "Callable[[Any], None]") -> None:
    """Make ``isinstance(series, Sequence)`` true for whoever asks.

    Not when Series is made: 25 abstract base classes take as long to make as
    all that rules need besides, and most rules ask for none.
    """
    from _local_processing import Series

    exec_frozen(module)
    module.Sequence.register(Series)


#: Frozen modules that are changed while they are loaded.
MENDED: "dict[str, Callable[[Any, Callable[[Any], None]], None]]" = {
    "_collections_abc": _load_collections,
    "linecache": _load_linecache,
    "zoneinfo._common": _load_tzdata,
    "zoneinfo._tzpath": _load_tzpath,
}


class MendingImporter(FrozenImporter):
    """Loads what is in `MENDED`."""

    @staticmethod
    @in_import_system
    def exec_module(module: "ModuleType") -> None:
        """Run the code of a frozen module, and change what is to be changed."""
        MENDED[module.__name__](module, FrozenImporter.exec_module)


@in_import_system
def _find_spec(
    name: str,
    path: "Sequence[str] | None" = None,
    target: "ModuleType | None" = None,
    *,
    find_frozen: "Callable[..., Any]" = FrozenImporter.find_spec,
) -> "ModuleSpec | None":
    """Find a frozen module, and say where it would be if there were a file.

    Some modules of the standard library use their own ``__file__`` and
    ``__path__``, of which frozen ones have none.
    """
    spec: "ModuleSpec | None" = find_frozen(name, path, target)
    if spec is not None:
        location = module_path(name)
        if location is not None:
            spec.origin = location
            spec.has_location = True
            if spec.submodule_search_locations is not None:
                spec.submodule_search_locations[:] = [location.rpartition("/")[0]]
        if name in MENDED:
            spec.loader = MendingImporter
    return spec


def _locate_loaded() -> None:
    """Do for the modules that were loaded before the hooks what `_find_spec` does."""
    for name, module in list(sys.modules.items()):
        spec = getattr(module, "__spec__", None)
        location = module_path(name)
        if location is not None and spec is not None and spec.loader is FrozenImporter:
            spec.origin = module.__file__ = location
            spec.has_location = True
            if spec.submodule_search_locations is not None:
                spec.submodule_search_locations[:] = [location.rpartition("/")[0]]
                module.__path__ = spec.submodule_search_locations


def install(for_rules: bool) -> None:
    """Install the import hooks."""
    setattr(FrozenImporter, "get_source", staticmethod(_get_source))
    setattr(FrozenImporter, "find_spec", staticmethod(_find_spec))
    _locate_loaded()
    # Behind the built-in and the frozen modules, before the path.
    sys.meta_path.insert(2, RuleImporter)
    sys.meta_path.append(AbsentImporter)
    if for_rules:
        # Whoever asks for input would wait for a person who is not there.
        setattr(sys, "stdin", None)


def install_builtins(_: object = None) -> None:
    """Add what the module ``site`` adds to the builtins of ``python3``."""
    import builtins
    from _sitebuiltins import Quitter, _Helper

    end_of_file = "Ctrl-D (i.e. EOF)"
    for name in ("quit", "exit"):
        setattr(builtins, name, Quitter(name, end_of_file))
    setattr(builtins, "help", _Helper())
