"""Make the statements and the schema of a store from its ``.sql`` files.

``STORE/statements/*.sql`` holds statements, each behind ``-- name:`` and
``-- doing:`` (what a message says cannot be done), and fragments behind
``-- fragment:``, which others take in as ``{{name}}`` or ``{{name arguments}}``.
States and reasons stand by name, as launcher/model/*.table has them:
``{{state failed}}`` and ``{{reason backfill}}`` are numbers, ``{{states}}`` the words of
all states in the order of their numbers, ``{{failures}}`` of those that are failures.

``STORE/schema/NNN_*.sql`` are the steps of the schema, which keep their comments.

Written are names.table and statements.table, for X-macros, and the steps.
"""

import argparse
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, NoReturn

HEAD = re.compile(r"^-- (name|fragment): *(\w+) *(.*)\n", re.MULTILINE)
ABOUT = re.compile(r"^-- (doing|reads): *(.+)$", re.MULTILINE)
INNERMOST = re.compile(r"\{\{(\w+) *((?:(?!\{\{|\}\}).)*)\}\}", re.DOTALL)
TOKEN = re.compile(r"('(?:[^']|'')*'|\"[^\"]*\")|((?:--[^\n]*|\s)+)|(.)", re.DOTALL)
ROW = re.compile(r'^(STATE|REASON)\((\w+), (\d+), "([^"]+)"(?:, (true|false))?, "[^"]+"\)$', re.MULTILINE)


class Place(NamedTuple):
    """Where something stands."""

    file: Path
    line: int

    def wrong(self, what: str) -> NoReturn:
        """End with what is wrong there."""
        raise SystemExit(f"{self.file}:{self.line}: {what}")


class Item(NamedTuple):
    """A statement or a fragment."""

    kind: str
    name: str
    parameters: list[str]
    about: dict[str, str]
    body: str
    place: Place


def items_of(file: Path) -> Iterator[Item]:
    """Return what a file holds; the body of an item begins on the line behind its place."""
    text = file.read_text(encoding="utf-8")
    heads = list(HEAD.finditer(text))
    for head, end in zip(heads, [*(head.start() for head in heads[1:]), len(text)]):
        body = text[head.end() : end]
        place = Place(file, text.count("\n", 0, head.start()) + 1)
        yield Item(head[1], head[2], head[3].split(), dict(ABOUT.findall(body)), body, place)


def split(arguments: str) -> list[str]:
    """Return what stands between the commas that are in no parentheses."""
    parts, depth = [""], 0
    for c in arguments:
        depth += (c == "(") - (c == ")")
        if c == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += c
    return [part.strip() for part in parts]


def short(sql: str) -> str:
    """Return SQL without comments, and with no space that it does not need."""
    text = ""
    for quoted, space, other in TOKEN.findall(sql):
        if not space:
            text += quoted or other
        elif text and text[-1] not in " (":
            text += " "
        if other == ")" and text.endswith(" )"):
            text = text[:-2] + ")"
    return text.strip()


class Store:
    """The statements and fragments of a store, and the words of states and reasons."""

    def __init__(self, folder: Path, tables: Path) -> None:
        self.statements: dict[str, Item] = {}
        self.fragments: dict[str, Item] = {}
        self.used: set[str] = set()
        self.words: dict[tuple[str, str], str] = {}
        for table in ("state", "reason"):
            for kind, name, number, word, failure in ROW.findall((tables / f"{table}.table").read_text("utf-8")):
                self.words[kind.lower(), name.lower()] = number
                if kind == "STATE":
                    self.list_word("states", word)
                if failure == "true":
                    self.list_word("failures", word)
        for file in sorted(folder.glob("s*/*.sql")):
            for item in items_of(file):
                known = self.statements if item.kind == "name" else self.fragments
                if item.name in known:
                    item.place.wrong(f"{item.name} stands in {known[item.name].place.file}, too")
                known[item.name] = item

    def list_word(self, name: str, word: str) -> None:
        """Add the word of a state to what a name stands for."""
        self.words[name, ""] = ", ".join(filter(None, (self.words.get((name, "")), f"'{word}'")))

    def fill(self, text: str, place: Place, within: tuple[str, ...] = ()) -> str:
        """Return a text with what its fragments stand for, each in one line."""
        while match := INNERMOST.search(text):
            here = Place(place.file, place.line + text.count("\n", 0, match.start()))
            name, arguments = match[1], match[2].strip()
            lines = "\n" * match[0].count("\n")
            text = text[: match.start()] + self.meaning(name, arguments, here, within) + lines + text[match.end() :]
        return text

    def meaning(self, name: str, arguments: str, here: Place, within: tuple[str, ...]) -> str:
        """Return what ``{{name arguments}}`` stands for."""
        if (name, arguments) in self.words:
            return self.words[name, arguments]
        if name not in self.fragments or name in within:
            here.wrong(f"{{{{{name} {arguments}}}}}: no such fragment, state or reason")
        self.used.add(name)
        fragment = self.fragments[name]
        parameters = fragment.parameters
        values = split(arguments) if len(parameters) > 1 else [arguments] if parameters else []
        if len(values) != len(parameters) or (arguments and not parameters):
            here.wrong(f"{{{{{name}}}}} takes {len(parameters)} arguments")
        body = fragment.body
        for parameter, value in zip(parameters, values):
            body = body.replace(f"{{{{{parameter}}}}}", value)
        return short(self.fill(body, Place(fragment.place.file, fragment.place.line + 1), (*within, name)))

    def sql_of(self, item: Item) -> str:
        """Return the text of a statement as the server gets it."""
        text = short(self.fill(item.body, Place(item.place.file, item.place.line + 1)))
        if not text.endswith(";") or ";" in re.sub(r"'[^']*'", "", text[:-1]):
            item.place.wrong(f"{item.name} is not one statement that ends with a semicolon")
        return text[:-1]


def quoted(text: str) -> str:
    """Return a text as C has it."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def write(file: Path, text: str) -> None:
    """Write a file, unless it is there like that: what includes it need not be made anew."""
    file.parent.mkdir(parents=True, exist_ok=True)
    if not file.exists() or file.read_text(encoding="utf-8") != text:
        file.write_text(text, encoding="utf-8")


def main() -> None:
    """Read the command line and the files, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("store", type=Path, help="launcher/store/postgresql or launcher/store/sqlite")
    parser.add_argument("--tables", type=Path, required=True, help="the directory of state.table and reason.table")
    parser.add_argument("--output", type=Path, required=True, help="a directory")
    arguments = parser.parse_args()

    store = Store(arguments.store, arguments.tables)
    names, rows = [], []
    for item in store.statements.values():
        if "doing" not in item.about:
            item.place.wrong(f"{item.name} does not say what it is doing")
        names.append(f"STATEMENT({item.name.upper()})\n")
        doing = store.fill(item.about["doing"], item.place)
        texts = ", ".join(map(quoted, (item.name, doing, store.sql_of(item))))
        rows.append(f"STATEMENT({item.name.upper()}, {texts})\n")
    steps = arguments.output / "schema"
    for stale in steps.glob("*.sql"):
        if not (arguments.store / "schema" / stale.name).exists():
            stale.unlink()
    for step in sorted(arguments.store.glob("schema/[0-9]*.sql")):
        write(steps / step.name, store.fill(step.read_text(encoding="utf-8"), Place(step, 1)))
    for name, fragment in store.fragments.items():
        if name not in store.used:
            fragment.place.wrong(f"nothing takes in the fragment {name}")
    for file, lines in (("names.table", names), ("statements.table", rows)):
        write(arguments.output / file, f"/* Made by build/statements.py. */\n{''.join(lines)}#undef STATEMENT\n")


if __name__ == "__main__":
    main()
