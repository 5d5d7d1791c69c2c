"""The program under test as a user runs it, a PostgreSQL cluster for it, and the closing count.

For the scripts in tests/system and tests/faults: plain unittest cases, run by
`main()`, which prints `N passed, N failed` as tests/run wants it.
"""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest
from collections.abc import Iterator, Sequence
from typing import Any

SOURCE = pathlib.Path(os.environ.get("LOCAL_PROCESSING_SOURCE", pathlib.Path(__file__).resolve().parents[2]))
PROGRAM = os.environ.get("LOCAL_PROCESSING", str(SOURCE / "out" / "local-processing"))
WEATHER = SOURCE / "app" / "demo" / "seattle-weather-hourly-normals.csv"


class Result:
    """What a finished program printed and how it ended."""

    def __init__(self, process: subprocess.CompletedProcess[bytes]) -> None:
        self.code = process.returncode
        self.out = process.stdout.decode(errors="replace")
        self.err = process.stderr.decode(errors="replace")

    def json(self) -> Any:
        """Standard output as JSON."""
        return json.loads(self.out)


def clean_environment(**more: str) -> dict[str, str]:
    """The environment without what would change the program's behaviour behind a test's back."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PG", "LOCAL_PROCESSING", "SSL_CERT"))}
    return {**kept, **more}


class Workplace:
    """A directory with configuration, definitions and rules, and the program run in it; another one where that is named."""

    def __init__(
        self, store: str, environment: dict[str, str] | None = None, settings: str = "", program: str = PROGRAM
    ) -> None:
        self.program = program
        self._temporary = tempfile.TemporaryDirectory(prefix="place-", ignore_cleanup_errors=True)
        self.path = pathlib.Path(self._temporary.name)
        self.path.chmod(0o755)
        self.environment = clean_environment(**(environment or {}))
        (self.path / "rules").mkdir()
        self.write("local-processing.yaml", f"store: {json.dumps(store)}\nrules: rules\n{settings}")

    def write(self, name: str, text: str) -> pathlib.Path:
        """Write a file below the directory."""
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def command(self, *arguments: str) -> list[str]:
        """The program's command line."""
        return [self.program, *arguments]

    def run(self, *arguments: str, timeout: float = 300, stdin: bytes = b"") -> Result:
        """Run the program to its end."""
        return Result(
            subprocess.run(
                self.command(*arguments),
                cwd=self.path,
                env=self.environment,
                input=stdin,
                capture_output=True,
                timeout=timeout,
                check=False,
            )
        )

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Start the program and leave it running."""
        return subprocess.Popen(
            self.command(*arguments),
            cwd=self.path,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def ok(self, *arguments: str, **more: Any) -> Result:
        """Run the program and insist on exit code 0."""
        result = self.run(*arguments, **more)
        if result.code != 0:
            raise AssertionError(f"{' '.join(arguments)}: exit code {result.code}\n{result.out}\n{result.err}")
        return result

    def close(self) -> None:
        """Remove the directory."""
        self._temporary.cleanup()


class Cluster:
    """A temporary PostgreSQL server (tests/lib/postgresql.sh), stopped by close()."""

    def __init__(self, *settings: str) -> None:
        self._script = str(SOURCE / "tests" / "lib" / "postgresql.sh")
        self._directory = tempfile.mkdtemp(prefix="pg-")
        started = subprocess.run(
            [self._script, "start", self._directory, *settings], capture_output=True, check=False
        )
        if started.returncode != 0:
            raise RuntimeError(f"cannot start PostgreSQL: {started.stderr.decode()}")
        lines = subprocess.run(
            ["bash", "-c", 'eval "$1"; env | grep "^PG"', "bash", started.stdout.decode()],
            capture_output=True,
            check=True,
        ).stdout.decode()
        self.environment = dict(line.split("=", 1) for line in lines.splitlines())
        self.environment.pop("PGDATABASE", None)

    def sql(self, statement: str, database: str = "postgres") -> list[list[str]]:
        """Run a statement with psql; rows of texts."""
        done = subprocess.run(
            ["psql", "-X", "-q", "-A", "-t", "-F", "\x1f", "-v", "ON_ERROR_STOP=1", "-d", database, "-c", statement],
            env=clean_environment(**self.environment),
            capture_output=True,
            check=False,
        )
        if done.returncode != 0:
            raise AssertionError(done.stderr.decode())
        return [line.split("\x1f") for line in done.stdout.decode().splitlines()]

    def place(self, database: str, settings: str = "", program: str = PROGRAM) -> Workplace:
        """A fresh database and a workplace that uses it."""
        self.sql(f'CREATE DATABASE "{database}"')
        return Workplace(f"dbname={database}", self.environment, settings, program)

    def _control(self, *arguments: str) -> None:
        """pg_ctl, as the user whose server it is."""
        directory = pathlib.Path(self.environment["PGHOST"])
        binaries = (directory / "binaries").read_text().strip()
        owner = (directory / "data").stat()
        command = [f"{binaries}/pg_ctl", f"--pgdata={directory}/data", "--wait", *arguments]
        them: dict[str, Any] = {}
        if os.getuid() == 0:
            them = {"user": owner.st_uid, "group": owner.st_gid, "extra_groups": []}
        subprocess.run(command, cwd="/", env=clean_environment(), stdout=subprocess.DEVNULL, check=True, **them)

    def stop(self) -> None:
        """As a power cut would; the files stay."""
        self._control("stop", "--mode=immediate")

    def start(self) -> None:
        """The server that was stopped, at the port it had."""
        self._control("start", f"--options=-p {self.environment['PGPORT']}", "--log=/dev/null")

    def close(self) -> None:
        """Stop the server and remove its files."""
        subprocess.run([self._script, "stop", self._directory], capture_output=True, check=False)


class Session:
    """Somebody else's transaction: it has done the statements, and stays open until it is ended."""

    def __init__(self, cluster: Cluster, database: str, *statements: str) -> None:
        self._psql = subprocess.Popen(
            ["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", database],
            env=clean_environment(**cluster.environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self._psql.stdin is not None and self._psql.stdout is not None
        self._psql.stdin.write("".join(f"{text};\n" for text in ("BEGIN", *statements)).encode() + b"\\echo done\n")
        self._psql.stdin.flush()
        while self._psql.stdout.readline().strip() != b"done":
            assert self._psql.poll() is None, statements

    def _finish(self, *statements: str) -> None:
        if self._psql.poll() is None:
            self._psql.communicate("".join(f"{text};\n" for text in statements).encode())

    def end(self, *statements: str) -> None:
        """Commit, after more statements; more than once is no harm."""
        self._finish(*statements, "COMMIT")

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        """Take back what was done."""
        self._finish("ROLLBACK")


def tests_of(suite: unittest.TestSuite) -> Iterator[unittest.TestCase]:
    """The cases in a suite of suites."""
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            yield from tests_of(test)
        else:
            yield test


def main(only: Sequence[str] = ()) -> None:
    """Run the calling script's unittest cases, or those whose names contain one of the texts, and print the count."""
    loader = unittest.defaultTestLoader
    suite = loader.loadTestsFromModule(sys.modules["__main__"])
    if only:
        suite = unittest.TestSuite(test for test in tests_of(suite) if any(text in test.id() for text in only))
    result = unittest.TextTestRunner(stream=sys.stdout, verbosity=1).run(suite)
    for test, reason in result.skipped:
        print(f"SKIP {test.id().removeprefix('__main__.')}: {reason}")
    # Subtests that fail are several entries of one test; a class that cannot be set up is an entry of no test.
    broken = {getattr(test, "test_case", test).id() for test, _ in result.failures + result.errors}
    unrun = sum(name.startswith("setUpClass") for name in broken)
    failed, skipped = len(broken), len(result.skipped)
    passed = result.testsRun - (failed - unrun) - skipped
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    sys.exit(1 if failed else 0)
