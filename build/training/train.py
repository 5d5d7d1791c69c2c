"""Run the training workloads: what the profile of CPython is made from.

Usage: ``train.py REPEAT [--time]``. Every public function of the modules beside
this file that takes no argument is a workload. With ``--time`` the best of a
few runs of each is printed: that is how docs/build.md measures what a part of
the recipe brought.
"""

import importlib
import inspect
import math
import sys
import threading
import time
from collections.abc import Callable, Iterator

MODULES = ("numbers", "containers", "objects", "text", "clock", "libraries", "rules")

#: Helpers that take no argument but are not workloads.
HELPERS = frozenset({"ask", "call_styles", "read_columns", "zone"})


def workloads() -> Iterator[tuple[str, Callable[[], object]]]:
    """Yield the workloads by name."""
    for module_name in MODULES:
        module = importlib.import_module(f"training.{module_name}")
        for name, function in inspect.getmembers(module, inspect.isfunction):
            if function.__module__ != module.__name__ or name in HELPERS:
                continue
            if not inspect.signature(function).parameters:
                yield f"{module_name}.{name}", function


def measure() -> None:
    """Print the best time of each workload and the geometric mean, in milliseconds."""
    logarithms = []
    for name, function in workloads():
        best = math.inf
        for _ in range(7):
            started = time.perf_counter()
            function()
            function()
            best = min(best, (time.perf_counter() - started) / 2)
        print(f"{name:28} {best * 1e3:8.3f}")
        logarithms.append(math.log(best))
    print(f"{'geometric mean':28} {math.exp(math.fsum(logarithms) / len(logarithms)) * 1e3:8.3f}")


def in_interpreters(repeat: int) -> None:
    """Run the rules in two interpreters with their own GIL at once, as the workers do."""
    source = (
        f"import sys; sys.path[:] = {sys.path!r}\n"
        "from training import rules, containers\n"
        f"for _ in range({repeat}): rules.minutes(); containers.dicts()\n"
    )
    # A worker's interpreter does not import _datetime first (gh-136421).
    import _datetime  # noqa: F401

    import _interpreters

    threads = [
        threading.Thread(target=_interpreters.run_string, args=(_interpreters.create("isolated"), source))
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def main() -> None:
    """Run each workload often enough for the interpreter to specialise it."""
    # The directory of this file would hide the standard library's `numbers`.
    sys.path[0] = __file__.rpartition("/training/")[0]
    if "--time" in sys.argv:
        measure()
        return
    for name, function in workloads():
        started = time.perf_counter()
        for _ in range(int(sys.argv[1])):
            function()
        print(f"{name:28} {time.perf_counter() - started:6.2f} s")
    in_interpreters(int(sys.argv[1]) // 4)


if __name__ == "__main__":
    main()
