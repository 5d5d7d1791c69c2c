"""Training: strings, formatting, regular expressions, JSON, CSV, bytes."""

import base64
import csv
import hashlib
import io
import json
import pickle
import re
import struct
import textwrap
import zlib

LINES = [
    f"2026-01-{day:02d}T00:15:00Z station/{day % 5}/flow = {day * 1.25:.3f} m3/h [good]"
    for day in range(1, 32)
]
LINE = re.compile(r"(?P<time>\S+) (?P<tag>[\w/]+) = (?P<value>-?\d+\.\d+) (?P<unit>\S+) \[(\w+)\]")


def strings() -> int:
    """Split, join, replace, translate, format."""
    total = 0
    for line in LINES:
        words = line.split()
        total += len("|".join(words).upper().replace("/", ".").strip("]"))
        total += line.find("flow") + line.startswith("2026") + line.count("0")
        name, _, value = line.partition(" = ")
        total += len(f"{name:>60}{value!r:<20}{total:08d}{total / 7:,.2f}{total:x}")
        total += len("%s is %5.1f %d" % (name, 3.14, total)) + len("{}-{k}".format(1, k=2))
        total += len(name.encode()) + ("ü" + name).casefold().isidentifier()
        for character in value:
            if character.isdigit():
                total += int(character)
    return total + len(textwrap.fill(" ".join(LINES[:6]), 70))


def numbers_in_text() -> float:
    """Parse and print numbers."""
    texts = [repr(step / 7) for step in range(600)]
    return sum(map(float, texts)) + sum(int(text[2:5] or 0) for text in texts if text[2:5].isdigit())


def expressions() -> float:
    """Match, search, find all, substitute."""
    total = 0.0
    for line in LINES:
        match = LINE.match(line)
        if match is not None:
            total += float(match["value"]) + len(match.groupdict())
        total += len(re.findall(r"\d+", line)) + len(re.sub(r"[aeiou]", "*", line))
        total += re.search(r"(good|bad)\]$", line) is not None
    return total + len(re.split(r"[;,]\s*", "a, b;c,d; e" * 20))


def documents() -> int:
    """JSON there and back, with nesting and escapes."""
    document = {
        "series": [{"name": f"s{step}", "values": [step, step / 3, None, True], "text": "ä\n\"x\""} for step in range(60)],
        "count": 60,
    }
    text = json.dumps(document)
    back = json.loads(text)
    pretty = json.dumps(back, indent=2, sort_keys=True, ensure_ascii=False)
    return len(text) + len(pretty) + len(json.loads(pretty)["series"])


def tables() -> float:
    """CSV there and back."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(["time", "value", "comment"])
    for step in range(400):
        writer.writerow([f"2026-01-01T{step % 24:02d}:00", step / 8, 'said "no", twice'])
    buffer.seek(0)
    return sum(float(row["value"]) for row in csv.DictReader(buffer))


def binary() -> int:
    """struct, memoryview, base64, hashes, zlib, pickle."""
    packed = b"".join(struct.pack("<qd", step, step / 3) for step in range(400))
    total = sum(key for key, _ in struct.iter_unpack("<qd", packed))
    view = memoryview(packed).cast("q")
    total += sum(view[::2]) + len(base64.b64decode(base64.b64encode(packed)))
    total += len(hashlib.sha256(packed).hexdigest()) + zlib.crc32(packed) % 7
    total += len(zlib.decompress(zlib.compress(packed)))
    value = {"a": [1, 2.5, "x"] * 50, "b": {str(number) for number in range(50)}}
    return total + len(pickle.loads(pickle.dumps(value))["a"])


def files() -> int:
    """Text and bytes streams."""
    stream = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", newline="\n")
    for line in LINES:
        print(line, file=stream)
    stream.seek(0)
    return sum(len(line) for line in stream)
