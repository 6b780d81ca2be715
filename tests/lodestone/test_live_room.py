"""The room changes under a living instrument: it says so in words, and /rest or a tidy hand cures it."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import onnx
import pytest

from calibration.session import calibrate_simulated
from lodestone.board import Board, BoardError
from lodestone.live.instrument import LiveInstrument
from lodestone.live.prepare import image_of
from lodestone.settings import EXACT, SceneSettings, Settings
from sensors.simulation.live_world import LiveWorld
from tests.lodestone.test_gig_path import _voice
from tests.support.tiny import RATE

HERE, PATIENCE_S = "127.0.0.1", 120.0


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Board, LiveWorld]]:
    folder = tmp_path_factory.mktemp("room")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((HERE, 0))
        port = int(probe.getsockname()[1])
    made = calibrate_simulated(folder / "a.calibration.json", 1)
    onnx.save(_voice(), str(folder / "tiny.onnx"))
    scene = SceneSettings("one", str(folder / "tiny.onnx"), "rotate", str(made.path), precision=EXACT)
    image = image_of(Settings(scenes=[scene]), folder / "out", port, (HERE, port + 1), lambda _: None)
    world = LiveWorld({})
    with LiveInstrument(image, RATE, world, port=port, seed=1), Board(HERE, port, 10.0) as connection:
        yield connection, world


def waits(board: Board, words: str, there: bool) -> str:
    """The trouble in /status, once these words are in it, or no longer."""
    status = board.wait(lambda status: (words in status.trouble) is there, PATIENCE_S)
    assert status is not None, f"{words!r} {'never came' if there else 'stayed'}: {board.status.trouble!r}"
    return status.trouble


def test_a_magnet_left_beside_the_board(board: tuple[Board, LiveWorld]) -> None:
    connection, world = board
    world.move(1, 0.0, -180.0, 0.0, 1)
    assert "take it away" in waits(connection, "a magnet beside or under the board", True)
    connection.rest()
    waits(connection, "a magnet beside", False)
    world.move(1, 0.0, -900.0, 0.0, 1)  # now the rest is wrong without it
    waits(connection, "a magnet beside", True)
    connection.rest()
    waits(connection, "a magnet beside", False)


def test_heat_until_rest(board: tuple[Board, LiveWorld]) -> None:
    connection, world = board
    world.warm(16.0)
    waits(connection, "degrees away", True)
    with pytest.raises(BoardError, match=r"stands still for 3 s, got a field that moved by 0\.\d+ mT: take"):
        connection.rest()  # while the thermometers are still on their way
    connection.wait(lambda _: False, 7.0)
    connection.rest()
    waits(connection, "degrees away", False)
