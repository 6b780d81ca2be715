"""The bridge between a page and a board: what goes through, who is not heard, what is said of trouble."""

from __future__ import annotations

import contextlib
import json
import socket
import struct
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import websockets.sync.client as sync
from websockets.exceptions import ConnectionClosed

from lodestone.page.blocks import block_of, packets_of
from lodestone.page.bridge import Bridge
from tests.support.chromium import Chromium
from tests.support.served_bridge import Served
from tests.support.spoken_board import SpokenBoard, packet

FULL = "{ value: 1e6, configurable: true }"
VERDICT = "document.getElementById('verdict').textContent"


@pytest.fixture
def board() -> Iterator[SpokenBoard]:
    with SpokenBoard() as made:
        yield made


def served(folder: Path, board: SpokenBoard, shared: bool = False, port: int = 0) -> Served:
    return Served(Bridge(folder, ("127.0.0.1", board.port), shared=shared), port)


def wait(done: object, seconds: float = 10.0) -> None:
    end = time.monotonic() + seconds
    while not done():  # type: ignore[operator]
        assert time.monotonic() < end, "in vain"
        time.sleep(0.01)


def test_blocks_come_back_and_a_wrong_length_ends_them() -> None:
    packets = [b"/a\0\0,\0\0\0", b"", b"x" * 300]
    assert list(packets_of(block_of(packets))) == packets
    assert list(packets_of(block_of(packets[:1]) + b"\x40\x00abc")) == packets[:1]
    assert list(packets_of(b"\x00")) == []


def test_packets_go_both_ways(tmp_path: Path, board: SpokenBoard) -> None:
    with served(tmp_path, board) as bridge, bridge.socket() as page:
        seen: set[bytes] = set()
        while not {b"/touch", b"/status", b"/model"} <= seen:
            block = page.recv(timeout=10)
            assert isinstance(block, bytes)
            seen |= {data.split(b"\0")[0] for data in packets_of(block)}
        page.send(block_of([packet("/mode", "host"), b"", b"?" * 4000, packet("/knob/reach", 0.5)]))
        wait(lambda: len(board.heard) >= 2)
        assert board.heard == [("/mode", ["host"]), ("/knob/reach", [0.5])]
    wait(lambda: board.heard[-1][0] == "/bye")


@pytest.mark.parametrize(
    ("shared", "query", "origin", "words"),
    [
        (True, "", None, "wanted the token"),
        (True, "?token=guess", None, "wanted the token"),
        (False, "", "http://elsewhere.example", "wanted a page of this bridge"),
    ],
)
def test_who_may_not_is_not_heard(
    tmp_path: Path, board: SpokenBoard, shared: bool, query: str, origin: str | None, words: str
) -> None:
    with served(tmp_path, board, shared) as bridge, bridge.socket(query, origin) as page:
        assert words in json.loads(page.recv(timeout=10))["trouble"]
        with contextlib.suppress(ConnectionClosed):
            page.send(block_of([packet("/mode", "host")]))
        with pytest.raises(ConnectionClosed) as closed:
            page.recv(timeout=10)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 4401
        assert bridge.bridge.pages == set()
    assert board.heard == []


def test_a_name_that_leads_here_is_no_way_in(tmp_path: Path, board: SpokenBoard) -> None:
    """A name of another site that was pointed at this computer: origin and host agree."""
    with served(tmp_path, board) as bridge:
        raw = socket.create_connection(("127.0.0.1", bridge.port))
        name = f"evil.example:{bridge.port}"
        with sync.connect(f"ws://{name}/play", sock=raw, origin=f"http://{name}") as page:  # type: ignore[arg-type]
            assert "--share" in json.loads(page.recv(timeout=10))["trouble"]
    assert board.heard == []


def test_odd_requests_are_refused_without_a_word_on_the_terminal(
    tmp_path: Path, board: SpokenBoard, caplog: pytest.LogCaptureFixture
) -> None:
    def asked(host: str, origin: str, length: int = 0, gone: bool = False) -> bytes:
        head = f"POST /compile?name=a.onnx HTTP/1.1\r\nHost: {host}\r\nOrigin: {origin}\r\n"
        with socket.create_connection(("127.0.0.1", bridge.port)) as asking:
            asking.sendall(f"{head}Content-Length: {length}\r\nConnection: close\r\n\r\n".encode())
            if gone:
                asking.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return b"" if gone else asking.recv(100)

    with served(tmp_path, board) as bridge:
        here = f"127.0.0.1:{bridge.port}"
        for host, origin in ((here, "http://["), ("[::1", "http://[::1"), ("", "http://["), ("[", "")):
            assert b" 403 " in asked(host, origin), (host, origin)
        asked(here, f"http://{here}", length=10_000, gone=True)  # a page that is closed while it sends
        with bridge.socket(origin="http://[") as page:
            assert "wanted a page of this bridge" in json.loads(page.recv(timeout=10))["trouble"]
    assert [record.getMessage() for record in caplog.records if record.name.startswith("uvicorn")] == []


def test_the_token_opens_a_shared_bridge(tmp_path: Path, board: SpokenBoard) -> None:
    with served(tmp_path, board, shared=True) as bridge:
        assert bridge.bridge.token in bridge.bridge.address("192.0.2.7", 8763)
        with bridge.socket(f"?token={bridge.bridge.token}") as page:
            assert isinstance(page.recv(timeout=10), bytes)


def test_a_page_shows_and_plays_the_board(browser: Chromium, page_file: Path, board: SpokenBoard) -> None:
    with served(page_file.parent / "page", board) as bridge:
        tab = bridge.opened(browser)
        tab.until("lodestone.told.packets > 200 && Math.abs(lodestone.touch[0]) > 0.1")
        assert tab.js("[...document.querySelectorAll('#scenes label')].map((l) => l.textContent)") == [
            "evening",
            "morning",
        ]
        assert tab.js("document.getElementById('voices').hidden") is True
        assert tab.js("[...lodestone.panel.knobs.values]") == [["warp", 0.25]]
        tab.click("#modes label:nth-of-type(3)")
        wait(lambda: ("/mode", ["host"]) in board.heard)
        tab.click("#scenes label:nth-of-type(2)")
        wait(lambda: ("/scene", ["morning"]) in board.heard)
        tab.until("lodestone.panel.status.scene_name === 'morning'")
        board.quiet = True
        tab.until(f"{VERDICT}.includes('got no answer')")
        assert tab.faults == []


def test_hands_on_the_page_move_the_marbles_of_a_simulated_board(
    browser: Chromium, page_file: Path, board: SpokenBoard
) -> None:
    board.world = True
    with served(page_file.parent / "page", board) as bridge:
        tab = bridge.opened(browser)
        tab.until("lodestone.instrument.world && lodestone.magnets.list.length === 1")
        assert tab.js("lodestone.magnets.list.map((m) => [m.piece.diameter_mm, m.x, m.y])") == [[20, -30, 40]]
        tab.drag(tab.place_of("#pieces .piece"), (80, 50))
        wait(lambda: ("/sim/magnet", [1, 0]) in [(address, values[4:]) for address, values in board.heard])
        told = [values for address, values in board.heard if address == "/sim/magnet"]
        assert [number for number, *_ in told] == [1] * len(told)
        assert told[0][4] == 0
        assert board.marble[0] > -15
        assert board.marble[1] < 35
        assert tab.faults == []


def test_a_board_of_another_protocol_is_told_and_still_shown(
    browser: Chromium, page_file: Path, board: SpokenBoard
) -> None:
    board.old = True
    with served(page_file.parent / "page", board) as bridge:
        tab = bridge.opened(browser)
        tab.until(f"{VERDICT}.startsWith('wanted a board that speaks as this page does')")
        tab.until("Math.abs(lodestone.touch[0]) > 0.1")
        assert tab.faults == []


def test_a_full_socket_is_told_and_play_goes_on(
    browser: Chromium, page_file: Path, board: SpokenBoard
) -> None:
    with served(page_file.parent / "page", board) as bridge:
        tab = bridge.opened(browser)
        tab.until("lodestone.told.packets > 50")
        tab.js(
            "Object.defineProperty(lodestone.instrument.socket, 'bufferedAmount', FULL)".replace("FULL", FULL)
        )
        tab.click("#modes label:nth-of-type(3)")
        tab.until(f"{VERDICT}.startsWith('The link to the bridge is too slow')")
        seen = tab.js("lodestone.told.packets")
        tab.until(f"lodestone.told.packets > {seen + 50}")
        assert ("/mode", ["host"]) not in board.heard
        tab.js("delete lodestone.instrument.socket.bufferedAmount")
        tab.click("#modes label:nth-of-type(2)")
        wait(lambda: ("/mode", ["both"]) in board.heard)


def test_a_lost_bridge_is_told_and_comes_back(browser: Chromium, page_file: Path, board: SpokenBoard) -> None:
    with served(page_file.parent / "page", board) as bridge:
        tab = bridge.opened(browser)
        tab.until("lodestone.told.packets > 50")
    tab.until(f"{VERDICT}.startsWith('The bridge is away')")
    with served(page_file.parent / "page", board, port=bridge.port):
        tab.until(f"{VERDICT} === 'Ready.'")
        seen = tab.js("lodestone.told.packets")
        tab.until(f"lodestone.told.packets > {seen + 50}")
