"""The table of bad rules of tests/faults/test_bad_rules_*: what each does, and what becomes of its calculation.

A case is the body of a rule (`rule`), what stands at the top of a file of
rules (`at_import`), or what lies in the directory of rules (`odd_file`). The
outcome is the state of the calculation; where several are true, all are named.
"""

from __future__ import annotations

import dataclasses
import os
import pathlib
import socket
import textwrap
from collections.abc import Callable

IMPORT_LIMIT = 10.0  # seconds that a file of rules has for its import


@dataclasses.dataclass(frozen=True)
class Outcome:
    """A state, and what its error says: regular expressions that are searched for."""

    state: str
    kind: str = ""
    message: str = ""
    traceback: str = ""


@dataclasses.dataclass(frozen=True)
class Case:
    """A bad rule, how it ends, and what else is to be seen."""

    name: str
    source: str
    outcomes: tuple[Outcome, ...]
    place: str = "rule"  # or "import", "file"
    time_limit: str = "1 s"
    workers: int = 1  # one: everything after it is computed by the worker that computed it
    warning: str = ""  # a line of the run's log, by a regular expression
    prepare: Callable[[pathlib.Path], None] | None = None  # is given the directory of rules
    value: float | None = 1.0  # of its result, where it is ok


CASES: list[Case] = []


def ok(state: str = "ok") -> Outcome:
    """It goes well."""
    return Outcome(state)


def failed(kind: str, message: str = "", traceback: str = r"bad\.py") -> Outcome:
    """An exception of that type, where the rule raised it."""
    return Outcome("failed", rf"^(?:{kind})$", message, traceback)


def timed_out(traceback: str = r"bad\.py") -> Outcome:
    """The time limit was over, and the traceback tells where."""
    return Outcome("timed_out", "", "time limit", traceback)


def crashed(message: str, traceback: str = "") -> Outcome:
    """The process ended."""
    return Outcome("crashed", "", message, traceback)


ABORT = r"SIGABRT|signal 6\b|[Aa]bort"
SEGV = r"SIGSEGV|signal 11\b|[Ss]egmentation"
KILL = r"SIGKILL|signal 9\b|[Kk]illed"
IN_BAD = r"bad\.py"
REFUSED = "PermissionError"
NO_MEMORY = failed("MemoryError")
TOO_DEEP = failed("RecursionError")


def rule(name: str, source: str, *outcomes: Outcome, **more: object) -> None:
    """A rule with this body; it returns 1.0 where the body does not return."""
    CASES.append(Case(name, textwrap.dedent(source).strip(), outcomes, **more))  # type: ignore[arg-type]


def at_import(name: str, source: str, *outcomes: Outcome, **more: object) -> None:
    """A file that begins so; its rule returns 1.0."""
    CASES.append(Case(name, textwrap.dedent(source).strip(), outcomes, "import", **more))  # type: ignore[arg-type]


def odd_file(name: str, prepare: Callable[[pathlib.Path], None]) -> None:
    """Something else in the directory of rules; the calculation's own file is all right."""
    CASES.append(Case(name, "", (ok(),), "file", prepare=prepare))


# What never ends in Python.

rule("spins", "while True: pass", timed_out("while True"))
rule("spins and holds on to it", """
    while True:
        try:
            while True: pass
        except BaseException: pass
    """, timed_out())  # fmt: skip
rule("catches each interruption by a new call", """
    def again():
        try:
            while True: pass
        except BaseException: again()
    again()
    """, timed_out())  # fmt: skip
rule("returns a number when it is interrupted", """
    try:
        while True: pass
    except BaseException: return 7.0
    """, timed_out())  # fmt: skip
rule("raises something else when it is interrupted", """
    try:
        while True: pass
    except BaseException: raise ValueError("never mind") from None
    """, timed_out())  # fmt: skip
rule("hangs in finally", """
    import time
    try:
        while True: pass
    finally: time.sleep(3600)
    """, timed_out())  # fmt: skip
rule("hangs in a context manager", """
    import contextlib, time
    with contextlib.suppress(BaseException):
        time.sleep(3600)
    time.sleep(3600)
    """, timed_out())  # fmt: skip
rule("hangs in a generator", """
    def endless():
        while True: yield 1
    return float(sum(endless()))
    """, timed_out())  # fmt: skip
rule("hangs in a generator that is closed", """
    def holds():
        while True:
            try: yield 1
            finally:
                while True: pass
    next(holds())
    """, timed_out())  # fmt: skip
rule("hangs in __del__", """
    class Held:
        def __del__(self):
            while True: pass
    held = Held()
    """, timed_out())  # fmt: skip
rule("hangs in __del__ of its result", """
    class Held(float):
        def __del__(self):
            while True: pass
    return Held(1)
    """, timed_out(), failed("TypeError", traceback=""))  # fmt: skip
rule("collects a cycle with a __del__ that hangs", """
    import gc
    class Held:
        def __init__(self): self.me = self
        def __del__(self):
            while True: pass
    Held()
    gc.collect()
    """, timed_out())  # fmt: skip
rule("leaves a cycle with a __del__ that hangs", """
    class Held:
        def __init__(self): self.me = self
        def __del__(self):
            while True: pass
    Held()
    """, timed_out())  # fmt: skip
rule("leaves a cycle with a __del__ that crashes", """
    import os
    class Held:
        def __init__(self): self.me = self
        def __del__(self): os.abort()
    Held()
    """, crashed(ABORT))  # fmt: skip
rule("raises an exception whose str hangs", """
    class Endless(Exception):
        def __str__(self):
            while True: pass
    raise Endless
    """, timed_out())  # fmt: skip
rule("raises an exception whose str sleeps", """
    import time
    class Endless(Exception):
        def __str__(self):
            time.sleep(3600)
    raise Endless
    """, timed_out())  # fmt: skip
rule("raises an exception whose class hangs", """
    class Meta(type):
        def __getattribute__(self, name):
            while True: pass
    class Endless(Exception, metaclass=Meta): pass
    raise Endless
    """, timed_out(), failed(".*", traceback=""))  # fmt: skip
rule("returns what hangs in __float__", """
    class Endless:
        def __float__(self):
            while True: pass
    return Endless()
    """, timed_out(), failed("TypeError", traceback=""))  # fmt: skip
rule("returns a dict that hangs", """
    class Endless(dict):
        def __iter__(self):
            while True: pass
        keys = items = values = __len__ = __getitem__ = __iter__
    return Endless(bad=1.0)
    """, timed_out(), failed(".*", traceback=""), ok())  # fmt: skip

# What never ends in C, or waits for what never comes.

rule("sleeps", "import time; time.sleep(3600)", timed_out("time.sleep"))
rule("sleeps again and again", """
    import time
    while True:
        try: time.sleep(3600)
        except BaseException: pass
    """, timed_out())  # fmt: skip
rule("is in a regular expression that backtracks",
     'import re; re.match(r"(a+)+$", "a" * 60 + "!")', timed_out("re.match"))  # fmt: skip
rule("is in a substitution that backtracks",
     'import re; re.sub(r"(x+x+)+y", "", "x" * 80)', timed_out())  # fmt: skip
rule("takes a lock twice",
     "import threading; lock = threading.Lock(); lock.acquire(); lock.acquire()", timed_out("lock.acquire"))  # fmt: skip
rule("takes a lock of its file twice, for ever", """
    import threading
    lock = threading.Lock()
    while True:
        try: lock.acquire()
        except BaseException: pass
    """, timed_out())  # fmt: skip
rule("waits for an event", "import threading; threading.Event().wait()", timed_out())
rule("waits for a queue", "import queue; queue.Queue().get()", timed_out("get"))
rule("waits in asyncio", "import asyncio; asyncio.run(asyncio.sleep(3600))", timed_out(), failed(REFUSED))
rule("reads a pipe", "import os; os.read(os.pipe()[0], 1)", timed_out("os.read"))
rule("fills a pipe", "import os; os.write(os.pipe()[1], bytes(1 << 20))", timed_out("os.write"))
rule("reads a pair of sockets",
     "import socket; a, b = socket.socketpair(); a.recv(1)", timed_out(), failed(REFUSED))  # fmt: skip
rule("waits for a server that does not answer", """
    import socket, urllib.request
    server = socket.create_server(("127.0.0.1", 0))
    urllib.request.urlopen(f"http://127.0.0.1:{server.getsockname()[1]}/").read()
    """, timed_out(), failed("PermissionError|URLError|OSError"))  # fmt: skip
rule("waits in select", "import os, select; select.select([os.pipe()[0]], [], [])", timed_out())
rule("waits for a signal", "import signal; signal.pause()", timed_out())
rule("waits for a signal that is blocked", "import signal; signal.sigwait({signal.SIGUSR2})", timed_out())
rule("opens a FIFO", 'import os; open(os.path.join(os.path.dirname(__file__), "fifo"))',
     timed_out(), prepare=lambda rules: os.mkfifo(rules / "fifo"))  # fmt: skip
rule("opens a FIFO of its own", 'import os; os.mkfifo("fifo"); open("fifo").read()', timed_out(), failed(REFUSED))
rule("sums for ever", "return float(sum(range(10**12)))", timed_out())
rule("counts for ever",
     "import collections, itertools; collections.deque(itertools.count(), maxlen=0)", timed_out())  # fmt: skip
rule("compares for ever", "import itertools; return float(max(itertools.repeat(1)))", timed_out())
rule("searches bytes for ever",
     'return float((b"a" * 10_000_000).rfind(b"ab" + b"a" * 1_000_000))', timed_out())  # fmt: skip
rule("derives a key for ever",
     'import hashlib; hashlib.pbkdf2_hmac("sha256", b"x", b"y", 2**31 - 1)', timed_out())  # fmt: skip
rule("computes a large power", "return float(len(str(3 ** 10**8)))", timed_out(r"\*\*"))
rule("computes a decimal for ever",
     "import decimal; decimal.Context(prec=10**7, Emax=10**9, Emin=-10**9).exp(decimal.Decimal(3))", timed_out())  # fmt: skip
rule("asks SQLite for all numbers", """
    import sqlite3
    sqlite3.connect(":memory:").execute(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n").fetchone()
    """, timed_out(), failed("OperationalError|PermissionError"))  # fmt: skip
rule("compresses for ever", """
    import lzma
    compressor = lzma.LZMACompressor(preset=9 | lzma.PRESET_EXTREME)
    block = bytes(range(256)) * 4096
    while True: compressor.compress(block)
    """, timed_out(), NO_MEMORY)  # fmt: skip
rule("stops its own process", "import os, signal; os.kill(os.getpid(), signal.SIGSTOP)", timed_out(""), failed(REFUSED))
rule("blocks all signals and hangs", """
    import signal, time
    signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
    while True: time.sleep(3600)
    """, timed_out(""))  # fmt: skip
rule("blocks all signals and goes on", """
    import signal
    signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
    """, ok(), failed(REFUSED))  # fmt: skip
rule("ignores all signals and hangs", """
    import signal
    for number in range(1, 65):
        try: signal.signal(number, signal.SIG_IGN)
        except (OSError, ValueError): pass
    while True: pass
    """, timed_out(""))  # fmt: skip
rule("handles all signals and hangs", """
    import signal
    def handler(*_):
        while True: pass
    for number in range(1, 65):
        try: signal.signal(number, handler)
        except (OSError, ValueError): pass
    while True: pass
    """, timed_out(""))  # fmt: skip
rule("closes all descriptors and hangs", """
    import os
    os.closerange(0, 1024)
    while True: pass
    """, timed_out(""), crashed(""))  # fmt: skip
rule("keeps the lock of the interpreter", """
    import sys, threading
    sys.setswitchinterval(3600)
    def spin():
        while True: pass
    threading.Thread(target=spin, daemon=True).start()
    while True: pass
    """, timed_out(""), failed("PermissionError|RuntimeError"))  # fmt: skip

# What ends the process.

rule("aborts", "import os; os.abort()", crashed(ABORT, IN_BAD))
rule("leaves with 3", "import os; os._exit(3)", crashed(r"\b3\b"))
rule("leaves with 0", "import os; os._exit(0)", crashed(r"\b0\b"))
rule("leaves with 255", "import os; os._exit(255)", crashed(r"\b255\b"))
rule("leaves from another thread", """
    import os, threading, time
    threading.Thread(target=os._exit, args=(4,)).start()
    time.sleep(3600)
    """, crashed(r"\b4\b"), failed("RuntimeError|PermissionError"))  # fmt: skip
rule("sends itself SIGSEGV", "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", crashed(SEGV, IN_BAD))
rule("sends itself SIGKILL", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)", crashed(KILL))
rule("raises SIGBUS", "import signal; signal.raise_signal(signal.SIGBUS)", crashed(r"SIGBUS|signal 7\b|[Bb]us", IN_BAD))
rule("raises SIGFPE", "import signal; signal.raise_signal(signal.SIGFPE)", crashed(r"SIGFPE|signal 8\b", IN_BAD))
rule("raises SIGQUIT", "import signal; signal.raise_signal(signal.SIGQUIT)", ok(), crashed(r"SIGQUIT|signal 3\b"))
rule("raises SIGTERM", "import signal; signal.raise_signal(signal.SIGTERM)", ok(), crashed(r"SIGTERM|signal 15\b"))
rule("raises SIGINT", "import signal; signal.raise_signal(signal.SIGINT)", ok(), failed("KeyboardInterrupt"))
rule("raises every signal of the user", """
    import signal
    for number in range(signal.SIGRTMIN, signal.SIGRTMAX + 1):
        signal.raise_signal(number)
    """, ok(), timed_out(""), crashed(""))  # fmt: skip
rule("dereferences nothing", "import faulthandler; faulthandler._sigsegv()", crashed(SEGV, IN_BAD))
rule("is a fatal error", "import faulthandler; faulthandler._fatal_error_c_thread()", crashed("SIG"))
rule("overflows the stack in C", "import faulthandler; faulthandler._stack_overflow()", crashed(SEGV))
rule("has broken bytecode", r"""
    code = (lambda: 0).__code__.replace(co_code=b"\x00\x00" * 3 + b"\x53\xff" * 20, co_stacksize=1)
    exec(code)
    """, crashed(SEGV), crashed(ABORT), failed(".*", traceback=""))  # fmt: skip
rule("breaks its own objects", """
    import gc
    for referrer in gc.get_referrers(float):
        if type(referrer) is dict: referrer.clear()
    """, crashed(""), failed(".*", traceback=""), ok())  # fmt: skip
rule("aborts in __float__ of its result", """
    import os
    class Loud:
        def __float__(self): os.abort()
    return Loud()
    """, crashed(ABORT, IN_BAD), failed("TypeError", traceback=""))  # fmt: skip
rule("aborts in __del__ of its result", """
    import os
    class Loud(float):
        def __del__(self): os.abort()
    return Loud(1)
    """, crashed(ABORT, IN_BAD), failed("TypeError", traceback=""))  # fmt: skip
rule("aborts in the str of its exception", """
    import os
    class Loud(Exception):
        def __str__(self): os.abort()
    raise Loud
    """, crashed(ABORT, IN_BAD))  # fmt: skip
rule("calls itself without a limit", """
    import sys
    sys.setrecursionlimit(2**31 - 1)
    def deeper(n): return deeper(n + 1)
    return deeper(0)
    """, NO_MEMORY, timed_out(), crashed(""), TOO_DEEP)  # fmt: skip
rule("calls itself through C without a limit", """
    import sys
    sys.setrecursionlimit(2**31 - 1)
    def deeper(n): return sorted([n, n + 1], key=deeper)[0]
    return deeper(0)
    """, crashed(SEGV), TOO_DEEP, time_limit="10 s")  # fmt: skip
rule("nests iterators until they break", """
    nested = iter(())
    for _ in range(1_000_000): nested = filter(None, nested)
    next(nested, None)
    """, crashed(SEGV), ok(), TOO_DEEP, timed_out())  # fmt: skip

# Recursion and depth that Python itself stops.

rule("calls itself", "return bad(x)", TOO_DEEP)
rule("calls itself through sorted", """
    def deeper(n): return sorted([n, n + 1], key=deeper)[0]
    return deeper(0)
    """, TOO_DEEP, time_limit="10 s")  # fmt: skip
rule("shows a deep list", """
    nested = []
    for _ in range(200_000): nested = [nested]
    repr(nested)
    """, TOO_DEEP, time_limit="10 s")  # fmt: skip
rule("dumps a deep list", """
    import json
    nested = []
    for _ in range(200_000): nested = [nested]
    json.dumps(nested)
    """, TOO_DEEP, time_limit="10 s")  # fmt: skip
rule("loads a deep list", 'import json; json.loads("[" * 1_000_000)', TOO_DEEP, time_limit="10 s")
rule("compares deep tuples", """
    a, b = (), ()
    for _ in range(200_000): a, b = (a,), (b,)
    a == b
    """, TOO_DEEP, time_limit="10 s")  # fmt: skip
rule("drops a deep tuple", """
    nested = ()
    for _ in range(300_000): nested = (nested,)
    del nested
    """, ok())  # fmt: skip
rule("compiles deep brackets", 'eval("(" * 10_000 + ")" * 10_000)', failed("SyntaxError|MemoryError|RecursionError", traceback=""))
rule("compiles many signs", 'eval("-" * 1_000_000 + "1")', failed("RecursionError|MemoryError|SyntaxError", traceback=""), crashed(SEGV))

# Exceptions that are hard to tell.

rule("raises SystemExit", "import sys; sys.exit(3)", failed("SystemExit", "3"))
rule("raises KeyboardInterrupt", "raise KeyboardInterrupt", failed("KeyboardInterrupt"))
rule("raises GeneratorExit", "raise GeneratorExit", failed("GeneratorExit"))
rule("raises an exception whose str raises", """
    class Nasty(Exception):
        def __str__(self): raise ValueError("nothing to say")
    raise Nasty
    """, failed(".*Nasty"))  # fmt: skip
rule("raises an exception whose str and repr raise, and leave", """
    import sys
    class Nasty(Exception):
        def __str__(self): sys.exit(5)
        __repr__ = __str__
    raise Nasty
    """, failed(".*Nasty"))  # fmt: skip
rule("raises an exception whose str is none", """
    class Nasty(Exception):
        def __str__(self): return None
    raise Nasty
    """, failed(".*Nasty"))  # fmt: skip
rule("raises an exception without a name", """
    class Meta(type):
        __name__ = __qualname__ = property(lambda self: 1 / 0)
    class Nasty(Exception, metaclass=Meta): pass
    raise Nasty
    """, failed(".*"))  # fmt: skip
rule("raises 10 MB of text", 'raise ValueError("x" * 10_000_000)', failed("ValueError", "xxx"), time_limit="20 s")
rule("raises a text of no bytes that are text", r'raise ValueError("\ud800\0\x1b[31m" * 1000)', failed("ValueError"))
rule("raises an exception that is its own cause", """
    error, other = ValueError("round"), KeyError("about")
    error.__cause__, other.__cause__ = other, error
    raise error
    """, failed("ValueError", "round"))  # fmt: skip
rule("raises a long chain", """
    error = None
    for i in range(100_000):
        after = ValueError(i)
        after.__context__, error = error, after
    raise error
    """, failed("ValueError"), time_limit="10 s")  # fmt: skip
rule("raises a deep group", """
    error = ValueError("inmost")
    for _ in range(10_000): error = ExceptionGroup("outer", [error])
    raise error
    """, failed("ExceptionGroup"), time_limit="10 s")  # fmt: skip
rule("raises from a deep stack", """
    import sys
    sys.setrecursionlimit(100_000)
    def deeper(n): return deeper(n - 1) if n else 1 / 0
    return deeper(5_000)
    """, failed("ZeroDivisionError"), time_limit="20 s")  # fmt: skip
rule("raises a warning as an error for ever", """
    import warnings
    warnings.simplefilter("error")
    warnings.warn("not so")
    """, failed("UserWarning", "not so"))  # fmt: skip
rule("has a forgotten breakpoint", "breakpoint()", failed("BdbQuit|EOFError|OSError|RuntimeError", traceback=""))
rule("waits for a person", "input()", failed("EOFError|RuntimeError|OSError"))

# Memory.

rule("wants 10 GB", "bytearray(10**10)", NO_MEMORY, time_limit="20 s")
rule("wants a long text", 'len("x" * 10**11)', NO_MEMORY, time_limit="20 s")
rule("wants a long number", "return float((1 << 10**11) & 1)", NO_MEMORY, time_limit="20 s")
rule("eats memory", """
    eaten = []
    while True: eaten.append(bytearray(b"x" * 10_000_000))
    """, NO_MEMORY, time_limit="30 s")  # fmt: skip
rule("eats memory in small bites", """
    eaten = []
    while True: eaten.append([len(eaten)] * 8)
    """, failed("MemoryError", traceback=""), crashed(KILL), time_limit="60 s")  # fmt: skip
rule("eats memory and holds on to it", """
    eaten = []
    while True:
        try:
            while True: eaten.append(bytearray(b"x" * 10_000_000))
        except MemoryError: pass
    """, timed_out(), NO_MEMORY, time_limit="5 s")  # fmt: skip
rule("eats memory that it shares with nobody", """
    import mmap
    held = mmap.mmap(-1, 10**10)
    for place in range(0, 10**10, 4096): held[place] = 1
    """, NO_MEMORY, failed("OSError|PermissionError|MemoryError|ValueError"), time_limit="20 s")  # fmt: skip
rule("eats memory through a file in memory", """
    import os
    held = os.memfd_create("held")
    block = bytes(1 << 20)
    for _ in range(10_000): os.write(held, block)
    """, failed("OSError|PermissionError|MemoryError"), crashed(""), time_limit="20 s")  # fmt: skip
rule("unpacks a bomb", """
    import zlib
    bomb = zlib.compress(bytes(100_000_000), 9)
    zlib.decompress(zlib.decompress(zlib.compress(bomb)) , bufsize=100)
    return float(len(b"".join(zlib.decompress(bomb) + b"." for _ in range(200))))
    """, NO_MEMORY, time_limit="60 s")  # fmt: skip
rule("returns 10 million samples", """
    import array
    return Series(array.array("q", range(x.times[0], x.times[0] + 10_000_000)), array.array("d", bytes(80_000_000)))
    """, failed(".*", "samples", traceback=""), NO_MEMORY, time_limit="30 s")  # fmt: skip
rule("returns a million results by name", """
    return {f"name{i}": float(i) for i in range(1_000_000)}
    """, failed(".*", traceback=""), time_limit="20 s")  # fmt: skip
rule("opens descriptors until there are none", """
    import os
    while True: os.pipe()
    """, failed("OSError", "[Tt]oo many open files"))  # fmt: skip
rule("opens descriptors and keeps them", """
    import os, sys
    sys.kept = []
    try:
        while True: sys.kept.append(os.pipe())
    except OSError: pass
    """, ok(), time_limit="10 s")  # fmt: skip

# What it prints.

rule("prints for ever", 'while True: print("value missing")', timed_out())
rule("prints errors for ever", """
    import sys
    while True: print("value missing", file=sys.stderr)
    """, timed_out())  # fmt: skip
rule("prints for ever and holds on to it", """
    while True:
        try: print("value missing")
        except BaseException: pass
    """, timed_out())  # fmt: skip
rule("prints a line of 100 MB", 'print("x" * 100_000_000)', ok(), time_limit="20 s")
rule("prints 100 MB without an end of line", """
    import sys
    for _ in range(1000): sys.stdout.write("x" * 100_000)
    """, ok(), time_limit="20 s")  # fmt: skip
rule("prints what is no text", r'print("\ud800\udfff\x00\x1b]0;title\x07\x9b31m\r\u202e")', ok())
rule("logs 100,000 lines", """
    import logging
    for i in range(100_000): logging.warning("value %s is missing", i)
    """, ok(), timed_out(), time_limit="30 s")  # fmt: skip
rule("logs what cannot be formatted", """
    import logging
    class Nasty:
        def __str__(self): raise SystemExit
    logging.warning("%s %s", Nasty())
    logging.warning("%s", Nasty())
    """, ok(), failed("SystemExit"))  # fmt: skip
rule("writes to the descriptors of output", """
    import os
    for _ in range(10_000):
        for number in (1, 2):
            try: os.write(number, b"x" * 10_000 + b"\\n")
            except OSError: pass
    """, ok(), timed_out(), time_limit="20 s")  # fmt: skip

# Whoever else there is.

rule("forks", "import os; os.fork()", failed(REFUSED))
rule("forks without end", """
    import os
    while True:
        try: os.fork()
        except OSError: pass
    """, timed_out())  # fmt: skip
rule("forks and lets the child answer", """
    import os, time
    if os.fork() != 0: time.sleep(3600)
    """, failed(REFUSED))  # fmt: skip
rule("starts a program", 'import subprocess; subprocess.run(["sleep", "3600"])', failed(REFUSED))
rule("becomes another program", 'import os; os.execv("/bin/sleep", ["sleep", "3600"])', failed("PermissionError|OSError"))
rule("starts a pool of processes", """
    import concurrent.futures
    with concurrent.futures.ProcessPoolExecutor(1) as pool: return float(pool.submit(abs, -1).result())
    """, failed(".*"))  # fmt: skip
rule("kills its parent", "import os, signal; os.kill(os.getppid(), signal.SIGKILL)",
     failed(REFUSED))  # fmt: skip
rule("stops its parent", "import os, signal; os.kill(os.getppid(), signal.SIGSTOP)",
     failed(REFUSED))  # fmt: skip
rule("kills its group", "import os, signal; os.killpg(0, signal.SIGKILL)",
     failed(REFUSED))  # fmt: skip
rule("asks for a process of somebody else", "import os; os.kill(1, 0)", failed(REFUSED))
rule("leads a session of its own", "import os; os.setsid()", ok(), failed(REFUSED))
rule("wants to outlive its parent", """
    import os, time
    os.setpgid(0, 0)
    time.sleep(3600)
    """, timed_out(), failed(REFUSED))  # fmt: skip

# What it does to what it talks through.

rule("closes all descriptors", "import os; os.closerange(0, 100)", ok(), crashed(""), failed(".*"))
rule("puts nothing in place of all descriptors", """
    import os
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in range(64):
        if number != nothing: os.dup2(nothing, number)
    """, ok(), crashed(""), failed(".*"), timed_out(""))  # fmt: skip
rule("writes nonsense to all descriptors", """
    import os
    for number in range(3, 64):
        try: os.write(number, os.urandom(64))
        except OSError: pass
    """, ok(), crashed(""), failed(".*"), timed_out(""))  # fmt: skip
rule("takes all that is to be read", """
    import os
    for number in range(3, 64):
        try:
            os.set_blocking(number, False)
            while os.read(number, 65536): pass
        except OSError: pass
    """, ok(), crashed(""), failed(".*"), timed_out(""))  # fmt: skip
rule("makes all descriptors wait for nobody", """
    import os
    for number in range(64):
        try: os.set_blocking(number, False)
        except OSError: pass
    """, ok())  # fmt: skip
rule("cuts all files", """
    import os
    for number in range(64):
        try: os.ftruncate(number, 0)
        except OSError: pass
    """, ok(), crashed(""), failed(".*"))  # fmt: skip
rule("writes into its own memory", """
    with open("/proc/self/mem", "r+b") as memory: memory.write(b"x")
    """, failed("PermissionError|OSError"))  # fmt: skip

# What it leaves behind.

rule("leaves a thread that never ends", """
    import threading, time
    threading.Thread(target=time.sleep, args=(3600,)).start()
    """, ok(), failed("RuntimeError|PermissionError"), warning="thread")  # fmt: skip
rule("leaves a thread that spins", """
    import threading
    def spin():
        while True: pass
    threading.Thread(target=spin, daemon=True).start()
    """, ok(), failed("RuntimeError|PermissionError"), warning="thread")  # fmt: skip
rule("leaves a thread of the lowest kind", """
    import _thread, time
    _thread.start_new_thread(time.sleep, (3600,))
    """, ok(), failed("RuntimeError|PermissionError"), warning="thread")  # fmt: skip
rule("leaves a timer", """
    import os, threading
    timer = threading.Timer(0.05, os._exit, (9,))
    timer.daemon = True
    timer.start()
    """, ok(), failed("RuntimeError|PermissionError"), crashed(r"\b9\b"))  # fmt: skip
rule("leaves a pool of threads", """
    import concurrent.futures, time
    concurrent.futures.ThreadPoolExecutor(4).submit(time.sleep, 3600)
    """, ok(), failed("RuntimeError|PermissionError"), warning="thread")  # fmt: skip
rule("leaves a precision of decimals", "import decimal; decimal.getcontext().prec = 3", ok())
rule("leaves a context of decimals", "import decimal; decimal.setcontext(decimal.Context(prec=3))", ok())
rule("leaves a default of decimals", """
    import decimal
    decimal.DefaultContext.prec = 3
    decimal.setcontext(decimal.DefaultContext)
    """, ok())  # fmt: skip
rule("leaves traps of decimals", "import decimal; decimal.getcontext().traps[decimal.Inexact] = True", ok())
rule("leaves another standard output", """
    import io, logging, sys
    sys.stdout = sys.stderr = sys.__stdout__ = io.StringIO()
    logging.disable(logging.CRITICAL)
    """, ok())  # fmt: skip
rule("leaves no standard output", "import sys; sys.stdout = sys.stderr = None", ok())
rule("leaves a closed standard output", """
    import sys
    sys.stdout.close()
    """, ok(), failed(".*"))  # fmt: skip
rule("leaves handlers of logging", """
    import logging
    class Nasty(logging.Handler):
        def emit(self, record):
            while True: pass
    logging.getLogger().handlers[:] = [Nasty()]
    """, ok())  # fmt: skip
rule("leaves a low recursion limit", "import sys; sys.setrecursionlimit(40)", ok(), failed("RecursionError"))
rule("leaves a high recursion limit", "import sys; sys.setrecursionlimit(2**31 - 1)", ok())
rule("leaves a locale", 'import locale; locale.setlocale(locale.LC_ALL, "de_DE.UTF-8")', ok(), failed("locale.Error"))
rule("leaves the locale of C", 'import locale; locale.setlocale(locale.LC_ALL, "C")', ok())
rule("leaves variables of the environment", """
    import os, time
    os.environ["TZ"] = "Asia/Kathmandu"
    os.environ["LEFT"] = "behind"
    time.tzset()
    """, ok(), failed(".*"))  # fmt: skip
rule("leaves no environment", "import os; os.environ.clear(); os.environ = None", ok(), failed(".*"))
rule("leaves another working directory", 'import os; os.chdir("/")', ok(), failed(REFUSED))
rule("leaves another mask of files", "import os; os.umask(0o777)", ok(), failed(REFUSED))
rule("leaves a seed", """
    import random
    random.seed(1)
    """, ok())  # fmt: skip
rule("leaves an alarm", "import signal; signal.setitimer(signal.ITIMER_REAL, 0.02)", ok(), failed(".*"))
rule("leaves an alarm again and again", """
    import signal
    def handler(*_): raise ValueError("an alarm")
    signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, 0.02, 0.005)
    """, ok(), failed(".*"))  # fmt: skip
rule("leaves an alarm of CPU", "import signal; signal.setitimer(signal.ITIMER_PROF, 0.01)", ok(), failed(".*"))
rule("leaves a handler of signals", """
    import signal
    def handler(*_):
        while True: pass
    for number in range(1, 65):
        try: signal.signal(number, handler)
        except (OSError, ValueError): pass
    """, ok(), failed(".*"))  # fmt: skip
rule("leaves a callback of the collector", """
    import gc, time
    gc.callbacks.append(lambda *_: time.sleep(3600))
    """, timed_out())  # fmt: skip
rule("leaves the collector off", "import gc; gc.disable()", ok())
rule("leaves the collector busy", "import gc; gc.set_threshold(1); gc.set_debug(gc.DEBUG_STATS)", ok())
rule("leaves a call for the end", """
    import atexit, time
    atexit.register(time.sleep, 3600)
    """, ok())  # fmt: skip
rule("leaves an abort for the end", "import atexit, os; atexit.register(os.abort)", ok())
rule("leaves a finalizer for the end", """
    import sys, time, weakref
    class Held: pass
    sys.held = Held()
    weakref.finalize(sys.held, time.sleep, 3600)
    """, ok())  # fmt: skip
rule("leaves a hook of forks", """
    import os, time
    os.register_at_fork(before=lambda: time.sleep(3600), after_in_child=lambda: time.sleep(3600))
    """, ok())  # fmt: skip
rule("leaves a hook of audits", """
    import sys
    def hook(event, arguments): raise RuntimeError("no " + event)
    sys.addaudithook(hook)
    """, ok(), failed("RuntimeError"))  # fmt: skip
rule("leaves a hook of audits that hangs", """
    import sys
    def hook(event, arguments):
        while True: pass
    sys.addaudithook(hook)
    """, ok(), timed_out(""), failed("RuntimeError"))  # fmt: skip
rule("leaves a trace function", """
    import sys
    def trace(frame, event, argument): raise ValueError("my debugging trace")
    sys.settrace(trace)
    """, ok(), failed("ValueError"))  # fmt: skip
rule("leaves a profile function", """
    import sys
    def profile(frame, event, argument): raise ValueError("my profile")
    sys.setprofile(profile)
    """, ok(), failed("ValueError"))  # fmt: skip
rule("leaves a hook of exceptions that hangs", """
    import sys
    def hook(*_):
        while True: pass
    sys.unraisablehook = sys.excepthook = sys.displayhook = sys.breakpointhook = hook
    """, ok())  # fmt: skip
rule("leaves warnings that are errors", 'import warnings; warnings.simplefilter("error")', ok())
rule("leaves short digits", "import sys; sys.set_int_max_str_digits(640)", ok())
rule("leaves a dump that ends the process", """
    import faulthandler
    faulthandler.dump_traceback_later(0.05, exit=True)
    """, ok(), failed(".*"), crashed(""))  # fmt: skip
rule("leaves the fault handler off", "import faulthandler; faulthandler.disable()", ok(), failed("ImportError"))
rule("leaves tracemalloc on", "import tracemalloc; tracemalloc.start(25)", ok(), failed("ImportError"))
rule("leaves a small limit of memory", """
    import resource
    resource.setrlimit(resource.RLIMIT_DATA, (1, 1))
    """, ok(), failed(".*"))  # fmt: skip
rule("leaves a small limit of files", """
    import resource
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))
    """, ok(), failed(".*"))  # fmt: skip
rule("leaves a small limit of CPU", """
    import resource
    resource.setrlimit(resource.RLIMIT_CPU, (0, 0))
    """, ok(), failed(".*"), crashed(""))  # fmt: skip
rule("leaves itself last in the queue", "import os; os.nice(19)", ok(), failed(REFUSED))
rule("leaves no paths of modules", """
    import sys
    sys.path[:] = []
    sys.meta_path[:] = []
    sys.path_hooks[:] = []
    """, ok())  # fmt: skip
rule("leaves modules out", """
    import sys
    for name in ("json", "locale", "decimal"): sys.modules[name] = None
    """, ok())  # fmt: skip
rule("replaces math.sqrt", "import math; math.sqrt = lambda x: 42.0", ok())
rule("replaces sum", "import builtins; builtins.sum = lambda *_: 42", ok())
rule("replaces float", "import builtins; builtins.float = lambda *_: 42", ok(), failed(".*"))
rule("replaces time.time", "import time; time.time = lambda: 0.0", ok())
rule("replaces a class of decimals", "import decimal; decimal.Decimal = float", ok())
rule("replaces the import of modules", """
    import builtins
    def hook(*_):
        while True: pass
    builtins.__import__ = hook
    """, ok(), timed_out(""))  # fmt: skip
rule("empties the builtins", "import builtins; builtins.__dict__.clear()", ok(), failed(".*", traceback=""), crashed(""))
rule("replaces what it was given", """
    import local_processing
    local_processing.Series = local_processing.rule = None
    """, ok())  # fmt: skip

# What a file does while it is imported.

at_import("its import leaves with 0", "import os; os._exit(0)", Outcome("failed"), Outcome("crashed"))
at_import("its import leaves with 3", "import os; os._exit(3)", Outcome("failed"), Outcome("crashed"))
at_import("its import aborts", "import os; os.abort()", Outcome("failed"), Outcome("crashed"))
at_import("its import sends itself SIGKILL", "import os; os.kill(os.getpid(), 9)", Outcome("failed"), Outcome("crashed"))
at_import("its import kills its parent", "import os; os.kill(os.getppid(), 9)",
          Outcome("failed"), Outcome("crashed"))  # fmt: skip
at_import("its import overflows the stack", "import faulthandler; faulthandler._stack_overflow()",
          Outcome("failed"), Outcome("crashed"))  # fmt: skip
at_import("its import sleeps", "import time; time.sleep(3600)", Outcome("failed"), Outcome("timed_out"))
at_import("its import spins", "while True: pass", Outcome("failed"), Outcome("timed_out"))
at_import("its import spins and holds on to it", """
    while True:
        try:
            while True: pass
        except BaseException: pass
    """, Outcome("failed"), Outcome("timed_out"))  # fmt: skip
at_import("its import sums for ever", "sum(range(10**12))", Outcome("failed"), Outcome("timed_out"))
at_import("its import waits for a thread", """
    import threading
    ready = threading.Event()
    threading.Thread(target=lambda: None).start()
    ready.wait()
    """, Outcome("failed"), Outcome("timed_out"))  # fmt: skip
at_import("its import leaves a thread", """
    import threading, time
    threading.Thread(target=time.sleep, args=(3600,)).start()
    """, Outcome("failed", "", "thread"))  # fmt: skip
at_import("its import leaves a hook of forks that hangs before", """
    import os, time
    os.register_at_fork(before=lambda: time.sleep(3600))
    """, ok(), Outcome("failed"))  # fmt: skip
at_import("its import leaves a hook of forks that hangs in the child", """
    import os, time
    os.register_at_fork(after_in_child=lambda: time.sleep(3600))
    """, ok(), Outcome("failed"))  # fmt: skip
at_import("its import leaves a hook of forks that hangs in the parent", """
    import os, time
    os.register_at_fork(after_in_parent=lambda: time.sleep(3600))
    """, ok(), Outcome("failed"))  # fmt: skip
at_import("its import leaves a hook of forks that aborts", """
    import os
    os.register_at_fork(before=os.abort, after_in_child=os.abort, after_in_parent=os.abort)
    """, ok(), Outcome("failed"))  # fmt: skip
at_import("its import forks", "import os; os.fork()", Outcome("failed"))
at_import("its import starts a program", 'import subprocess; subprocess.run(["sleep", "3600"])', Outcome("failed"))
at_import("its import raises SystemExit", "import sys; sys.exit(0)", Outcome("failed", "SystemExit"))
at_import("its import raises KeyboardInterrupt", "raise KeyboardInterrupt", Outcome("failed", "KeyboardInterrupt"))
at_import("its import calls itself", """
    def deeper(): deeper()
    deeper()
    """, Outcome("failed", "RecursionError"))  # fmt: skip
at_import("its import eats memory", """
    eaten = []
    while True: eaten.append(bytearray(b"x" * 10_000_000))
    """, Outcome("failed"), Outcome("crashed"), Outcome("timed_out"))  # fmt: skip
at_import("its import closes all descriptors", "import os; os.closerange(0, 1024)", ok(), Outcome("failed"), Outcome("crashed"))
at_import("its import writes nonsense to all descriptors", """
    import os, time
    for number in range(3, 64):
        try: os.write(number, os.urandom(64))
        except OSError: pass
    time.sleep(0.5)
    """, ok(), Outcome("failed"), Outcome("crashed"))  # fmt: skip
at_import("its import prints for ever", 'while True: print("loading")', Outcome("failed"), Outcome("timed_out"))
at_import("its import puts another object in its place", "import sys; sys.modules[__name__] = 5", ok(), Outcome("failed"))
at_import("its import leaves a locale", 'import locale; locale.setlocale(locale.LC_ALL, "de_DE.UTF-8")', ok(), Outcome("failed"))
at_import("its import leaves a precision of decimals", "import decimal; decimal.getcontext().prec = 3",
          ok(), Outcome("failed", "ImportError", "decimal"))  # fmt: skip
at_import("its import leaves a low recursion limit", "import sys; sys.setrecursionlimit(60)", ok(), Outcome("failed"))
at_import("its import leaves another working directory", 'import os; os.chdir("/")', ok(), Outcome("failed"))
at_import("its import leaves another standard output", "import io, sys; sys.stdout = sys.stderr = io.StringIO()", ok())
at_import("its import leaves the collector's callback", """
    import gc, time
    gc.callbacks.append(lambda *_: time.sleep(3600))
    """, ok(), Outcome("failed"))  # fmt: skip
at_import("its import leaves an alarm", "import signal; signal.setitimer(signal.ITIMER_REAL, 0.02, 0.02)",
          ok(), Outcome("failed"), Outcome("crashed"))  # fmt: skip
at_import("its import leaves all signals blocked", """
    import signal
    signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
    """, ok(), Outcome("failed"))  # fmt: skip
at_import("its import leaves a call for the end", "import atexit, time; atexit.register(time.sleep, 3600)", ok())
at_import("is 9 MB of nothing", "", Outcome("failed"), prepare=lambda rules: (rules / "bad.py").write_bytes(bytes(9_000_000)))
at_import("is no Python", "def broken(:", Outcome("failed", "SyntaxError"))

# What lies in the directory of rules.


def replace_by_fifo(rules: pathlib.Path) -> None:
    """The file of the calculation itself."""
    (rules / "bad.py").unlink()
    os.mkfifo(rules / "bad.py")


def listen(path: pathlib.Path) -> None:
    """A socket in a file; its path is short by being relative."""
    with socket.socket(socket.AF_UNIX) as server:
        before = os.open(".", os.O_RDONLY)
        try:
            os.chdir(path.parent)
            server.bind(path.name)
        finally:
            os.fchdir(before)
            os.close(before)


at_import("is a FIFO", "", Outcome("failed"), prepare=replace_by_fifo)
odd_file("a FIFO beside it", lambda rules: os.mkfifo(rules / "x.py"))
odd_file("a directory named as a file", lambda rules: (rules / "x.py").mkdir())
odd_file("a socket beside it", lambda rules: listen(rules / "x.py"))
odd_file("a link to nothing", lambda rules: (rules / "x.py").symlink_to("nowhere"))
odd_file("a link to /dev/zero", lambda rules: (rules / "x.py").symlink_to("/dev/zero"))
odd_file("a link to a terminal", lambda rules: (rules / "x.py").symlink_to("/dev/tty"))
odd_file("a link to itself", lambda rules: (rules / "x.py").symlink_to("x.py"))
odd_file("a directory in itself", lambda rules: (rules / "x").symlink_to("."))
odd_file("a link to the root directory", lambda rules: (rules / "x").symlink_to("/"))
odd_file("a name that is no UTF-8", lambda rules: (rules / os.fsdecode(b"\xff.py")).write_text("x = 1\n"))
odd_file("a name with an end of line", lambda rules: (rules / "a\nb.py").write_text("x = 1\n"))
odd_file("the name of a module of Python", lambda rules: (rules / "json.py").write_text("raise SystemExit\n"))
odd_file("a file that nobody may read", lambda rules: (rules / "x.py").touch(0o000))
odd_file("a package that imports itself", lambda rules: (
    (rules / "x").mkdir(), (rules / "x" / "__init__.py").write_text("from x import y\n"),
    (rules / "x" / "y.py").write_text("from x import y\n"))[0])  # fmt: skip
