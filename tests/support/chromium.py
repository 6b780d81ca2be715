"""A headless Chromium over its own protocol (CDP): pages, input, screenshots, requests; no driver."""

from __future__ import annotations

import base64
import contextlib
import itertools
import json
import shutil
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import websockets.sync.client as sync

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--remote-debugging-port=0",
)
STARTS_WITHIN_S = 60.0
PATIENCE_S = 30.0
HELPERS = Path(__file__).with_name("in_page.js")


def executable() -> str | None:
    """Where Debian's Chromium lies, or None."""
    return shutil.which("chromium")


class PageError(AssertionError):
    """The page threw, or a wish of a test did not come true in time."""


class Tab:
    """One page of a browser."""

    def __init__(self, address: str) -> None:
        self._stack = contextlib.ExitStack()
        self._socket = self._stack.enter_context(sync.connect(address, max_size=1 << 28))
        self._ids = itertools.count(1)
        self.requests: list[str] = []
        self.faults: list[str] = []
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")
        self.call("Page.addScriptToEvaluateOnNewDocument", source=HELPERS.read_text("utf-8"))

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """One call of the protocol; events that come meanwhile are kept."""
        number = next(self._ids)
        self._socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            message = json.loads(self._socket.recv(timeout=PATIENCE_S * 4))
            if message.get("id") == number:
                if "error" in message:
                    raise PageError(f"{method}: {message['error']}")
                result: dict[str, Any] = message["result"]
                return result
            self._note(message)

    def _note(self, message: dict[str, Any]) -> None:
        method, parameters = message.get("method"), message.get("params", {})
        if method == "Network.requestWillBeSent":
            self.requests.append(parameters["request"]["url"])
        if method == "Runtime.exceptionThrown":
            details = parameters["exceptionDetails"]
            self.faults.append(str(details.get("exception", {}).get("description", details["text"])))
        if method == "Log.entryAdded" and parameters["entry"]["level"] == "error":
            self.faults.append(str(parameters["entry"]["text"]))

    def open(self, url: str) -> None:
        """Goes there; returns as soon as it is on its way."""
        self.call("Page.navigate", url=url)

    def js(self, expression: str) -> Any:
        """The value of an expression, awaited where it is a promise."""
        answer = self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in answer:
            details = answer["exceptionDetails"]
            raise PageError(str(details.get("exception", {}).get("description", details["text"])))
        return answer["result"].get("value")

    def until(self, expression: str, seconds: float = PATIENCE_S) -> Any:
        """Waits in the page until the expression is truthy, and returns it."""
        waiting = f"lodestoneTest.until(() => ({expression}), {seconds})"
        try:
            return self.js(waiting)
        except PageError as fault:
            raise PageError(f"waited {seconds} s for {expression}: {fault}; {self.faults}") from None

    def ready(self) -> None:
        """Waits until the page could sound."""
        self.until("window.lodestone && window.lodestone.prepared")

    def place_of(self, selector: str) -> tuple[float, float]:
        """The middle of an element on the screen."""
        x, y = self.js(f"lodestoneTest.place({json.dumps(selector)})")
        return x, y

    def floats(self, expression: str, kind: str = "<f4") -> npt.NDArray[Any]:
        """The numbers of a typed array in the page, exactly; of a promise, once it is kept."""
        return np.frombuffer(base64.b64decode(self.js(f"lodestoneTest.bytes({expression})")), kind)

    def mouse(self, kind: str, x: float, y: float) -> None:
        """mousePressed, mouseMoved or mouseReleased."""
        pressed = {"button": "left", "buttons": 1, "clickCount": 1}
        self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, **pressed)

    def click(self, selector: str) -> None:
        """A click with the mouse, where the element is."""
        x, y = self.place_of(selector)
        self.mouse("mousePressed", x, y)
        self.mouse("mouseReleased", x, y)

    def drag(self, start: tuple[float, float], by: tuple[float, float], steps: int = 10) -> None:
        """Presses, moves in steps, and lets go."""
        self.mouse("mousePressed", *start)
        for step in range(1, steps + 1):
            self.mouse("mouseMoved", start[0] + by[0] * step / steps, start[1] + by[1] * step / steps)
        self.mouse("mouseReleased", start[0] + by[0], start[1] + by[1])

    def key(self, key: str, **more: Any) -> None:
        """A key is pressed and released."""
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key, **more)

    def size(self, width: int, height: int, phone: bool = False) -> None:
        """The viewport, and whether it is a phone's."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=2 if phone else 1, mobile=phone,
        )  # fmt: skip
        self.call("Emulation.setTouchEmulationEnabled", enabled=phone, maxTouchPoints=5 if phone else 1)

    def theme(self, scheme: str, calm: bool = False) -> None:
        """What the system asks for: dark or light, and less motion."""
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        features.append({"name": "prefers-reduced-motion", "value": "reduce" if calm else "no-preference"})
        self.call("Emulation.setEmulatedMedia", features=features)

    def picture(self, path: Path) -> None:
        """A screenshot, as PNG or JPEG by the name of the file."""
        kind = "png" if path.suffix == ".png" else "jpeg"
        more = {} if kind == "png" else {"quality": 86}
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot", format=kind, **more)["data"]))

    def close(self) -> None:
        """Leaves the page."""
        self._stack.close()


class Chromium:
    """A browser of its own, with an empty profile; closes with the `with`."""

    def __init__(self, extra: Sequence[str] = ()) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="lodestone-chromium-", ignore_cleanup_errors=True)
        profile = Path(self._folder.name)
        command = [str(executable()), *FLAGS, *extra, f"--user-data-dir={profile}", "about:blank"]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self._port = _wait_for(lambda: _port_in(profile / "DevToolsActivePort"))
        self._tabs: list[Tab] = []

    def tab(self, width: int = 1280, height: int = 800) -> Tab:
        """A new page."""
        request = urllib.request.Request(f"http://127.0.0.1:{self._port}/json/new?about:blank", method="PUT")
        with urllib.request.urlopen(request) as answer:
            tab = Tab(json.load(answer)["webSocketDebuggerUrl"])
        tab.size(width, height)
        self._tabs.append(tab)
        return tab

    def __enter__(self) -> Chromium:
        return self

    def __exit__(self, *_: object) -> None:
        for tab in self._tabs:
            with contextlib.suppress(Exception):
                tab.close()
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._folder.cleanup()


def _port_in(path: Path) -> int | None:
    lines = path.read_text().splitlines() if path.exists() else []
    return int(lines[0]) if len(lines) >= 2 else None


def _wait_for(ask: Callable[[], int | None]) -> int:
    end = time.monotonic() + STARTS_WITHIN_S
    while time.monotonic() < end:
        found = ask()
        if found is not None:
            return found
        time.sleep(0.05)
    raise PageError(f"Chromium did not start within {STARTS_WITHIN_S:.0f} s")


@contextlib.contextmanager
def chromium(*extra: str) -> Iterator[Chromium]:
    """A browser with more flags."""
    with Chromium(extra) as browser:
        yield browser
