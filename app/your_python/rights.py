"""Limits this process, as launcher/process/rights.c limits the built-in interpreter's.

The program has prepared what to do: a ruleset of Landlock, to which only the
files of this interpreter are added, and the filters of seccomp.
"""

from __future__ import annotations

import ctypes
import os
import struct
import sys
from typing import Any, List, Set

from your_python.layout import NUMBER, Setup

_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_SET_SECCOMP = 22
_SECCOMP_MODE_FILTER = 2
_PATH_BENEATH = 1
_CAPABILITY_VERSION = 0x20080522

_libc: Any = ctypes.CDLL(None, use_errno=True)


def _call(number: int, *arguments: Any) -> int:
    """Make a system call, and raise OSError where it fails."""
    result = int(_libc.syscall(ctypes.c_long(number), *arguments))
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def set_process(option: int, value: int) -> None:
    """Call prctl()."""
    if _libc.prctl(option, ctypes.c_ulong(value), 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def end_with_parent() -> None:
    """Have the kernel kill this process when its parent ends."""
    set_process(_PR_SET_PDEATHSIG, 9)


def pidfd_open(process: int) -> int:
    """Return a descriptor of a process."""
    return _call(NUMBER["SYS_pidfd_open"], ctypes.c_int(process), ctypes.c_uint(0))


def own_files() -> List[str]:
    """Return what this interpreter reads: its modules and the libraries that it loads."""
    found: Set[str] = set()
    for prefix in (sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix):
        # The prefix of a system's Python is a whole system.
        if os.path.realpath(prefix) not in ("/", "/usr", "/usr/local"):
            found.add(prefix)
    found.update(sys.path)
    found.update(
        (
            os.path.dirname(os.__file__),
            "/lib",
            "/lib64",
            "/usr/lib/%s-linux-gnu" % os.uname().machine,
            "/usr/lib64",
            "/usr/local/lib",
            "/etc/ld.so.cache",
            # Which BLAS there is, on Debian.
            "/etc/alternatives",
        )
    )
    # Where those that are loaded lie, as LD_LIBRARY_PATH and RPATH have it.
    try:
        with open("/proc/self/maps", encoding="utf-8", errors="replace") as maps:
            for line in maps:
                path = line.rstrip("\n").partition("/")[2]
                if ".so" in path:
                    found.add("/" + os.path.dirname(path))
    except OSError:
        pass
    return sorted(path for path in found if path and os.path.exists(path))


def limit_server(setup: Setup) -> None:
    """Limit the rule server, for good, before a file of rules is imported."""
    set_process(_PR_SET_DUMPABLE, 0)
    if setup.files >= 0:
        for path in own_files():
            _add_files(setup, path)
        _call(NUMBER["SYS_landlock_restrict_self"], ctypes.c_int(setup.files), ctypes.c_uint(0))
        os.close(setup.files)
    if setup.server_filter:
        _install(setup.server_filter)


def _add_files(setup: Setup, path: str) -> None:
    read_file = 1 << 2
    descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        rights = setup.read_rights if os.path.isdir(path) else setup.read_rights & read_file
        attributes = ctypes.create_string_buffer(struct.pack("<Qi", rights, descriptor), 12)
        _call(
            NUMBER["SYS_landlock_add_rule"],
            ctypes.c_int(setup.files),
            ctypes.c_int(_PATH_BENEATH),
            attributes,
            ctypes.c_uint(0),
        )
    finally:
        os.close(descriptor)


def _install(code: bytes) -> None:
    """Install a filter of seccomp."""
    kept = ctypes.create_string_buffer(code, len(code))
    program = ctypes.create_string_buffer(struct.pack("@HP", len(code) // 8, ctypes.addressof(kept)))
    set_mode_filter, allow_speculation = 1, 4
    for flags in (allow_speculation, 0):
        try:
            _call(NUMBER["SYS_seccomp"], ctypes.c_uint(set_mode_filter), ctypes.c_uint(flags), program)
            return
        except OSError:
            if flags == 0:
                raise


def _drop_capabilities(kept: int) -> None:
    head = ctypes.create_string_buffer(struct.pack("<Ii", _CAPABILITY_VERSION, 0))
    data = ctypes.create_string_buffer(24)
    _call(NUMBER["SYS_capget"], head, data)
    effective = list(struct.unpack("<6I", data.raw))
    for half in range(2):
        permitted = effective[3 * half + 1] & (kept >> 32 * half) & 0xFFFFFFFF
        effective[3 * half : 3 * half + 3] = [permitted, permitted, 0]
    _call(NUMBER["SYS_capset"], head, ctypes.create_string_buffer(struct.pack("<6I", *effective), 24))


def limit_interpreter(setup: Setup) -> None:
    """Limit an interpreter process further: it starts no process and signals none."""
    _drop_capabilities(setup.capabilities)
    set_process(_PR_SET_DUMPABLE, 0)
    if not setup.interpreter_filter:
        return
    mark, own = struct.pack("<I", NUMBER["LP_RIGHTS_SELF"]), struct.pack("<I", os.getpid())
    code = bytearray(setup.interpreter_filter)
    for at in range(4, len(code), 8):
        if code[at : at + 4] == mark:
            code[at : at + 4] = own
    _install(bytes(code))
