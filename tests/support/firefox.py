"""A headless Firefox over WebDriver BiDi: pages, the mouse, what they throw; no driver."""

from __future__ import annotations

import base64
import contextlib
import itertools
import json
import os
import re
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import websockets.sync.client as sync

from tests.support.chromium import PATIENCE_S, STARTS_WITHIN_S, PageError

HELPERS = Path(__file__).with_name("in_page.js")
PREFERENCES = {
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.homepage_override.mstone": "ignore",
    "datareporting.policy.dataSubmissionEnabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "toolkit.telemetry.reportingpolicy.firstRun": False,
    "app.update.enabled": False,
}
_LISTENS = re.compile(r"WebDriver BiDi listening on (ws://\S+)")


def executable() -> str | None:
    """Where Debian's Firefox lies, or None."""
    return shutil.which("firefox-esr") or shutil.which("firefox")


class FirefoxTab:
    """One page."""

    def __init__(self, call: Callable[..., dict[str, Any]], context: str) -> None:
        self._call, self._context = call, context

    def open(self, url: str) -> None:
        """Goes there; returns as soon as its document is there."""
        self._call("browsingContext.navigate", context=self._context, url=url, wait="interactive")

    def js(self, expression: str) -> Any:
        """The value of an expression, awaited where it is a promise; objects by way of JSON."""
        text = f"(async () => JSON.stringify(await ({expression})))()"
        answer = self._call(
            "script.evaluate", expression=text, awaitPromise=True, target={"context": self._context},
            userActivation=False,
        )  # fmt: skip
        if answer["type"] == "exception":
            raise PageError(answer["exceptionDetails"]["text"])
        found = answer["result"].get("value")
        return None if found is None else json.loads(found)

    def until(self, expression: str, seconds: float = PATIENCE_S) -> Any:
        """Asks until the expression is truthy, and returns it.

        Many short questions: one long promise goes down with the page where that stands still.
        """
        end = time.monotonic() + seconds
        while not (found := self.js(expression)):
            if time.monotonic() > end:
                raise PageError(f"waited {seconds} s for {expression}, and it is {found}")
            time.sleep(0.05)
        return found

    def ready(self) -> None:
        """Waits until the page could sound."""
        self.until("window.lodestone && window.lodestone.prepared")

    def place_of(self, selector: str) -> tuple[float, float]:
        """The middle of an element on the screen."""
        x, y = self.js(f"lodestoneTest.place({json.dumps(selector)})")
        return x, y

    def drag(self, start: tuple[float, float], by: tuple[float, float], steps: int = 10) -> None:
        """Presses, moves in steps, and lets go; a click where `by` is nothing."""
        moves = [
            {
                "type": "pointerMove",
                "x": round(start[0] + by[0] * k / steps),
                "y": round(start[1] + by[1] * k / steps),
            }
            for k in range(steps + 1)
        ]
        actions = [
            moves[0],
            {"type": "pointerDown", "button": 0},
            *moves[1:],
            {"type": "pointerUp", "button": 0},
        ]
        source = {"type": "pointer", "id": "mouse", "actions": actions}
        self._call("input.performActions", context=self._context, actions=[source])

    def floats(self, expression: str, kind: str = "<f4") -> npt.NDArray[Any]:
        """The numbers of a typed array in the page, exactly; of a promise, once it is kept."""
        return np.frombuffer(base64.b64decode(self.js(f"lodestoneTest.bytes({expression})")), kind)

    def click(self, selector: str) -> None:
        """With the mouse, where the element is."""
        self.drag(self.place_of(selector), (0.0, 0.0), 1)


class Firefox:
    """A browser of its own, with an empty profile; closes with the `with`.

    Args:
        environment: of its process, where that is to hear of a sound card.

    Attributes:
        faults: what pages threw.
    """

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        self._stack = contextlib.ExitStack()
        folder = self._stack.enter_context(
            tempfile.TemporaryDirectory(prefix="lodestone-firefox-", ignore_cleanup_errors=True)
        )
        lines = (
            f"user_pref({json.dumps(key)}, {json.dumps(value)});\n" for key, value in PREFERENCES.items()
        )
        (Path(folder) / "user.js").write_text("".join(lines))
        command = [
            str(executable()),
            "--headless",
            "--no-remote",
            "--profile",
            folder,
            "--remote-debugging-port=0",
        ]
        self.process = subprocess.Popen(
            command,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            env={**(environment or os.environ), "HOME": folder},
        )
        self.faults: list[str] = []
        self._ids = itertools.count(1)
        try:
            connection = sync.connect(self._address() + "/session", max_size=1 << 28)
            self._socket = self._stack.enter_context(connection)
            self.call("session.new", capabilities={})
            self.call("session.subscribe", events=["log.entryAdded"])
            declaration = f"() => {{ {HELPERS.read_text('utf-8')} }}"
            self.call("script.addPreloadScript", functionDeclaration=declaration)
        except BaseException:
            self.__exit__()
            raise

    def _address(self) -> str:
        """Where it listens, as it says on its standard error, which is read on so that it never blocks."""
        found: list[str] = []

        def read() -> None:
            assert self.process.stderr is not None
            for line in self.process.stderr:
                match = _LISTENS.search(line)
                if match:
                    found.append(match[1])

        threading.Thread(target=read, daemon=True).start()
        end = time.monotonic() + STARTS_WITHIN_S
        while not found:
            if time.monotonic() > end or self.process.poll() is not None:
                raise PageError(f"Firefox did not start within {STARTS_WITHIN_S:.0f} s")
            time.sleep(0.05)
        return found[0]

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """One call of the protocol; events that come meanwhile are kept."""
        number = next(self._ids)
        self._socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            message = json.loads(self._socket.recv(timeout=PATIENCE_S * 4))
            if message.get("method") == "log.entryAdded" and message["params"]["level"] == "error":
                self.faults.append(str(message["params"]["text"]))
            if message.get("id") == number:
                if message["type"] == "error":
                    raise PageError(f"{method}: {message['error']}: {message['message']}")
                result: dict[str, Any] = message["result"]
                return result

    def tab(self, width: int = 1280, height: int = 800) -> FirefoxTab:
        """A new page."""
        context = self.call("browsingContext.create", type="tab")["context"]
        viewport = {"width": width, "height": height}
        self.call("browsingContext.setViewport", context=context, viewport=viewport)
        return FirefoxTab(self.call, context)

    def __enter__(self) -> Firefox:
        return self

    def __exit__(self, *_: object) -> None:
        if hasattr(self, "_socket"):
            with contextlib.suppress(Exception):
                self.call("browser.close")
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._stack.close()
