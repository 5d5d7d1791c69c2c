"""A `serve` that is under way, for the tests that disturb it."""

from __future__ import annotations

import re
import signal
import subprocess
import time
from collections.abc import Callable, Sequence

from program import Workplace


class Served:
    """A `serve` that is under way, and its log."""

    def __init__(self, place: Workplace, *arguments: str) -> None:
        self.log = place.path / f"serve-{time.monotonic_ns()}.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                place.command("serve", *self.listening(arguments)),
                cwd=place.path,
                env=place.environment,
                stdin=subprocess.DEVNULL,
                stderr=log,
            )

    @staticmethod
    def listening(arguments: Sequence[str]) -> Sequence[str]:
        """The arguments; nobody is answered where they do not say so: suites run beside each other."""
        return arguments if "--listen" in arguments else (*arguments, "--listen", "off")

    def address(self) -> tuple[str, int]:
        """Where it listens."""
        found = re.search(r"address=(\S+):(\d+)", self.wait_for("listening"))
        assert found is not None
        return found[1], int(found[2])

    def lines(self, message: str) -> list[str]:
        """The lines of the log with this message."""
        forms = (f'message="{message}', f"message={message}")
        return [line for line in self.log.read_text().splitlines() if any(form in line for form in forms)]

    def wait_for(self, message: str, count: int = 1, seconds: float = 60) -> str:
        """The line, once it is there."""
        self.until(lambda: len(self.lines(message)) >= count, message, seconds)
        return self.lines(message)[count - 1]

    def until(self, condition: Callable[[], bool], what: str, seconds: float = 60) -> None:
        """Wait until it is so."""
        deadline = time.monotonic() + seconds
        while not condition():
            if self.process.poll() is not None:
                raise AssertionError(f"it has ended with {self.process.returncode}\n{self.log.read_text()}")
            if time.monotonic() > deadline:
                raise AssertionError(f"nothing of: {what}\n{self.log.read_text()}")
            time.sleep(0.02)

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Its exit code after that signal."""
        self.process.send_signal(number)
        return self.process.wait(timeout=30)

    def kill(self) -> None:
        """Whatever it does."""
        self.process.kill()
        self.process.wait()
