"""`local-processing python --interpreter`: runs a command line as python3 does, with local_processing in it."""

from __future__ import annotations

import os
import runpy
import socket
import sys
from typing import Any

from your_python import types, units


def run(bundle: Any) -> None:
    """Run what sys.argv says: behind "-c" stand the words that python3 takes."""
    units.helper = socket.socket(fileno=bundle.number())
    types.provide()
    words = sys.argv[1:]
    kind = words[0] if words else "-"
    main = sys.modules["__main__"]
    if kind in ("-c", "-m") and len(words) < 2:
        sys.exit("local-processing python: %s: what is to be run is missing" % kind)
    if kind == "-c":
        sys.argv = ["-c"] + words[2:]
        sys.path.insert(0, "")
        exec(compile(words[1], "<string>", "exec"), main.__dict__)
    elif kind == "-m":
        sys.argv = words[1:]
        sys.path.insert(0, os.getcwd())
        runpy.run_module(words[1], run_name="__main__", alter_sys=True)
    elif kind != "-" and kind.startswith("-"):
        sys.exit("local-processing python: %s: only -c, -m, a file or - are possible with --interpreter" % kind)
    elif kind != "-":
        sys.argv = words
        sys.path.insert(0, os.path.dirname(os.path.realpath(kind)))
        runpy.run_path(kind, run_name="__main__")
    elif sys.stdin.isatty():
        import code

        sys.argv = words[:1] or [""]
        sys.path.insert(0, "")
        code.interact(local=main.__dict__)
    else:
        sys.argv = words[:1] or [""]
        sys.path.insert(0, "")
        exec(compile(sys.stdin.read(), "<stdin>", "exec"), main.__dict__)
