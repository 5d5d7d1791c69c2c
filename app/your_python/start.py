"""Reads what the program hands over, and makes its modules importable.

launcher/process/other.c writes it and starts this text, which is no module yet.
"""

import importlib.abc
import importlib.machinery
import struct
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Optional, Tuple


class Bundle:
    """Numbers and texts, one after the other."""

    def __init__(self, file: "Any") -> None:
        """Read the rest of a file."""
        self._bytes = file.read()
        self._at = 0

    def number(self) -> int:
        """Return the next number."""
        (number,) = struct.unpack_from("<q", self._bytes, self._at)
        self._at += 8
        return int(number)

    def data(self) -> "Optional[bytes]":
        """Return the next bytes; None: there are none."""
        size = self.number()
        if size < 0:
            return None
        self._at += size
        return bytes(self._bytes[self._at - size : self._at])

    def text(self) -> "Optional[str]":
        """Return the next text; None: there is none."""
        found = self.data()
        return None if found is None else found.decode("utf-8", "surrogateescape")


class Finder(importlib.abc.MetaPathFinder, importlib.abc.InspectLoader):
    """Finds modules among texts."""

    def __init__(self) -> None:
        """Begin without any."""
        #: Of each module: its text, what it is called in tracebacks, whether it is a package.
        self.texts: "Dict[str, Tuple[bytes, str, bool]]" = {}

    def find_spec(self, name: str, path: "Any", target: "Any" = None) -> "Any":
        """Return what is known of a module."""
        if name not in self.texts:
            return None
        _, origin, is_package = self.texts[name]
        spec = importlib.machinery.ModuleSpec(name, self, origin=origin, is_package=is_package)
        spec.has_location = True
        return spec

    def is_package(self, name: str) -> bool:
        """Return whether it has modules below it."""
        return self.texts[name][2]

    def get_source(self, name: str) -> str:
        """Return its text, which tracebacks show."""
        import io
        import tokenize

        text = self.texts[name][0]
        encoding, _ = tokenize.detect_encoding(io.BytesIO(text).readline)
        return io.TextIOWrapper(io.BytesIO(text), encoding, line_buffering=True).read()

    def get_code(self, name: str) -> "Any":
        """Compile it."""
        return self.source_to_code(self.texts[name][0], self.texts[name][1])

    def get_filename(self, name: str) -> str:
        """Return what it is called in tracebacks."""
        return self.texts[name][1]

    # It has no bytecode, so importlib need not look for any.
    exec_module = importlib.abc.InspectLoader.exec_module


def read_program(bundle: Bundle, finder: Finder) -> None:
    """Read the modules of this program."""
    name = bundle.text()
    while name is not None:
        text = bundle.data()
        if name.endswith(".py") and text is not None:
            module = name[: -len(".py")].replace("/", ".")
            is_package = module.endswith(".__init__")
            if is_package:
                module = module[: -len(".__init__")]
            finder.texts[module] = (text, "app/" + name, is_package)
        name = bundle.text()


def start(file: "Any") -> None:
    """Read the bundle, and be a rule server, or run what a command line says."""
    # What is beside the process, or in its working directory, is no part of it.
    if sys.path[:1] == [""]:
        del sys.path[0]
    finder = Finder()
    bundle = Bundle(file)
    file.close()
    read_program(bundle, finder)
    sys.meta_path.insert(0, finder)
    # As enum LP_OTHER_... of launcher/process/other.h.
    if bundle.number() == 1:
        from your_python import script

        script.run(bundle)
    else:
        from your_python import server

        server.serve(bundle, finder)


if __name__ == "your_python.start" and "bundle" in globals():
    start(globals()["bundle"])
