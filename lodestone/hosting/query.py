"""OSCQuery over HTTP: others ask this host what the board understands, with ranges and values."""

from __future__ import annotations

import contextlib
import json
import socket
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

from definitions.osc import describe
from lodestone.board_messages import BoardKnob, Status

NAME = "Lodestone"
ATTRIBUTES = ("VALUE", "TYPE", "RANGE", "ACCESS", "DESCRIPTION", "FULL_PATH", "CONTENTS", "UNIT")
PATIENCE_S = 5.0
THIS_MACHINE = "127.0.0.1"
Node = dict[str, Any]


class Namespace:
    """The table of messages as OSCQuery's tree, with what the board says of itself filled in.

    Attributes:
        status, knobs: the latest that the board told; the knobs by name.
    """

    def __init__(self) -> None:
        self.status: Status | None = None
        self.knobs: dict[str, BoardKnob] = {}

    def tree(self) -> Node:
        """The whole tree."""
        root = describe()
        contents = root["CONTENTS"]
        like = contents["knob"]["CONTENTS"].pop("NAME")
        for knob in list(self.knobs.values()):
            contents["knob"]["CONTENTS"][knob.name] = self._knob(like, knob)
        if self.status is not None:
            contents["mode"]["VALUE"] = [self.status.asked]
            contents["scene"]["VALUE"] = [self.status.scene_name]
            contents["mute"]["VALUE"] = [int(self.status.muted)]
        return root

    def find(self, path: str) -> Node | None:
        """The node of an address, or None."""
        node: Node | None = self.tree()
        for word in [part for part in path.split("/") if part]:
            node = None if node is None else node.get("CONTENTS", {}).get(word)
        return node

    @staticmethod
    def _knob(like: Node, knob: BoardKnob) -> Node:
        return {
            "FULL_PATH": f"/knob/{knob.name}",
            "ACCESS": 3,
            "TYPE": "f",
            "RANGE": [{"MIN": knob.least, "MAX": knob.most}],
            "VALUE": [knob.value],
            "UNIT": [knob.unit],
            "DESCRIPTION": like["DESCRIPTION"],
        }


def answer(names: Namespace, target: str, host: Node) -> tuple[int, Node | None]:
    """HTTP status and JSON for a request like `/knob/reach?VALUE` or `/?HOST_INFO`."""
    try:
        parts = urlsplit(target)
    except ValueError:  # a bracket that is not closed
        return 400, None
    if parts.query == "HOST_INFO":
        return 200, host
    node = names.find(unquote(parts.path))
    if node is None:
        return 404, None
    if not parts.query:
        return 200, node
    if parts.query not in ATTRIBUTES:
        return 400, None
    return (200, {parts.query: node[parts.query]}) if parts.query in node else (204, None)


class _Server(ThreadingHTTPServer):
    """Whoever asks and goes away before the answer is no news on the player's terminal."""

    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Part of `socketserver.BaseServer`."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


@contextlib.contextmanager
def query_server(
    names: Namespace, board: tuple[str, int], port: int, address: str = THIS_MACHINE
) -> Iterator[int]:
    """Answers questions until the end of the context; gives the port: another one where `port` is taken.

    It only tells: commands go to the board itself, over UDP.

    Args:
        names: what it tells.
        board: where the board listens.
        port: where it answers.
        address: of the interface on which it answers; empty: of all.
    """
    extensions = dict.fromkeys(("ACCESS", "VALUE", "RANGE", "DESCRIPTION", "TYPE", "UNIT"), True)
    host: Node = {"NAME": NAME, "EXTENSIONS": extensions, "OSC_TRANSPORT": "UDP"}
    host |= {"OSC_IP": board[0], "OSC_PORT": board[1]}

    class Answers(BaseHTTPRequestHandler):
        timeout = PATIENCE_S

        def do_GET(self) -> None:
            status, found = answer(names, self.path, host)
            body = b"" if found is None else json.dumps(found, ensure_ascii=False).encode()
            self.send_response(status)
            if found is not None:
                self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *words: object) -> None:
            """Nothing: the terminal is the player's."""

    try:
        server = _Server((address, port), Answers)
    except OSError:
        server = _Server((address, 0), Answers)
    thread = threading.Thread(target=server.serve_forever, name="lodestone-query", daemon=True)
    thread.start()
    try:
        yield int(server.server_address[1])
    finally:
        server.shutdown()
        server.server_close()


@contextlib.contextmanager
def announced(port: int, interfaces: list[str] | None = None) -> Iterator[str]:
    """The name under which others find this host by zeroconf (`_oscjson._tcp`); empty where they cannot."""
    try:
        from zeroconf import InterfaceChoice, ServiceInfo, Zeroconf
    except ImportError:
        yield ""
        return
    own = interfaces or _own_addresses()
    name = f"{NAME} {socket.gethostname()}._oscjson._tcp.local."
    zeroconf: Zeroconf | None = None
    try:
        zeroconf = Zeroconf(interfaces=own if interfaces else InterfaceChoice.Default)
        service = ServiceInfo(
            "_oscjson._tcp.local.",
            name,
            addresses=[socket.inet_aton(address) for address in own],
            port=port,
            server=f"{socket.gethostname()}.local.",
        )
        zeroconf.register_service(service, allow_name_change=True)
    except Exception:  # no network, a firewall, an odd name: the instrument plays without being found
        if zeroconf is not None:
            zeroconf.close()
        yield ""
        return
    try:
        yield service.name
    finally:
        zeroconf.unregister_service(service)
        zeroconf.close()


def _own_addresses() -> list[str]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # nobody's address (RFC 5737); nothing is sent
            return [str(probe.getsockname()[0])]
        except OSError:
            return ["127.0.0.1"]
