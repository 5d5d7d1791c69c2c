"""What the program has to do in a root file system that holds nothing but itself.

A mixin of test cases, for a root that tests/system/test_empty_root makes by
hand and for that of the container image. What a container's runtime adds is
added here: /etc/hosts, and a directory that stands for a volume.
"""

from __future__ import annotations

import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

from program import Cluster, Result

#: A user without an entry in any passwd, as in the image.
USER = 65532
CHROOT = shutil.which("chroot") or "/usr/sbin/chroot"
HOST = "database.example"

DEFINITIONS = """
series:
  - {name: flow, unit: m3/h}
calculations:
  - {name: mean flow, rule: mean, inputs: {x: flow}, output: flow/mean, every: 1 minute, start: 2026-03-01T00:00:00Z}
"""
SAMPLES = "time,flow\n" + "".join(f"2026-03-01T00:{minute:02d}:30Z,{minute}\n" for minute in range(10))

#: What Python would look for if it had not got everything inside.
PYTHON_FILES = re.compile(r"\.py|python|pyvenv|encodings|zoneinfo|\.so|site-packages")


def make_certificates(directory: pathlib.Path) -> None:
    """An authority, and a certificate for HOST that it signed."""
    openssl = ["openssl", "req", "-newkey", "rsa:2048", "-nodes", "-days", "3", "-x509"]
    for command in (
        [*openssl, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=test authority"],
        [*openssl, "-keyout", "server.key", "-out", "server.pem", "-subj", f"/CN={HOST}",
         "-addext", f"subjectAltName=DNS:{HOST}", "-CA", "ca.pem", "-CAkey", "ca.key"],
    ):  # fmt: skip
        subprocess.run(command, cwd=directory, check=True, capture_output=True)
    # The server's user may read its key through the group.
    shutil.chown(directory / "server.key", "root", "postgres")
    (directory / "server.key").chmod(0o640)


class EmptyRoot(unittest.TestCase):
    """Cases over `root`, which the subclass sets in setUpClass."""

    root: pathlib.Path

    def inside(self, *arguments: str, **environment: str) -> Result:
        """Run the program in the root, as nobody that it knows."""
        return Result(
            subprocess.run(
                [CHROOT, f"--userspec={USER}:{USER}", str(self.root), "/local-processing", *arguments],
                env=environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=300,
                check=False,
            )
        )

    def ok(self, *arguments: str, **environment: str) -> Result:
        """Run it and insist on exit code 0."""
        result = self.inside(*arguments, **environment)
        self.assertEqual(result.code, 0, f"{arguments}: {result.out}\n{result.err}")
        return result

    def volume(self) -> pathlib.Path:
        """A directory in the root that the user may write to."""
        path = pathlib.Path(tempfile.mkdtemp(prefix="volume-", dir=self.root))
        os.chown(path, USER, USER)
        self.addCleanup(shutil.rmtree, path)
        return path

    def test_says_its_version(self) -> None:
        self.assertRegex(self.ok("version").out, r"^local-processing \d+\.\d+\.\d+")

    def test_knows_every_time_zone(self) -> None:
        code = "import zoneinfo; print(len(zoneinfo.available_timezones()), zoneinfo.ZoneInfo('Asia/Kathmandu'))"
        count, name = self.ok("python", "-c", code).out.split()
        self.assertGreater(int(count), 400)
        self.assertEqual(name, "Asia/Kathmandu")

    def test_needs_no_entry_for_its_user(self) -> None:
        self.assertEqual(self.ok("python", "-c", "import os; print(os.getuid())").out, f"{USER}\n")

    def test_runs_the_demo(self) -> None:
        place = f"/{self.volume().name}/plant"
        said = self.ok("demo", place).out
        self.assertIn("Try next", said)
        found = self.ok("status", "--config", f"{place}/local-processing.yaml", "--json").out
        self.assertIn("p3/efficiency", found)

    def test_computes_on_postgresql_over_tls(self) -> None:
        volume = self.volume()
        with tempfile.TemporaryDirectory(prefix="tls-") as directory:
            files = pathlib.Path(directory)
            files.chmod(0o755)
            make_certificates(files)
            cluster = Cluster("ssl=on", f"ssl_cert_file={files}/server.pem", f"ssl_key_file={files}/server.key")
            self.addCleanup(cluster.close)
            shutil.copy(files / "ca.pem", volume / "ca.pem")
        etc = self.root / "etc"
        etc.mkdir(exist_ok=True)
        (etc / "hosts").write_text(f"127.0.0.1 {HOST}\n")
        self.addCleanup(shutil.rmtree, etc)
        cluster.sql("CREATE ROLE plant LOGIN PASSWORD 'water'")
        cluster.sql("CREATE DATABASE plant OWNER plant")
        (volume / "definitions.yaml").write_text(DEFINITIONS)
        (volume / "flow.csv").write_text(SAMPLES)
        environment = {
            "PGPASSWORD": "water",
            "LOCAL_PROCESSING_CONFIG": f"/{volume.name}/local-processing.yaml",
        }

        def configure(host: str) -> None:
            (volume / "local-processing.yaml").write_text(
                f'store: "host={host} port={cluster.environment["PGPORT"]} user=plant dbname=plant'
                f' sslmode=verify-full sslrootcert=/{volume.name}/ca.pem"\n'
            )

        configure(HOST)
        for arguments in (
            ["migrate"],
            ["apply", f"/{volume.name}/definitions.yaml"],
            ["import", f"/{volume.name}/flow.csv"],
            ["run", "--at", "2026-03-01T00:10:00Z"],
        ):
            self.ok(*arguments, **environment)
        stored = cluster.sql("SELECT value FROM local_processing.sample_named WHERE series = 'flow/mean' ORDER BY ts", "plant")
        self.assertEqual([float(value) for (value,) in stored], [float(minute) for minute in range(10)])

        # A certificate for another name is refused: the name was checked, not only the signature.
        configure("127.0.0.1")
        refused = self.inside("run", "--at", "2026-03-01T00:10:00Z", **environment)
        self.assertIn(refused.code, (69, 77, 78))
        self.assertIn("127.0.0.1", refused.err)

    @unittest.skipIf(shutil.which("strace") is None, "strace is not installed")
    def test_opens_nothing_for_python(self) -> None:
        code = "import json, asyncio, decimal, zoneinfo, email.mime.text; zoneinfo.ZoneInfo('Europe/Berlin')"
        with tempfile.NamedTemporaryFile(mode="r") as trace:
            done = subprocess.run(
                [shutil.which("strace") or "strace", "-f", "-o", trace.name, "-e", "trace=%file",
                 CHROOT, str(self.root), "/local-processing", "python", "-c", code],
                env=dict[str, str](), capture_output=True, check=False,
            )  # fmt: skip
            self.assertEqual(done.returncode, 0, done.stderr.decode())
            lines = trace.read().splitlines()
        # What comes before the program itself is chroot's own.
        start = next(number for number, line in enumerate(lines) if 'execve("/local-processing"' in line)
        for line in lines[start + 1 :]:
            path = re.search(r'"([^"]*)"', line)
            if path is not None:
                self.assertIsNone(PYTHON_FILES.search(path[1]), line)
