"""Tables in Markdown, and what the figures were taken on."""

from __future__ import annotations

import os
import pathlib
import platform
import subprocess
from collections.abc import Sequence

from program import PROGRAM, SOURCE


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table: the first column is words, all others are figures."""
    lines = ["| " + " | ".join(heads) + " |", "| --- |" + " ---: |" * (len(heads) - 1)]
    lines.extend("| " + " | ".join(row) + " |" for row in rows)
    return "\n".join(lines)


def mb(count: float | None) -> str:
    """Bytes as megabytes."""
    if count is None:
        return ""
    return f"{count / 1e6:,.0f}" if count >= 10e6 else f"{count / 1e6:.1f}"


def first_line(*command: str) -> str:
    """The first line that a command prints; empty where it cannot be run."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return (done.stdout.strip().splitlines() or [""])[0]


def machine() -> dict[str, str]:
    """What the figures were taken on."""
    model = ""
    for line in pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    memory = int(pathlib.Path("/proc/meminfo").read_text(encoding="ascii").split()[1]) // 1024
    load = " ".join(f"{value:.1f}" for value in os.getloadavg())
    versions = "import importlib; m = importlib.import_module({!r}); print(m.__version__)"
    return {
        "program": first_line(PROGRAM, "--version"),
        "postgresql": first_line(
            "bash", "-c", 'source "$1" && "$(postgresql_binaries)/postgres" --version', "bash",
            str(SOURCE / "tests" / "lib" / "postgresql.sh"),
        ),
        "cores": str(len(os.sched_getaffinity(0))),
        "processor": model,
        "memory": f"{memory} MB",
        "kernel": platform.release(),
        "load before": load,
        "python": first_line("/usr/bin/python3", "--version"),
        "psycopg2": first_line("/usr/bin/python3", "-c", versions.format("psycopg2")),
        "asyncpg": first_line("/usr/bin/python3", "-c", versions.format("asyncpg")),
    }


def heading(facts: dict[str, str]) -> str:
    """The same for people."""
    return (
        f"{facts['program']}; {facts['postgresql']} on the same machine; {facts['cores']} cores ({facts['processor'] or 'unknown'}), {facts['memory']}, "
        f"kernel {facts['kernel']}, load before {facts['load before']}; {facts['python']}, "
        f"psycopg2 {facts['psycopg2'].split(' ')[0] or '-'}, asyncpg {facts['asyncpg'] or '-'}"
    )
