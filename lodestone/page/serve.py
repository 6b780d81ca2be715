"""Starts the bridge in this process and tells where the page is."""

from __future__ import annotations

import contextlib
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from graphs.child import module_command
from lodestone.board import ADDRESSES, Board, BoardError
from lodestone.default_files import CALIBRATION, TAUGHT
from lodestone.page.errors import PageError
from lodestone.speaker import has_output

if TYPE_CHECKING:
    from lodestone.page.guide import Place
    from lodestone.settings import SceneSettings

END_S = 10.0
"""A live board writes what it kept, and ends."""
LIVE = Path("out/live")
"""Where `lodestone live` keeps its plans and the calibration of its simulated board."""
LIVE_SEED = 1
LIVE_MAPPING = "rotate"
LINK = "192.0.2.1"
"""Nobody's address (RFC 5737): the way there tells which of ours the link has. Nothing is sent."""


def serve(
    board: str | None,
    board_port: int,
    port: int,
    *,
    site: Path,
    share: bool = False,
    live: bool = False,
    instrument: Path = Path("instrument.toml"),
) -> None:
    """Serves until interrupted.

    Args:
        board: address or name; None takes the first of the usual ones that answers.
        board_port: where it listens.
        port: of the page.
        site: the folder that `make page` made.
        share: other computers may come, with a token.
        live: the board is a simulated one, started here, whose marbles the page moves.
        instrument: the settings of the board's scenes, for which the page may calibrate.

    Raises:
        PageError: no page, no port, or the libraries for it are not installed.
    """
    try:
        import uvicorn

        from lodestone.page.bridge import Bridge
    except ImportError as error:
        do = "install Lodestone again: they belong to it"
        raise PageError("starlette, uvicorn and websockets", str(error), do) from None
    if not (site / "index.html").is_file():
        raise PageError(
            f"the page in {site}",
            "no index.html",
            "make it: `make page` in a checkout, `lodestone page --make` elsewhere",
        )
    if live and board is not None:
        raise PageError("one of --board and --live", "both", "give one")
    listener = _listener(port, share)
    address = "127.0.0.1" if live else _numeric(board, board_port)
    place = _live_place(address, board_port) if live else _place(address, board_port, instrument)
    bridge = Bridge(site, (address, board_port), shared=share, place=place)
    host = _own_address() if share else "127.0.0.1"
    with _alive(board_port) if live else contextlib.nullcontext():
        print(f"open {bridge.address(host, port)}", file=sys.stderr, flush=True)
        uvicorn.Server(uvicorn.Config(bridge.app, log_level="warning")).run(sockets=[listener])


@contextlib.contextmanager
def _alive(board_port: int) -> Iterator[None]:
    """A live simulated board beside this process, until the end of the context."""
    silent = [] if has_output() else ["--silent"]
    if silent:
        print("without a sound card, or the package sounddevice, the board plays unheard", file=sys.stderr)
    command = [*module_command("lodestone"), "live", "--hands", "outside", "--port", str(board_port)]
    command += ["--out", str(LIVE), "--seed", str(LIVE_SEED), "--mapping", LIVE_MAPPING]
    command += [word for scene in _live_scenes() for word in ("--voice", scene.voice)]
    board = subprocess.Popen([*command, *silent])
    try:
        yield
    finally:
        board.send_signal(signal.SIGINT)
        try:
            board.wait(END_S)
        except subprocess.TimeoutExpired:
            board.kill()
            board.wait()


def _place(address: str, port: int, instrument: Path) -> Place:
    """A board, its scenes as `instrument` has them, the calibration in this folder."""
    from lodestone.settings import load_settings

    return placed(
        address, port, CALIBRATION, TAUGHT, lambda: load_settings(instrument).scenes, instrument.parent
    )


def _live_place(address: str, port: int) -> Place:
    """The live simulated board: its calibration is the one that `lodestone live` begins with."""
    file = LIVE / f"simulated-{LIVE_SEED}.calibration.json"
    board = f"simulated board {LIVE_SEED}"
    return placed(address, port, file, LIVE / TAUGHT, _live_scenes, Path(), board)


def placed(
    address: str,
    port: int,
    file: Path,
    taught: Path,
    scenes: Callable[[], Sequence[SceneSettings]],
    beside: Path,
    name: str = "stacco",
) -> Place:
    """What a page may calibrate and teach.

    Args:
        address, port: of the board.
        file: its calibration.
        taught: the file of taught gestures.
        scenes: of the board, as its settings have them.
        beside: where the paths of the settings begin.
        name: what the board is called.
    """
    import calibration
    from calibration.capture.sources import board_spec, open_bus
    from lodestone.calibration_to_board import bring_scenes, turn_board
    from lodestone.page.guide import Place
    from lodestone.teaching import Pair, bring_taught

    def teach(scene: str, pairs: Sequence[Pair]) -> Iterator[str]:
        found = next((one for one in scenes() if one.name == scene), None)
        if found is None:
            known = ", ".join(one.name for one in scenes())
            raise PageError(f"one of the scenes {known}", scene, "choose one of them on the board")
        made = calibration.load(file if file.exists() else beside / found.calibration)
        yield from bring_taught(made, address, port, found, beside, pairs)

    return Place(
        open_bus(board_spec(address, port)),
        file,
        lambda made: bring_scenes(made, address, port, scenes(), beside),
        lambda way: turn_board(address, port, way),
        taught,
        teach,
        name,
    )


def _live_scenes() -> Sequence[SceneSettings]:
    """A scene for each voice that ships."""
    from lodestone.live.prepare import scenes_of
    from voices import catalogue

    calibration = LIVE / f"simulated-{LIVE_SEED}.calibration.json"
    return scenes_of([voice.name for voice in catalogue.shipped()], LIVE_MAPPING, calibration.absolute())


def _numeric(board: str | None, port: int) -> str:
    """The address of the board, which need not answer yet if it was named."""
    if board is None:
        try:
            with Board(None, port) as found:
                return found.address
        except BoardError:
            raise PageError(
                f"a board at {', '.join(ADDRESSES)}", "no answer", "name it with --board"
            ) from None
    try:
        return socket.gethostbyname(board)
    except OSError:
        do = f"check its name, or give its address: {ADDRESSES[0]} over USB"
        raise PageError(f"a board called {board}", "a name that nobody answers to", do) from None


def _listener(port: int, share: bool) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("0.0.0.0" if share else "127.0.0.1", port))
    except OSError as error:
        listener.close()
        raise PageError(
            f"TCP port {port}", error.strerror or str(error), "name another with --port"
        ) from None
    return listener


def _own_address() -> str:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((LINK, 9))
        except OSError:
            return "127.0.0.1"
        address: str = probe.getsockname()[0]
        return address
