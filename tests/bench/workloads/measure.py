"""Run every benchmark once in this interpreter and print the times as JSON.

    measure.py [--group NAME]... [--scale F]

Run by tests/bench/interpreter under each of the interpreters, so it needs no
more than the standard library of Python 3.11. The loops are the same for all;
of three stretches of them the quickest counts, in processor time, which other
processes do not add to. A group whose modules this
interpreter does not have is left out, and said why.
"""

import argparse
import importlib
import json
import pathlib
import sys
import time

GROUPS = ("rules", "batch", "general")
STRETCHES = 3


def peak_memory() -> int:
    """In KB. getrusage would tell the parent's, from the time before exec."""
    with open("/proc/self/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))


def main() -> None:
    """Print seconds a loop by group and benchmark, and the peak memory in KB."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--group", action="append", choices=GROUPS)
    parser.add_argument("--scale", type=float, default=1.0, help="times the loops; 0 only imports")
    parser.add_argument("--once", action="store_true", help="one stretch, no warming up: to count instructions")
    arguments = parser.parse_args()
    sys.path.insert(0, str(pathlib.Path(__file__).parent))
    seconds: dict[str, dict[str, float]] = {}
    missing: dict[str, str] = {}
    for group in arguments.group or GROUPS:
        try:
            benchmarks = importlib.import_module(group).BENCHMARKS
        except ImportError as error:
            missing[group] = str(error)
            continue
        seconds[group] = {}
        if arguments.scale == 0:
            continue
        for name, (function, loops) in benchmarks.items():
            count = max(1, round(loops * arguments.scale))
            if arguments.once:
                function(count)
                continue
            function(max(1, count // 10))
            best = float("inf")
            for _ in range(STRETCHES):
                started = time.process_time()
                function(count)
                best = min(best, time.process_time() - started)
            seconds[group][name] = best / count
    print(json.dumps({"seconds": seconds, "missing": missing, "memory": peak_memory()}))


if __name__ == "__main__":
    main()
