"""Turn a tree of Python modules into one C file that holds them frozen.

The C file defines, as launcher/python/frozen.h declares them, a table of
marshalled code objects and a table of source texts, which are packed (xz)
several to a block; the bytes themselves lie beside it in one ``.bin`` file
that the assembler includes.

It is run with the interpreter that is going to load the code, because
marshalled code belongs to one version, and with ``PYTHONHASHSEED=0``, because
the order of a frozen set is part of the result. It knows nothing about how
the program finds or loads what is frozen here.
"""

import argparse
import lzma
import marshal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

#: What of the standard library is left out, with the reason: modules, and with
#: them all that lies below.
STDLIB_LEFT_OUT: dict[str, str] = {
    "__phello__": "a demonstration of freezing",
    "__hello__": "a demonstration of freezing",
    "_pydatetime": "stands in where the extension module is missing; it is there",
    "_pydecimal": "stands in where the extension module is missing; it is there",
    "_pyio": "stands in where the extension module is missing; it is there",
    **{
        f"_pyrepl.{name}": "needs curses; pydoc needs only the pager"
        for name in (
            "__main__", "_minimal_curses", "_threading_handler", "base_eventqueue", "commands",
            "completing_reader", "console", "curses", "fancy_termios", "historical_reader", "input",
            "keymap", "main", "reader", "readline", "simple_interact", "trace", "unix_console",
            "unix_eventqueue", "utils", "windows_console", "windows_eventqueue",
        )
    },
    "antigravity": "opens a web browser",
    "ctypes": "its extension module is left out",
    "curses": "its extension module is left out",
    "ensurepip": "nothing can be installed into the program",
    "idlelib": "needs tkinter",
    "lib-dynload": "holds no modules",
    "pydoc_data": "half a megabyte of language reference",
    "site-packages": "holds no modules",
    "test": "CPython's own tests",
    "tkinter": "its extension module is left out",
    "turtle": "needs tkinter",
    "turtledemo": "needs tkinter",
    "venv": "nothing can be installed into the program",
}

#: What of app/ is no module of the program: data that `demo` writes out, and what
#: runs in an interpreter of the user's.
APP_LEFT_OUT: frozenset[str] = frozenset({"demo", "your_python"})

#: Loaded from the interpreter's own frozen copies before any table is asked.
BOOTSTRAP: frozenset[str] = frozenset(
    {"importlib._bootstrap", "importlib._bootstrap_external", "zipimport"}
)


#: Bytes of source texts in a block. Larger ones are smaller in all, and take
#: longer until a traceback has its lines: a block of this size some 5 ms.
BLOCK = 512 * 1024


class Module(NamedTuple):
    """A module of the tree that is being frozen."""

    name: str
    path: str
    source: bytes
    is_package: bool


def modules_of(root: Path, prefix: str, left_out: frozenset[str]) -> Iterator[Module]:
    """Yield the modules below a directory, in the order of their names.

    Parameters
    ----------
    root : Path
        The directory that would stand in ``sys.path``.
    prefix : str
        What stands in for `root` in the paths that tracebacks show.
    left_out : frozenset of str
        Names that are skipped with all that lies below them.
    """
    found: list[Module] = []
    for file in sorted(root.rglob("*.py")):
        relative = file.relative_to(root)
        parts = list(relative.with_suffix("").parts)
        is_package = parts[-1] == "__init__"
        if is_package:
            parts.pop()
        if "__pycache__" in parts or not parts:
            continue
        if any(".".join(parts[:depth]) in left_out for depth in range(1, len(parts) + 1)):
            continue
        found.append(
            Module(
                name=".".join(parts),
                path=f"{prefix}/{relative.as_posix()}",
                source=file.read_bytes(),
                is_package=is_package,
            )
        )
    return iter(sorted(found))


def c_string(text: str) -> str:
    """Return `text`, which is plain ASCII, as a C string literal."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def freeze(modules: Iterator[Module], symbol: str, output: Path) -> None:
    """Write ``output.c`` and ``output.bin``.

    Parameters
    ----------
    modules : iterator of Module
        In the order of their names, which the tables keep.
    symbol : str
        The name of the code table, and of the source table with ``_sources``
        behind it.
    output : Path
        The two files without their suffixes.
    """
    blob = bytearray()
    code_rows: list[str] = []
    source_rows: list[str] = []
    blocks: list[bytes] = []
    block = bytearray()
    for module in modules:
        name, path = c_string(module.name), c_string(module.path)
        if module.name not in BOOTSTRAP:
            # Frozen code is compiled once and shown to everybody: -O and the
            # __future__ flags of this script must not reach it.
            code = compile(module.source, module.path, "exec", 0, True, 0)
            marshalled = marshal.dumps(code)
            code_rows.append(
                f"    {{{name}, {symbol}_data + {len(blob)}, {len(marshalled)},"
                f" {int(module.is_package)}}},\n"
            )
            blob += marshalled
        if len(block) >= BLOCK:
            blocks.append(bytes(block))
            block.clear()
        source_rows.append(
            f"    {{{name}, {path}, {len(blocks)}, {len(block)}, {len(module.source)}}},\n"
        )
        block += module.source
    block_rows: list[str] = []
    for texts in [*blocks, bytes(block)]:
        packed = lzma.compress(
            texts, check=lzma.CHECK_CRC32, preset=9 | lzma.PRESET_EXTREME
        )
        block_rows.append(
            f"    {{{symbol}_data + {len(blob)}, {len(packed)}, {len(texts)}}},\n"
        )
        blob += packed
    binary = output.with_suffix(".bin")
    binary.write_bytes(blob)
    output.with_suffix(".c").write_text(
        f"/* Made by build/freeze.py. */\n"
        f'#include "python/frozen.h"\n\n'
        f'__asm__(".pushsection .rodata\\n"\n'
        f'        ".globl {symbol}_data\\n"\n'
        f'        ".balign 16\\n"\n'
        f'        "{symbol}_data:\\n"\n'
        f'        ".incbin \\"{binary}\\"\\n"\n'
        f'        ".byte 0\\n"\n'
        f'        ".popsection\\n");\n'
        f"extern const unsigned char {symbol}_data[];\n\n"
        f"const struct _frozen {symbol}[] = {{\n"
        f"{''.join(code_rows)}    {{0}},\n}};\n\n"
        f"const struct lp_frozen_block {symbol}_blocks[] = {{\n{''.join(block_rows)}}};\n\n"
        f"const struct lp_frozen_source {symbol}_sources[] = {{\n"
        f"{''.join(source_rows)}    {{0}},\n}};\n",
        encoding="ascii",
    )


def main() -> None:
    """Read the command line and freeze one tree."""
    parser = argparse.ArgumentParser(description=__doc__)
    tree = parser.add_mutually_exclusive_group(required=True)
    tree.add_argument("--stdlib", type=Path, help="the standard library's directory")
    tree.add_argument("--app", type=Path, help="the directory of the program's modules")
    parser.add_argument("--output", type=Path, required=True)
    arguments = parser.parse_args()
    if arguments.stdlib is not None:
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        modules = modules_of(
            arguments.stdlib, f"lib/python{version}", frozenset(STDLIB_LEFT_OUT)
        )
        freeze(modules, "lp_frozen_stdlib", arguments.output)
    else:
        freeze(
            modules_of(arguments.app, "app", APP_LEFT_OUT),
            "lp_frozen_app",
            arguments.output,
        )


if __name__ == "__main__":
    main()
