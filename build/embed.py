"""Gather the files that travel inside the executable into one C file.

launcher/model/embedded.h lists them. The bytes lie in a ``.bin`` file beside
the C file, which the assembler includes. Everything comes from packages of the
Debian release that the build runs on and from the cache entries that are
linked in, nothing from the machine's own configuration: of the certificates,
for example, those that the package brings, not those that somebody added.
"""

import argparse
import base64
import hashlib
import json
import re
import struct
import subprocess
import uuid
import zlib
from pathlib import Path
from typing import Any, NamedTuple

ZONEINFO = Path("/usr/share/zoneinfo")
CERTIFICATES = Path("/usr/share/ca-certificates/mozilla")
COMMON_LICENCES = Path("/usr/share/common-licenses")
DYGRAPHS = Path("/usr/share/javascript/dygraphs")

#: Directories of /usr/share/zoneinfo that repeat the others in another form.
NOT_ZONES = frozenset({"posix", "right"})


class Component(NamedTuple):
    """Something that is linked in or embedded, as an archive of a Debian package."""

    name: str
    package: str
    licence: str
    description: str


#: The order is that of `version`. Licences are SPDX expressions for what is linked.
COMPONENTS = (
    Component("openssl", "libssl-dev", "Apache-2.0", "TLS and hashes"),
    Component("sqlite", "libsqlite3-dev", "blessing", "the SQLite store"),
    Component("udunits", "libudunits2-dev", "LicenseRef-UCAR", "conversion of units"),
    Component("libyaml", "libyaml-dev", "MIT", "configuration and definitions"),
    Component("libevent", "libevent-dev", "BSD-3-Clause", "the server of HTTP"),
    Component("zlib", "zlib1g-dev", "Zlib", "compression"),
    Component("zstd", "libzstd-dev", "BSD-3-Clause", "compression of certificates in TLS"),
    Component("bzip2", "libbz2-dev", "bzip2-1.0.6", "compression, for rules"),
    Component("xz", "liblzma-dev", "0BSD", "compression, for rules"),
    Component("expat", "libexpat1-dev", "MIT", "XML, for rules and the units"),
    Component("libuuid", "uuid-dev", "BSD-3-Clause", "UUIDs, for rules"),
    Component("glibc", "libc6-dev", "LGPL-2.1-or-later", "the C library"),
    Component(
        "libgcc",
        "libgcc-{gcc}-dev",
        "GPL-3.0-or-later WITH GCC-exception-3.1",
        "the compiler's run-time library",
    ),
    Component("tzdata", "tzdata", "LicenseRef-public-domain", "time zones"),
    Component("ca-certificates", "ca-certificates", "MPL-2.0", "Mozilla's CA certificates"),
    Component("dygraphs", "libjs-dygraphs", "MIT", "charts of the page"),
)

#: Files of so many bytes are deflated.
DEFLATED_FROM = 4096

#: Licences that the components' own texts only point to.
FULL_TEXTS = ("LGPL-2.1", "GPL-3", "MPL-2.0")


def package_version(package: str) -> str:
    """Return the version of an installed Debian package."""
    return subprocess.run(
        ["dpkg-query", "--show", "--showformat", "${Version}", package],
        check=True,
        capture_output=True,
        text=True,
    ).stdout


def slim(data: bytes) -> bytes:
    """Return a time zone without what RFC 8536 keeps for readers of version 1.

    A file of version 2 and later repeats its transitions of 1901 to 2037 in 32
    bits before those in 64. Nobody here reads them, and zic writes none either
    where it is asked for a slim file.
    """
    header = 44
    if data[4:5] < b"2":
        return data
    ttisut, ttisstd, leap, transitions, types, characters = struct.unpack(">6I", data[20:header])
    first = transitions * 5 + types * 6 + characters + leap * 8 + ttisstd + ttisut
    # The least that is a valid first part: one type, with an empty name.
    empty = data[:20] + struct.pack(">6I", 0, 0, 0, 0, 1, 1) + bytes(6 + 1)
    return empty + data[header + first :]


def time_zones() -> dict[str, bytes]:
    """Return the compiled time zones by name, and their release."""
    files: dict[str, bytes] = {}
    for file in sorted(ZONEINFO.rglob("*")):
        relative = file.relative_to(ZONEINFO)
        if relative.parts[0] in NOT_ZONES or not file.is_file():
            continue
        # localtime is a link to the machine's own zone.
        if relative.name in {"localtime", "posixrules"}:
            continue
        data = file.read_bytes()
        if data.startswith(b"TZif"):
            files[f"zoneinfo/{relative.as_posix()}"] = slim(data)
    if "zoneinfo/Europe/Berlin" not in files or "zoneinfo/US/Pacific" not in files:
        raise SystemExit(
            f"embed: {ZONEINFO} lacks zones; the packages are tzdata and, "
            "from Debian 13 on, tzdata-legacy (build/packages installs them)"
        )
    first_line = (ZONEINFO / "tzdata.zi").open(encoding="ascii").readline()
    files["zoneinfo-version"] = first_line.removeprefix("# version ").strip().encode()
    return files


def certificates() -> bytes:
    """Return Mozilla's CA certificates as one PEM text."""
    texts = []
    for file in sorted(CERTIFICATES.glob("*.crt")):
        text = file.read_text(encoding="ascii").strip()
        texts.append(f"# {file.stem}\n{text}\n")
    if not texts:
        raise SystemExit(f"embed: no certificates in {CERTIFICATES} (package ca-certificates)")
    return "".join(texts).encode()


def linked_components(python: dict[str, Any]) -> list[Component]:
    """Return what this program is linked with: OpenSSL brings zstd where it was built so."""
    return [
        component
        for component in COMPONENTS
        if component.name != "zstd" or "-lzstd" in python["link"]
    ]


def components(
    python: dict[str, Any], libpq: dict[str, Any], gcc: str
) -> list[dict[str, str]]:
    """Return what is linked in: name, version, licence, description, origin."""
    rows = []
    for name, info, licence, description in (
        ("cpython", python, "PSF-2.0", "the interpreter that runs the rules"),
        ("libpq", libpq, "PostgreSQL", "the PostgreSQL store"),
    ):
        source = info["source"]
        revision = source["debian_revision"]
        rows.append(
            {
                "name": name,
                "version": info["version"],
                "licence": licence,
                "description": description,
                "origin": f"{source['origin']} {revision}".strip(),
                "sha256": source["sha256"],
            }
        )
    for component in linked_components(python):
        package = component.package.format(gcc=gcc)
        version = package_version(package)
        rows.append(
            {
                "name": component.name,
                "version": upstream_version(version),
                "licence": component.licence,
                "description": component.description,
                "origin": f"Debian package {package} {version}",
            }
        )
    return rows


def software_bill(version: str, rows: list[dict[str, str]]) -> dict[str, Any]:
    """Return the components as a CycloneDX document, the same for the same build."""
    entries = []
    for row in rows:
        reference = f"{row['name']}@{row['version']}"
        entry: dict[str, Any] = {
            "type": "library",
            "bom-ref": reference,
            "name": row["name"],
            "version": row["version"],
            "description": row["description"],
            "licenses": (
                [{"expression": row["licence"]}]
                if " " in row["licence"] or row["licence"].startswith("LicenseRef-")
                else [{"license": {"id": row["licence"]}}]
            ),
            "purl": f"pkg:generic/{reference}",
            "properties": [{"name": "local-processing:origin", "value": row["origin"]}],
        }
        if "sha256" in row:
            entry["hashes"] = [{"alg": "SHA-256", "content": row["sha256"]}]
        entries.append(entry)
    # The serial number is asked to be unique for each document: it follows from the contents.
    serial = uuid.uuid5(uuid.NAMESPACE_URL, json.dumps([version, entries], sort_keys=True))
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "serialNumber": f"urn:uuid:{serial}",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": f"local-processing@{version}",
                "name": "local-processing",
                "version": version,
            }
        },
        "components": entries,
        "dependencies": [
            {
                "ref": f"local-processing@{version}",
                "dependsOn": [entry["bom-ref"] for entry in entries],
            }
        ],
    }


def licences(
    python: dict[str, Any], python_entry: Path, libpq_entry: Path, gcc: str
) -> dict[str, bytes]:
    """Return the licence text of every component."""
    files = {
        "licences/cpython": (python_entry / "LICENSE").read_bytes(),
        "licences/libpq": (libpq_entry / "COPYRIGHT").read_bytes(),
    }
    for component in linked_components(python):
        package = component.package.format(gcc=gcc)
        text = Path("/usr/share/doc", package, "copyright").read_bytes()
        files[f"licences/{component.name}"] = text
    for name in FULL_TEXTS:
        files[f"licences/full-text/{name}"] = (COMMON_LICENCES / name).read_bytes()
    return files


def upstream_version(version: str) -> str:
    """Return a Debian version without epoch, Debian revision and repacking mark."""
    upstream = version.partition(":")[2] or version
    upstream = upstream.rpartition("-")[0] or upstream
    return re.split(r"[+.]dfsg", upstream)[0]


def table(rows: list[dict[str, str]], last: str) -> list[str]:
    """Return a line for each row: name, version and the column `last`, one below the other."""
    name, version = (max(len(row[column]) for row in rows) + 2 for column in ("name", "version"))
    return [f"{row['name']:{name}}{row['version']:{version}}{row[last]}" for row in rows]


def summary_text(program: dict[str, Any], rows: list[dict[str, str]]) -> str:
    """Return what ``version`` prints."""
    commit = f" (commit {program['commit']})" if program["commit"] else ""
    lines = [f"local-processing {program['version']}{commit}", ""]
    lines += table(rows, "description")
    return "\n".join(lines) + "\n"


def build_text(
    program: dict[str, Any], python: dict[str, Any], libpq: dict[str, Any], rows: list[dict[str, str]]
) -> str:
    """Return what ``version --build`` prints."""
    profile = python["profile"]
    training = python.get("training", {})
    facts = {
        "local-processing": {
            "version": program["version"],
            "commit": program["commit"] or "unknown: not built from a git checkout",
            "compiler": program["compiler"],
            "flags": program["cflags"],
            "link": "static" if program["static"] else "dynamic",
            "LTO": "yes" if program["lto"] else "no",
            "sanitizers": program["sanitize"] or "none",
        },
        "CPython": {
            "version": python["version"],
            "flavour": python["flavour"],
            "source": f"{python['source']['origin']} {python['source']['debian_revision']}".strip(),
            "tarball": f"{python['source']['tarball']}, SHA-256 {python['source']['sha256']}",
            "patches": " ".join(python["source"]["patches"]) or "none",
            "compiler": python["compiler"],
            "flags": python["cflags"],
            "configure": python["configure_arguments"],
            "LTO": "yes" if python["lto"] else "no",
            "PGO": f"yes, profile SHA-256 {profile['sha256']}" if profile else "no",
            **({"functions that changed since the profile": str(profile["functions_without"])} if profile else {}),
            **{f"training, {name.replace('_', ' ')}": str(value) for name, value in training.items()},
            "modules": " ".join(python["builtin_modules"]),
        },
        "libpq": {
            "version": libpq["version"],
            "source": f"{libpq['source']['origin']} {libpq['source']['debian_revision']}".strip(),
            "flags": libpq["cflags"],
            "configure": libpq["configure_arguments"],
        },
        "linked in": {row["name"]: f"{row['version']} ({row['origin']})" for row in rows},
        "sysconfig": {name: str(value) for name, value in python["sysconfig"].items()},
    }
    lines = []
    for section, values in facts.items():
        lines.append(section)
        lines += [f"  {name}: {value}" for name, value in values.items()]
    return "\n".join(lines) + "\n"


def licences_text(rows: list[dict[str, str]], texts: dict[str, bytes]) -> str:
    """Return what ``version --licenses`` prints: what applies to what, then every text."""
    lines = ["What is linked into local-processing, and under which licence:", ""]
    lines += table(rows, "licence")
    lines += [
        "",
        "glibc is under the GNU Lesser General Public License 2.1: you may link this program",
        "again with another glibc. Its whole source and the commands that build it are public;",
        "docs/build.md tells how.",
    ]
    for name, text in texts.items():
        title = name.removeprefix("licences/").removeprefix("full-text/")
        lines += ["", "-" * 78, title, "-" * 78, "", text.decode("utf-8", "replace").strip()]
    return "\n".join(lines) + "\n"


def page_source(directory: Path, name: str) -> str:
    """Return a file of the page: its own, or Debian's of dygraphs, without the pointer to what it was made from."""
    file = directory / name
    if not file.exists():
        stem, _, suffix = name.rpartition(".")
        file = DYGRAPHS / f"{stem}.min.{suffix}"
    return re.sub(r"\n?(//# sourceMappingURL=\S+|/\*# sourceMappingURL=\S+ \*/)", "", file.read_text(encoding="utf-8"))


def page(directory: Path) -> bytes:
    """Return page.html with all that it names put into it, and a policy that allows nothing else to run."""
    html = (directory / "page.html").read_text(encoding="utf-8")
    hashes: dict[str, list[str]] = {"script": [], "style": []}

    def inline(match: re.Match[str]) -> str:
        name = match["script"] or match["style"]
        tag = "script" if match["script"] else "style"
        source = page_source(directory, name)
        if re.search(rf"</{tag}|<!--", source, re.IGNORECASE):
            raise SystemExit(f"embed: {name} has what ends a {tag} in it")
        digest = base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()
        hashes[tag].append(f"'sha256-{digest}'")
        return f"<{tag}>{source}</{tag}>"

    html = re.sub(
        r'<link rel="stylesheet" href="(?P<style>[\w.]+)">|<script src="(?P<script>[\w.]+)"></script>', inline, html
    )
    policy = (
        "default-src 'none'; img-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
        f"script-src {' '.join(hashes['script'])}; style-src {' '.join(hashes['style'])}"
    )
    head = '<meta charset="utf-8">'
    if html.count(head) != 1 or html.count("<!--data-->") != 1:
        raise SystemExit(f"embed: page.html has no single {head}, or no single place for its data")
    return html.replace(head, f'{head}\n<meta http-equiv="Content-Security-Policy" content="{policy}">').encode()


def tree_of(name: str, directory: Path) -> dict[str, bytes]:
    """Return the files below a directory, but for what tools leave behind."""
    return {
        f"{name}/{file.relative_to(directory).as_posix()}": file.read_bytes()
        for file in sorted(directory.rglob("*"))
        if file.is_file() and "__pycache__" not in file.parts
    }


def c_string(text: str) -> str:
    """Return `text` as a C string literal."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def write_table(files: dict[str, bytes], output: Path) -> None:
    """Write ``output.c`` and ``output.bin``; equal contents are stored once.

    Time zones are kept as they are, because every run looks some up; what else
    is large is deflated.
    """
    blob = bytearray()
    places: dict[bytes, int] = {}
    rows = []
    for name in sorted(files, key=lambda name: name.encode()):
        data = files[name]
        packed = data
        if len(data) >= DEFLATED_FROM and not name.startswith("zoneinfo/"):
            packed = zlib.compress(data, 9)
        if packed not in places:
            places[packed] = len(blob)
            blob += packed + b"\0"
        packed_size = len(packed) if packed is not data else 0
        rows.append(
            f"    {{{c_string(name)}, lp_embedded_data + {places[packed]},"
            f" {len(data)}, {packed_size}}},\n"
        )
    binary = output.with_suffix(".bin")
    binary.write_bytes(blob)
    output.with_suffix(".c").write_text(
        f"/* Made by build/embed.py. */\n"
        f'#include "model/embedded.h"\n\n'
        f'__asm__(".pushsection .rodata\\n"\n'
        f'        ".globl lp_embedded_data\\n"\n'
        f'        ".balign 16\\n"\n'
        f'        "lp_embedded_data:\\n"\n'
        f'        ".incbin \\"{binary}\\"\\n"\n'
        f'        ".popsection\\n");\n'
        f"extern const unsigned char lp_embedded_data[];\n\n"
        f"struct lp_embedded lp_embedded_table[] = {{\n{''.join(rows)}}};\n\n"
        f"const size_t lp_embedded_count = {len(rows)};\n",
        encoding="utf-8",
    )


def main() -> None:
    """Read the command line, gather, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--python-entry", type=Path, required=True)
    parser.add_argument("--libpq-entry", type=Path, required=True)
    parser.add_argument(
        "--tree",
        action="append",
        default=[],
        metavar="NAME=DIRECTORY",
        help="embed the files below a directory as NAME/path",
    )
    parser.add_argument("--page", type=Path, required=True, help="the directory of page.html")
    parser.add_argument("--program-facts", type=Path, required=True, help="JSON from CMake")
    parser.add_argument("--output", type=Path, required=True, help="without a suffix")
    arguments = parser.parse_args()

    python = json.loads((arguments.python_entry / "info.json").read_text(encoding="utf-8"))
    # Where the interpreter lay while it was made is nobody's business, and would
    # make the same build in another place another file.
    python["sysconfig"] = {
        name: value
        for name, value in python["sysconfig"].items()
        if f"/tmp/{arguments.python_entry.name}." not in str(value)
    }
    python["link"] = (arguments.python_entry / "link.txt").read_text(encoding="utf-8").split()
    libpq = json.loads((arguments.libpq_entry / "info.json").read_text(encoding="utf-8"))
    program = json.loads(arguments.program_facts.read_text(encoding="utf-8"))
    gcc = subprocess.run(
        ["gcc", "-dumpversion"], check=True, capture_output=True, text=True
    ).stdout.strip()

    rows = components(python, libpq, gcc.partition(".")[0])
    licence_files = licences(
        python, arguments.python_entry, arguments.libpq_entry, gcc.partition(".")[0]
    )
    build = {"program": program, "cpython": python, "libpq": libpq, "components": rows}
    summary = {"version": program["version"], "commit": program["commit"], "components": rows}
    files = time_zones()
    files["ca-certificates.pem"] = certificates()
    for name, document in {
        "version.json": summary,
        "build-info.json": build,
        "sbom.json": software_bill(program["version"], rows),
    }.items():
        files[name] = (json.dumps(document, indent=1) + "\n").encode()
    for name, text in {
        "version.txt": summary_text(program, rows),
        "build-info.txt": build_text(program, python, libpq, rows),
        "licences.txt": licences_text(rows, licence_files),
    }.items():
        files[name] = text.encode()
    files["page.html"] = page(arguments.page)
    files["version"] = program["version"].encode()
    files["committed"] = str(program["committed"]).encode()
    for tree in arguments.tree:
        name, _, directory = tree.partition("=")
        files.update(tree_of(name, Path(directory)))
    write_table(files, arguments.output)


if __name__ == "__main__":
    main()
