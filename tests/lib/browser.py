"""A headless Chromium, driven through chromedriver by the WebDriver protocol (W3C), as far as the tests need it."""

from __future__ import annotations

import base64
import json
import os
import pathlib
import re
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from typing import Any


class BrowserError(Exception):
    """What the driver answered instead of doing what it was asked."""


class Browser:
    """One browser with one window; closed by close()."""

    def __init__(self, width: int = 1280, height: int = 900, dark: bool = False) -> None:
        self.process = subprocess.Popen(
            ["chromedriver", "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        self.port = self.port_of_driver()
        options = {
            # As root there is no other way; the pages are ours.
            "args": [
                "--headless=new",
                "--no-sandbox",
                "--disable-dev-shm-usage",
                "--disable-gpu",
                "--hide-scrollbars",
                f"--window-size={width},{height}",
                *(["--force-dark-mode"] if dark else []),
            ]
        }
        wanted = {
            "browserName": "chrome",
            "goog:chromeOptions": options,
            "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
        }
        answer = self.ask("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})
        self.session = f"/session/{answer['sessionId']}"
        self.resize(width, height, dark)

    def port_of_driver(self) -> int:
        """Return the port that the driver chose and printed."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            found = re.search(r"started successfully on port (\d+)", line)
            if found:
                return int(found[1])
        raise BrowserError("chromedriver ended before it told its port")

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """Send one command and return its value."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=120) as response:
                return json.load(response)["value"]
        except urllib.error.HTTPError as error:
            raise BrowserError(json.load(error)["value"]["message"].split("\n")[0]) from error

    def tell(self, command: str, **parameters: Any) -> Any:
        """Send a command of the DevTools protocol."""
        return self.ask("POST", f"{self.session}/goog/cdp/execute", {"cmd": command, "params": parameters})

    def resize(self, width: int, height: int, dark: bool = False, scale: float = 1) -> None:
        """Make the page so wide and high, and prefer a light or a dark scheme."""
        self.tell(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=scale,
            mobile=width < 700,
        )
        scheme = "dark" if dark else "light"
        self.tell("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def open(self, address: str) -> None:
        """Load a page and wait for it."""
        self.ask("POST", f"{self.session}/url", {"url": address})

    def run(self, script: str, *arguments: Any) -> Any:
        """Run the body of a function in the page and return what it returns."""
        return self.ask("POST", f"{self.session}/execute/sync", {"script": script, "args": list(arguments)})

    def wait(self, condition: str, *arguments: Any) -> Any:
        """Wait until an expression of the page is true, and return its value."""
        end = time.monotonic() + 60
        while time.monotonic() < end:
            value = self.run(f"return {condition}", *arguments)
            if value:
                return value
            time.sleep(0.02)
        raise BrowserError(f"it did not come to be: {condition}")

    def press(self, *keys: str) -> None:
        """Press keys one after another, as a person at a keyboard does."""
        actions = [{"type": kind, "value": key} for key in keys for kind in ("keyDown", "keyUp")]
        source = {"type": "key", "id": "keyboard", "actions": actions}
        self.ask("POST", f"{self.session}/actions", {"actions": [source]})

    def screenshot(self, file: pathlib.Path, whole: bool = False) -> None:
        """Keep a picture of what is seen, or of the whole page."""
        parameters: dict[str, Any] = {"format": "png"}
        if whole:
            parameters["captureBeyondViewport"] = True
            size = self.tell("Page.getLayoutMetrics")["cssContentSize"]
            parameters["clip"] = {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}
        file.write_bytes(base64.b64decode(self.tell("Page.captureScreenshot", **parameters)["data"]))

    def complaints(self) -> list[str]:
        """Return what the page has written to the console since the last call."""
        log = self.ask("POST", f"{self.session}/se/log", {"type": "browser"})
        return [entry["message"] for entry in log]

    def requests(self) -> list[str]:
        """Return the addresses that the page has asked for since the last call."""
        log = self.ask("POST", f"{self.session}/se/log", {"type": "performance"})
        messages = [json.loads(entry["message"])["message"] for entry in log]
        return [one["params"]["request"]["url"] for one in messages if one["method"] == "Network.requestWillBeSent"]

    def close(self) -> None:
        """End the browser and its driver."""
        try:
            self.ask("DELETE", self.session)
        finally:
            self.process.terminate()
            self.process.wait()


def missing() -> str | None:
    """Return what is not installed; None: a browser can be had."""
    absent = [program for program in ("chromium", "chromedriver") if shutil.which(program) is None]
    return f"no {' and no '.join(absent)} here" if absent and "CI" not in os.environ else None
