"""A bridge in a thread of this process, for pages and sockets of tests."""

from __future__ import annotations

import socket
import threading
import time

import uvicorn
import websockets.sync.client as sync

from lodestone.page.bridge import Bridge
from tests.support.chromium import Chromium, Tab


class Served:
    """Use as a context manager; `port` is where it answers."""

    def __init__(self, bridge: Bridge, port: int = 0) -> None:
        self.bridge = bridge
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        self.port: int = listener.getsockname()[1]
        config = uvicorn.Config(bridge.app, log_level="error", timeout_graceful_shutdown=1)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [listener]}, daemon=True)

    def __enter__(self) -> Served:
        self._thread.start()
        while not self._server.started:
            time.sleep(0.01)
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join()

    def socket(self, query: str = "", origin: str | None = None) -> sync.ClientConnection:
        """A page's socket without the page."""
        own = f"http://127.0.0.1:{self.port}"
        return sync.connect(f"ws://127.0.0.1:{self.port}/play{query}", origin=origin or own)  # type: ignore[arg-type]

    def opened(self, browser: Chromium) -> Tab:
        """A page of this bridge."""
        tab = browser.tab()
        tab.open(self.bridge.address("127.0.0.1", self.port))
        tab.ready()
        return tab
