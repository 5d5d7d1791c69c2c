"""Training: what rules lean on less often, so that it is not compiled for size."""

import ast
import asyncio
import configparser
import difflib
import html.parser
import ipaddress
import random
import shlex
import sqlite3
import unicodedata
import urllib.parse
import uuid
import weakref
import xml.etree.ElementTree as ElementTree

CODE = "\n".join(f"def rule_{number}(x, *, k={number}):\n    return [v * k for v in x if v > {number}]" for number in range(25))


class Tags(html.parser.HTMLParser):
    """Counts tags."""

    seen = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Count one."""
        self.seen += 1


class Proxy:
    """Special methods, found through the class."""

    def __init__(self, value: int) -> None:
        self.value = value

    def __getattr__(self, name: str) -> int:
        return len(name)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Proxy) and self.value == other.value

    def __hash__(self) -> int:
        return hash(self.value)

    def __getitem__(self, index: int) -> int:
        return self.value + index

    def __len__(self) -> int:
        return 9

    def __contains__(self, item: int) -> bool:
        return item == self.value

    def __call__(self, item: int) -> int:
        return item + self.value


def markup() -> float:
    """XML there and back, HTML parsed."""
    text = "<a>" + "".join(f'<b x="{step}"><c>{step / 3}</c></b>' for step in range(150)) + "</a>"
    root = ElementTree.fromstring(text)
    tags = Tags()
    tags.feed("<ul>" + '<li class="x">a &amp; b</li>' * 60 + "</ul>")
    return sum(float(node.text or 0) for node in root.iter("c")) + len(ElementTree.tostring(root)) + tags.seen


def parsing() -> int:
    """Python source, INI files, shell words, URLs, addresses."""
    tree = ast.parse(CODE)
    compiled = compile(tree, "rules", "exec")
    settings = configparser.ConfigParser()
    settings.read_string("".join(f"[s{step}]\na={step}\nb=%(a)s x\n" for step in range(20)))
    total = len(ast.dump(tree)) + len(compiled.co_consts) + len(shlex.split('a "b c" d\\ e ' * 20))
    total += sum(len(settings.get(section, "b")) for section in settings.sections())
    for step in range(60):
        total += len(urllib.parse.urlparse(f"https://h{step}.example/p?q={step}&z=1").query)
        total += int(ipaddress.ip_address(f"10.0.{step}.{step % 199}")) % 7
    return total + len(list(difflib.unified_diff(CODE.splitlines()[:40], CODE.splitlines()[3:43])))


def database() -> float:
    """Python's own sqlite3."""
    connection = sqlite3.connect(":memory:")
    connection.execute("create table t (a integer, b real, c text)")
    connection.executemany("insert into t values (?, ?, ?)", ((step, step / 2, str(step)) for step in range(400)))
    total = sum(b for a, b, c in connection.execute("select a, b, c from t where a % 3 = ?", (1,)))
    connection.close()
    return float(total)


def large_integers() -> int:
    """Integers of hundreds of digits."""
    total = sum(pow(number, 200, 10**40 + 7) for number in range(1, 40))
    product = 1
    for number in range(1, 200):
        product *= number
    return total + product // (10**90 + 1) + len(str(7**2000)) + int("9" * 500) % 97 + (product >> 77) % 5


def octets() -> int:
    """bytes and bytearray."""
    data = bytearray()
    for step in range(800):
        data += bytes((step & 255, 7))
    joined = bytes(data).replace(b"\x01", b"xx")
    return data.find(b"\x09\x07") + data.count(7) + len(joined.split(b"\x02")) + len(joined.hex()) + sum(joined[::3])


def letters() -> int:
    """Text beyond ASCII."""
    text = "Größe: 3,5 m³/h – Pumpwerk Süd αβγ 水" * 40
    total = sum(unicodedata.category(character) == "Lu" for character in text[:600])
    total += len(unicodedata.normalize("NFD", text)) + len(text.upper()) + len(text.encode("utf-16"))
    return total + len(text.encode().decode()) + text.count("ü") + len(text.split("–")) + text.find("水")


def special_methods() -> int:
    """Operators on instances of a class, weak references."""
    proxy, total = Proxy(3), 0
    alive = [Proxy(number) for number in range(100)]
    weak = weakref.WeakValueDictionary(enumerate(alive))
    for step in range(250):
        total += proxy.missing + (proxy == alive[3]) + hash(proxy) + proxy[step] + len(proxy) + (3 in proxy) + proxy(step)
    return total + sum(value.value for value in weak.values())


def chance() -> float:
    """Random numbers from a seed."""
    source = random.Random(3)
    values = [source.gauss(0, 1) for _ in range(200)]
    source.shuffle(values)
    identifier = uuid.uuid5(uuid.NAMESPACE_URL, "series")
    return source.choice(values) + source.randint(1, 9) + source.uniform(0, 1) + identifier.int % 7


async def answer(number: int) -> int:
    """Wait for nothing, return."""
    await asyncio.sleep(0)
    return number


async def ask() -> int:
    """Gather answers."""
    return sum(await asyncio.gather(*(answer(number) for number in range(60))))


def coroutines() -> int:
    """An event loop and its tasks."""
    return asyncio.run(ask())
