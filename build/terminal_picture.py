#!/usr/bin/env python3
"""Draw docs/terminal.svg: commands in a demo's directory, with what they print.

    build/terminal_picture.py [PROGRAM]     # out/local-processing

Everything in the picture has been printed by the program; long outputs are cut,
and the directory that the demo lies in is called ~.
"""

from __future__ import annotations

import html
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
LATE = "time,p1/power\n2010-12-31T20:14:10,55.0\n"
# A command, and how many lines of its output are shown.
SESSION = (
    ("cat late.csv", 99),
    ("local-processing import late.csv", 99),
    ("local-processing due --at 2011-01-01T00:01:00", 99),
    ("local-processing run --at 2011-01-01T00:01:00 --log-level error --report", 99),
)
COLUMNS, SIZE, LEADING, MARGIN = 114, 13, 18, 16
# Of a character of the usual fonts with one width.
WIDTH = 0.602 * SIZE


def play(program: pathlib.Path) -> list[str]:
    """The lines of the session; a command begins with $."""
    lines = []
    with tempfile.TemporaryDirectory() as directory:
        path = pathlib.Path(directory)
        (path / "bin").mkdir()
        (path / "bin" / "local-processing").symlink_to(program)
        environment = {**os.environ, "PATH": f"{path}/bin:{os.environ['PATH']}", "LC_ALL": "C.UTF-8"}
        subprocess.run(["local-processing", "demo", "plant"], cwd=path, env=environment, check=True, stdout=subprocess.DEVNULL)
        (path / "plant" / "late.csv").write_text(LATE)
        for command, shown in SESSION:
            done = subprocess.run(command.split(), cwd=path / "plant", env=environment, check=True, capture_output=True)
            printed = [line.replace(directory, "~")[:COLUMNS] for line in done.stdout.decode().splitlines()]
            lines += [f"$ {command}", *printed[:shown], ""]
    return lines[:-1]


def draw(lines: list[str]) -> str:
    """The lines as a picture."""
    width, height = round(COLUMNS * WIDTH) + 2 * MARGIN, len(lines) * LEADING + 2 * MARGIN
    texts = []
    for number, line in enumerate(lines):
        color = "#7ee787" if line.startswith("$ ") else "#ff7b72" if re.search(r"state +failed|Error: ", line) else "#e6edf3"
        texts.append(
            f'<text x="{MARGIN}" y="{MARGIN + number * LEADING + SIZE}" fill="{color}"'
            f' xml:space="preserve">{html.escape(line)}</text>'
        )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
        f' font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, monospace" font-size="{SIZE}">\n'
        "<!-- drawn by build/terminal_picture.py -->\n"
        f'<rect width="{width}" height="{height}" rx="8" fill="#0d1117"/>\n' + "\n".join(texts) + "\n</svg>\n"
    )


def main() -> None:
    """Play the session and write the picture."""
    program = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "out" / "local-processing").resolve()
    (ROOT / "docs" / "terminal.svg").write_text(draw(play(program)))


if __name__ == "__main__":
    main()
