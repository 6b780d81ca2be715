"""The bridge: serves the page, and carries OSC between its WebSocket and a board's UDP.

Whoever may not command the board is not heard: only pages of this bridge (by their Origin), from this
computer, or, where the bridge is shared, with the token of the address that it printed.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import json
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, HTTPConnection, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.websockets import WebSocket, WebSocketDisconnect

from errors import LodestoneError
from lodestone.page.blocks import block_of, packets_of
from lodestone.page.board_line import BoardLine
from lodestone.page.dropped import LARGEST_BYTES, plan_of
from lodestone.page.guide import Guide, Place, Words
from lodestone.page.teach import Teacher

EVERY_S = 0.008
"""Packets are gathered so long before they go to the page, which draws every 16 ms."""
REFUSED = 4401
"""Code with which a socket is closed that may not command; a page that reads it does not come again."""
MOST_PAGES = 8
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


class Line:
    """One page that is connected.

    Attributes:
        board: its line to the board.
    """

    def __init__(self, socket: WebSocket, board: BoardLine) -> None:
        self._socket, self.board = socket, board
        self._turn = asyncio.Lock()
        self._queue: asyncio.Queue[Words] = asyncio.Queue()

    async def say(self, words: Words) -> None:
        """Words for the page, beside OSC."""
        async with self._turn:
            with contextlib.suppress(WebSocketDisconnect, RuntimeError):
                await self._socket.send_text(json.dumps(words))

    def teller(self, topic: str) -> Callable[[Words], None]:
        """Says words of a topic from any thread, in their order; nothing once the page has gone."""
        loop = asyncio.get_running_loop()

        def tell(words: Words) -> None:
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(self._queue.put_nowait, {topic: words})

        return tell

    async def talk(self) -> None:
        """What tellers said, until cancelled."""
        while True:
            await self.say(await self._queue.get())

    async def carry(self) -> None:
        """From the board to the page, until cancelled. A page that does not read loses what is old."""
        while True:
            await asyncio.sleep(EVERY_S)
            packets = self.board.take()
            if packets:
                async with self._turn:
                    await self._socket.send_bytes(block_of(packets))


class Bridge:
    """What answers to pages.

    Args:
        site: the folder of the page.
        board: numeric address and port of the board.
        shared: a token is asked for, and other computers may come.
        place: what a page may calibrate, and where it goes; None: nothing.
    """

    def __init__(
        self, site: Path, board: tuple[str, int], *, shared: bool = False, place: Place | None = None
    ) -> None:
        self.token = secrets.token_urlsafe(9) if shared else ""
        self.pages: set[Line] = set()
        self._board = board
        self.guide = None if place is None else Guide(place)
        self.teacher = None if place is None else Teacher(place.taught, place.teach)
        routes: list[BaseRoute] = [
            WebSocketRoute("/play", self._play),
            Route("/compile", self._compile, methods=["POST"]),
            Mount("/", StaticFiles(directory=site, html=True)),
        ]
        self.app = Starlette(routes=routes)

    def address(self, host: str, port: int) -> str:
        """What to open in a browser."""
        return f"http://{host}:{port}/?board" + (f"&token={self.token}" if self.token else "")

    def refusal(self, socket: HTTPConnection) -> str:
        """Why whoever asks may not command the board; empty where he may."""
        host = socket.headers.get("host", "")
        if _parts(socket.headers.get("origin", "")).netloc != host:
            return "wanted a page of this bridge, got another site's: open the bridge's own address"
        if self.token:
            given = socket.query_params.get("token", "")
            if not hmac.compare_digest(given.encode(), self.token.encode()):
                return "wanted the token of this bridge, got another: open the address that it printed"
        elif _parts(f"//{host}").hostname not in {name.strip("[]") for name in LOOPBACK}:
            return "wanted a page on this computer, got another's: start it with lodestone page --share"
        return ""

    async def _play(self, socket: WebSocket) -> None:
        await socket.accept()
        why = self.refusal(socket)
        if not why and len(self.pages) >= MOST_PAGES:
            why = f"wanted at most {MOST_PAGES} pages, got one more: close one"
        if why:
            await socket.send_text(json.dumps({"trouble": why}))
            await socket.close(REFUSED)
            return
        line = Line(socket, await BoardLine.open(self._board))
        self.pages.add(line)
        tasks: set[asyncio.Task[None]] = {asyncio.create_task(line.carry()), asyncio.create_task(line.talk())}
        words = {"trouble": f"wanted a board at {self._board[0]}, got no answer: check cable and power"}
        line.board.on_silence = lambda: _keep(tasks, line.say(words))
        try:
            offers = {"calibrate": self.guide, "teach": self.teacher}
            if any(offers.values()):
                await line.say({"offers": [name for name, there in offers.items() if there is not None]})
            await self._listen(socket, line)
        finally:
            self.pages.discard(line)
            if self.guide is not None:
                self.guide.left(line)
            line.board.close()
            for task in tasks:
                task.cancel()

    async def _compile(self, request: Request) -> Response:
        """A voice in, its plan out; or one sentence."""
        why = self.refusal(request)
        if why:
            return PlainTextResponse(why, 403)
        data = bytearray()
        try:
            async for part in request.stream():
                data += part
                if len(data) > LARGEST_BYTES:
                    return PlainTextResponse(
                        f"wanted at most {LARGEST_BYTES / 1e6:g} MB, got more: quantize it", 413
                    )
        except ClientDisconnect:  # nobody reads the answer
            return PlainTextResponse("wanted the whole file, got a part: drop it again", 400)
        try:
            plan = await asyncio.to_thread(plan_of, request.query_params.get("name", ""), bytes(data))
        except LodestoneError as error:
            return PlainTextResponse(str(error), 400)
        return Response(plan, media_type="application/octet-stream")

    async def _listen(self, socket: WebSocket, line: Line) -> None:
        while True:
            message = await socket.receive()
            if message["type"] == "websocket.disconnect":
                return
            if message.get("bytes"):
                for packet in packets_of(message["bytes"]):
                    line.board.send(packet)
            elif message.get("text"):
                self._hear(line, _parsed(message["text"]))

    def _hear(self, line: Line, words: Words) -> None:
        if "calibrate" in words and self.guide is not None:
            self.guide.hear(line, words, line.teller("calibration"))
        if "teach" in words and self.teacher is not None:
            self.teacher.hear(words, line.teller("teaching"))


def _parts(address: str) -> SplitResult:
    """An address in its parts; of what is none, none."""
    try:
        return urlsplit(address)
    except ValueError:  # a bracket that is not closed
        return urlsplit("")


def _parsed(text: str) -> Words:
    """A JSON object; an empty one where it is none."""
    try:
        words = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return words if isinstance(words, dict) else {}


def _keep(tasks: set[asyncio.Task[None]], work: Any) -> None:
    task: asyncio.Task[None] = asyncio.ensure_future(work)
    tasks.add(task)
    task.add_done_callback(tasks.discard)
