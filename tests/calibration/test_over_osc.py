"""Calibrating over the network: the real firmware in simulation, its packets whole, lost, or ending."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pythonosc.osc_message import OscMessage
from pythonosc.udp_client import SimpleUDPClient
from typer.testing import CliRunner

from calibration import CalibrationError, collect, load, save
from calibration.assemble import fit, verdict_of
from calibration.capture.guard import check_board
from calibration.capture.procedure import FREE_PLAY, record
from calibration.capture.sources import open_simulated
from calibration.capture.steps import Choice, Step, identities
from calibration.judging.verdict import STOP
from calibration.stretch import LOST
from lodestone.cli import build_app
from sensors import Flag, SensorError
from sensors.buses.osc_link import UdpLink
from sensors.buses.osc_measured import MeasuredSource
from sensors.simulation import Fault, SimulatedBoard
from tests.calibration.firmware_board import Cable, measured_firmware
from tests.support.tiny import image

SEED, PLAY_S = 3, 12.0


class Quiet:
    """Goes through every step and gives up at the first refusal."""

    def begin(self, step: Step) -> Choice:
        return Choice.GO

    def frame(self, step: Step, frame: Any) -> None:
        pass

    def end(self, step: Step, words: str) -> Choice:
        return Choice.GO

    def again(self, step: Step, error: CalibrationError) -> Choice:
        return Choice.STOP


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An image of the smallest voice and touch; it need not be calibrated to be measured."""
    return image(tmp_path_factory.mktemp("image"))


def test_the_board_calibrates_as_on_its_own_bus(tmp_path: Path, made: Path) -> None:
    """The same board by OSC and by I2C: each calibration fits the other's board, and says the same."""

    def open_step(step: Step) -> Any:
        gesture = "free-play" if step.name == FREE_PLAY.name else "empty"
        seconds = step.seconds + 2.0
        return measured_firmware(tmp_path / step.name.replace(" ", "-"), made, gesture, seconds, seed=SEED)

    over_osc = fit(record(open_step, Quiet(), play_seconds=PLAY_S), board="", magnet_set="")
    by_bus = fit(record(open_simulated(SEED), Quiet(), play_seconds=PLAY_S), board="", magnet_set="")
    check_board(over_osc, by_bus.sensors)
    error = 3.0 * np.hypot(by_bus.rest.noise_mt, over_osc.rest.noise_mt) / np.sqrt(1000 / 4)
    assert (np.abs(over_osc.rest.offset_mt - by_bus.rest.offset_mt) < error).all()
    assert over_osc.response.reach_mt == pytest.approx(by_bus.response.reach_mt, rel=0.05)
    for one, other in zip(over_osc.sensors, by_bus.sensors, strict=True):
        assert one.full_scale_mt == pytest.approx(other.full_scale_mt)
    judged = verdict_of(over_osc)
    assert judged is not None
    assert judged[0].frame_rate_hz == 200.0
    assert judged[0].longest_gap < 1.5
    assert judged[0].lost == 0.0
    assert judged[1].level != STOP


def test_lost_packets_show_as_lost_readings_and_gaps(tmp_path: Path, made: Path) -> None:
    """One packet in 97 is lost: times stay right, no reading is made up."""
    cable = Cable(lose=97)
    with measured_firmware(tmp_path / "run", made, "empty", 4.0, cable=cable) as source:
        recording = collect(source, 2.5)
    alone = recording.flags & LOST != 0
    assert 0.005 < alone.mean() < 0.02
    assert (alone.sum(axis=1) <= 1).all()
    assert recording.longest_gap == pytest.approx(2.0, abs=0.1)
    assert recording.rate_hz == pytest.approx(200.0, abs=0.5)


def test_clipping_and_weights_come_over(tmp_path: Path, made: Path) -> None:
    """What the board flags is what the calibration sees: a sensor unplugged for half a second."""
    board = SimulatedBoard("empty", seed=SEED, faults=[Fault("unplug", 1.5, 0.5, 2)])
    with measured_firmware(tmp_path / "run", made, "empty", 4.0, board=board) as source:
        recording = collect(source, 2.5)
    lost = (recording.flags & LOST != 0).mean(axis=0)
    assert lost[2] == pytest.approx(0.5 / 2.5, abs=0.05)
    assert lost[[0, 1, 3]].max() == 0.0
    assert recording.valid[:, 2].min() < 0.9
    assert not recording.good[:, 2].all()


def test_a_board_that_falls_silent_refuses_the_step(tmp_path: Path, made: Path) -> None:
    cable = Cable(cut_after=5000)
    with (
        pytest.raises(SensorError, match=r"frames of the board at the firmware, got silence"),
        measured_firmware(tmp_path / "run", made, "empty", 10.0, cable=cable) as source,
    ):
        collect(source, 9.0)


SENSOR = ["mlx90393", 49.152, 49.152, 79.3, "axes=1,2,3 gain_sel=3 resolution=2,2,2 oversampling=1 filter=2"]


@contextlib.contextmanager
def udp_board(seconds: float, *, told: bool = True, known: bool = True) -> Iterator[int]:
    """An empty board on loopback, written with python-osc; after so many seconds of frames it is silent.

    Args:
        told: whether it tells its sensors.
        known: whether it has met them.
    """
    board = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    board.bind(("127.0.0.1", 0))
    board.settimeout(0.1)
    over = threading.Event()

    def play() -> None:
        rng, frame = np.random.default_rng(0), 0
        client: SimpleUDPClient | None = None
        while not over.is_set() and frame < seconds * 200:
            try:
                asked = OscMessage(board.recv(64))
            except TimeoutError:
                asked = None
            if asked is not None and asked.address == "/measure":
                client = client or SimpleUDPClient("127.0.0.1", asked.params[0])
                chip, *scale, words = SENSOR
                for number in range(1, 5 if told else 1):
                    identity = 46000 + number if known else 0
                    client.send_message("/sensor", [number, chip, 11 + number, identity, *scale, words])
                client.send_message("/sensor", [1, "nonsense"])
                client.send_message("/frame", [1, 2, 3])
                board.settimeout(0.0005)
            for _ in range(4 if client else 0):
                frame += 1
                _send(client, frame, rng)

    thread = threading.Thread(target=play)
    thread.start()
    try:
        yield board.getsockname()[1]
    finally:
        over.set()
        thread.join()
        board.close()


def _send(client: Any, frame: int, rng: np.random.Generator) -> None:
    head = [frame, 5000 * frame, 0, 0, 0, 0, *[1.0] * 4, *[25.5] * 4]
    client.send_message("/frame", head)
    for sensor in range(1, 5):
        field = rng.normal([0.1, 0.2, 23.0], 0.005)
        client.send_message("/mag", [sensor, *(int(value / 0.0015) for value in field)])
        client.send_message("/field", [sensor, *map(float, field)])


def test_measured_frames_over_udp() -> None:
    with (
        udp_board(1.5) as port,
        MeasuredSource("osc:127.0.0.1", "127.0.0.1", UdpLink("127.0.0.1", 0, port)) as source,
    ):
        frame = next(iter(source))
        found = identities(source.info)
    assert frame.temperature_c.tolist() == [25.5] * 4
    assert frame.field_mt[3, 2] == pytest.approx(23.0, abs=0.1)
    assert frame.counts[0, 2] == pytest.approx(23.0 / 0.0015, abs=100)
    assert frame.flags.tolist() == [0] * 4 == [frame.flags[0] & Flag.LOST] * 4
    assert frame.time_s == pytest.approx(0.005 * frame.sequence)
    assert [sensor.serial for sensor in found] == [46001, 46002, 46003, 46004]
    assert found[1].settings["resolution_z"] == 2
    assert found[1].address == 13


def inside(*arguments: str) -> Any:
    return CliRunner().invoke(build_app(), arguments)


def test_an_older_board_and_nobody_at_all_are_told_apart() -> None:
    with udp_board(60.0, told=False) as port:
        older = inside("calibrate", "--board", "127.0.0.1", "--port", str(port))
        assert "flash this version" in str(older.exception)
    began = time.monotonic()
    nobody = inside("calibrate", "--board", "127.0.0.1", "--port", str(port))
    assert "silence" in str(nobody.exception)
    assert "lodestone status --board 127.0.0.1" in str(nobody.exception)
    assert time.monotonic() - began < 20.0
    nameless = inside("calibrate", "--board", "no-such-board.invalid")
    assert "a board called no-such-board.invalid" in str(nameless.exception)


def test_a_chip_that_the_board_has_not_met_is_refused() -> None:
    with udp_board(20.0, known=False) as port:
        run = inside("calibrate", "--board", "127.0.0.1", "--port", str(port), "--yes")
    assert "sensor 1 (address 0x0C) with a serial, got none" in str(run.exception)


def test_silence_in_the_middle_leaves_the_old_calibration(tmp_path: Path, calibration: Any) -> None:
    path = save(calibration, tmp_path / "a.calibration.json")
    before = path.read_bytes()
    with udp_board(5.0) as port:
        run = inside("calibrate", "--board", "127.0.0.1", "--port", str(port), "--out", str(path), "--yes")
    assert run.exit_code == 1
    assert "silence" in str(run.exception)
    assert "\n" not in str(run.exception)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_calibration_of_another_board_is_refused_over_the_network(tmp_path: Path, calibration: Any) -> None:
    path = save(calibration, tmp_path / "a.calibration.json")
    with udp_board(60.0) as port:
        arguments = ["--to", str(tmp_path / "active"), "--board", "127.0.0.1", "--port", str(port)]
        refused = inside("calibration", "apply", str(path), *arguments)
    assert refused.exit_code == 1
    assert "another board: no chip is the same" in str(refused.exception)
    assert not (tmp_path / "active").exists()
    assert json.loads(path.read_text())["calibration"]["board"] == load(path).board
