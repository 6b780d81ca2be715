"""A living instrument: the real firmware in real time, its commands, its world, its faults, its sound."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import soundfile
from typer.testing import CliRunner

from definitions import osc
from lodestone.board import Board
from lodestone.cli import build_app
from lodestone.live.instrument import LiveError, LiveInstrument
from lodestone.live.world_commands import WorldCommands
from lodestone.settings import default_toml, load_settings
from sensors.simulation import SimulatedBoard
from sensors.simulation.faults import KINDS, FaultSchedule
from sensors.simulation.live_world import LiveWorld, three_marbles
from tests.support.messages import message
from tests.support.tiny import RATE, image, scene


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True)
class Alive:
    port: int
    wav: Path
    instrument: LiveInstrument


@pytest.fixture(scope="module")
def alive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Alive]:
    folder = tmp_path_factory.mktemp("live")
    port = free_port()
    scenes = (scene(folder / "p", "one"), scene(folder / "p", "two", hop=1024))
    made = image(folder, *scenes, osc_port=port, osc_targets=(("127.0.0.1", free_port()),))
    world = LiveWorld(three_marbles())
    with LiveInstrument(made, RATE, world, port=port, wav=folder / "live.wav") as instrument:
        yield Alive(port, folder / "live.wav", instrument)


def test_it_is_a_board_to_every_command(alive: Alive) -> None:
    with Board("127.0.0.1", alive.port, 5.0) as board:
        assert board.scene("two").scene_name == "two"
        assert board.scene("one").scene_name == "one"
        assert board.knob("reach", 2.0).value == 2.0
        assert board.mode("host").asked == "host"
        assert board.mode("onboard").sounding == "onboard"
        assert [row.name for row in board.scenes()] == ["one", "two"]


def test_marbles_are_moved_from_outside_and_felt(alive: Alive) -> None:
    with Board("127.0.0.1", alive.port, 5.0) as board:
        fields: list[float] = []
        places: list[tuple[float, float]] = []
        for wanted in (-110.0, 0.0):
            for _ in range(3):
                board.send("/sim/magnet", 2, 65.0, wanted, 0.0)
                for heard in board.hear(0.4):
                    if heard.address == "/field" and heard.params[0] == 3:
                        fields.append(heard.params[3])
                    if heard.address == "/sim/place" and heard.params[0] == 2:
                        places.append((heard.params[1], heard.params[2]))
        assert places[-1] == pytest.approx((65.0, 0.0), abs=1.0)
        assert max(fields) - min(fields) > 1.0  # mT: a 20 mm ball over sensor 3


def test_a_plug_is_pulled_and_put_in_again(alive: Alive) -> None:
    with Board("127.0.0.1", alive.port, 5.0) as board:
        board.send("/sim/unplug", 2)
        assert board.wait(lambda s: s.sensor_flags[1] & 1 == 1)
        board.send("/sim/plug", 2)
        assert board.wait(lambda s: s.sensor_flags[1] & 1 == 0)


LOST, SATURATED, FROZEN = 1, 2, 8
SHOWN: dict[str, tuple[int, int]] = {
    "unplug": (1, LOST),
    "stuck": (3, LOST),  # of all
    "hang": (1, LOST),
    "frozen": (1, FROZEN),
    "memory": (1, LOST),
    "clash": (1, LOST),
    "swap": (1, LOST),
    "magnet": (1, SATURATED),
}
"""What a fault on sensor 2 shows on which, counted from 0. What lasts a frame is borne."""


@pytest.mark.parametrize("kind", sorted(SHOWN))
def test_a_fault_by_name_is_felt_by_the_real_firmware_and_ends(alive: Alive, kind: str) -> None:
    sensor, flag = SHOWN[kind]
    with Board("127.0.0.1", alive.port, 5.0) as board:
        assert board.wait(lambda s: not any(s.sensor_flags), 20.0)
        board.send("/sim/fault", kind, 2, 1.2)
        assert board.wait(lambda s: s.sensor_flags[sensor] & flag != 0, 20.0)
        assert board.wait(lambda s: not any(s.sensor_flags), 20.0)


def test_the_table_of_faults_names_every_kind(alive: Alive) -> None:
    row = osc.command("/sim/fault", "simulation")
    assert row is not None
    assert row.fields[0].what == ", ".join(KINDS)
    assert set(KINDS) - set(SHOWN) == {"slow", "flip", "brown-out"}


def test_a_wrong_word_to_the_world_is_told(alive: Alive) -> None:
    with Board("127.0.0.1", alive.port, 5.0) as board:
        board.send("/sim/unplug", 7)
        told = [heard.params for heard in board.hear(1.0) if heard.address == "/sim/error"]
        assert told == [["/sim/unplug", "wanted sensor 1 to 4, got 7"]]


def test_the_port_that_is_taken_is_told_with_its_owner(alive: Alive) -> None:
    with pytest.raises(LiveError, match=f"the UDP port {alive.port}, got it is taken by lodestone-sim"):
        LiveInstrument(Path("nowhere"), RATE, LiveWorld({}), port=alive.port)


def test_a_firmware_that_dies_is_told(tmp_path: Path) -> None:
    with (
        pytest.raises(LiveError, match=r"wanted an image folder with a board\.conf"),
        LiveInstrument(tmp_path, RATE, LiveWorld({}), port=free_port()) as instrument,
    ):
        instrument.wait(20.0)


def test_the_command_plays_for_a_while_and_leaves_a_whole_file(tmp_path: Path) -> None:
    settings = tmp_path / "instrument.toml"
    settings.write_text('format = "lodestone-instrument"\nversion = 1\n')
    port = free_port()
    command = [sys.executable, "-m", "lodestone", "live", "--port", str(port), "--hands", "nobody"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=60)
    assert done.returncode == 1
    assert "nobody" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_every_message_of_the_table_to_the_world_is_obeyed() -> None:
    world, faults = LiveWorld(three_marbles()), FaultSchedule(())
    commands = WorldCommands(SimulatedBoard(world, faults=faults), world, faults)
    for packet in (
        message("/sim/magnet", 1, 5.0, 6.0, 0.0),
        message("/sim/magnet", 1, 5.0, 6.0, 0.0, 1),
        message("/sim/unplug", 1),
        message("/sim/plug", 1),
        message("/sim/fault", "frozen", 2, 0.5),
    ):
        commands.hear(packet)
    assert commands.refused == 0
    for packet in (
        message("/sim/magnet", 1, 5.0),
        message("/sim/magnet", 1, 5.0, 6.0, -1.0),
        message("/sim/fault", "melt", 2, 0.5),
        message("/sim/nothing"),
        b"/sim/",
    ):
        commands.hear(packet)
    assert commands.refused == 5


def test_what_plays_is_saved_as_a_scene(alive: Alive, tmp_path: Path) -> None:
    settings = tmp_path / "instrument.toml"
    head = default_toml()
    settings.write_text(head[: head.index("[[scene]]")] + '[[scene]]\nname = "one"\nvoice = "glass"\n')
    at = ["--board", "127.0.0.1", "--port", str(alive.port)]
    with Board("127.0.0.1", alive.port, 5.0) as board:
        board.scene("one")
        board.knob("reach", 3.0)
    save = ["scene", "save", "loud", "--settings", str(settings), *at]
    saved = CliRunner().invoke(build_app(), save)
    assert saved.exception is None, saved.exception
    loud = load_settings(settings).scenes[1]
    assert (loud.name, loud.voice, loud.knobs["reach"]) == ("loud", "glass", 3.0)
    again = CliRunner().invoke(build_app(), save)
    assert "a name that no scene" in str(again.exception)


def test_the_sound_is_written_whole(alive: Alive) -> None:
    alive.instrument.__exit__(None, None, None)
    sound, rate = soundfile.read(alive.wav)
    assert rate == RATE
    assert len(sound) == alive.instrument.outside.frames
    assert np.abs(sound[-RATE // 2 :]).max() > 0.05
