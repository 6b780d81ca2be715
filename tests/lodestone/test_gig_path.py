"""From a finished calibration to a playing board: lost packets, deaths, full disks, two at once."""

from __future__ import annotations

import io
import os
import random
import signal
import socket
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from pythonosc.osc_message import OscMessage

import calibration
from calibration import Calibration, CalibrationError, checksum
from calibration.session import calibrate_simulated
from graphs.card import Card, LatentStatistics, attach_card
from lodestone.board import Board, BoardError
from lodestone.calibration_to_board import board_words, bring, turn_board
from lodestone.cli import build_app, run
from lodestone.delivery import PIECE_BYTES, deliver, in_force, turn
from lodestone.live.instrument import LiveInstrument
from lodestone.live.prepare import image_of
from lodestone.settings import EXACT, SceneSettings, Settings
from sensors.simulation.live_world import LiveWorld, three_marbles
from tests.support.terminal import CTRL_C, END, Terminal
from tests.support.tiny import RATE, touch_plan, voice_model

HERE = "127.0.0.1"
TOML = 'format = "lodestone-instrument"\nversion = 1\n' + "".join(
    f'[[scene]]\nname = "{name}"\nvoice = "tiny.onnx"\nmapping = "{mapping}"\nprecision = "{EXACT}"\n'
    'calibration = "lodestone.calibration.json"\n'
    for name, mapping in (("one", "rotate"), ("two", "rings"))
)


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((HERE, 0))
        return int(probe.getsockname()[1])


def _voice() -> onnx.ModelProto:
    """Two latents and a whole card, as a voice that ships has it."""
    model = voice_model()
    still, one = np.zeros(2, np.float32), np.ones(2, np.float32)
    spread = LatentStatistics(
        "prior", still, one, np.array([0.1, 0.9], np.float32), np.tile([-1.3, 1.3], (2, 1))
    )
    shapes = {"sample_rate": RATE, "hop": 512, "channels": 1, "delay_samples": 3, "macs_per_second": 1000}
    attach_card(model, Card("voice", "tiny", 2, latent=spread, **shapes))
    return model


def other(made: Calibration, number: int) -> Calibration:
    """The same board after another evening: a little more reach."""
    reach = made.response.reach_mt * (1.0 + 0.05 * number)
    return replace(made, response=replace(made.response, reach_mt=reach), magnet_set=f"evening {number}")


@dataclass(frozen=True)
class Said:
    """What a command left."""

    returncode: int
    stdout: str
    stderr: str


@dataclass
class Gig:
    """A laptop's folder and a living board."""

    folder: Path
    image: Path
    port: int
    first: Calibration
    instrument: LiveInstrument

    @property
    def file(self) -> Path:
        return self.folder / "lodestone.calibration.json"

    @property
    def settings(self) -> Path:
        return self.folder / "instrument.toml"

    def bring(self, made: Calibration) -> list[str]:
        return list(bring(made, HERE, self.port, self.settings))

    def calibrations(self) -> list[str]:
        """In force on the board, scene by scene."""
        with Board(HERE, self.port, 5.0) as board:
            return [in_force(board, row.number).calibration for row in board.scenes()]

    def lodestone(self, *arguments: str) -> Said:
        out, err = io.StringIO(), io.StringIO()
        given = [*arguments, "--board", HERE, "--port", str(self.port)]
        with redirect_stdout(out), redirect_stderr(err):
            code = run(lambda: build_app()(given))
        return Said(code, out.getvalue(), err.getvalue())


@pytest.fixture(scope="module")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Calibration, Path, int]:
    folder, port = tmp_path_factory.mktemp("gig"), free_port()
    made = calibrate_simulated(folder / "lodestone.calibration.json", 1).calibration
    onnx.save(_voice(), str(folder / "tiny.onnx"))
    (folder / "instrument.toml").write_text(TOML)
    scenes = [
        SceneSettings(
            name,
            str(folder / "tiny.onnx"),
            mapping,
            str(folder / "lodestone.calibration.json"),
            precision=EXACT,
        )
        for name, mapping in (("one", "rotate"), ("two", "rings"))
    ]
    settings = Settings(scenes=scenes)
    image = image_of(settings, folder / "out", port, (HERE, free_port()), lambda _: None)
    return folder, made, image, port


@pytest.fixture
def gig(
    made_once: tuple[Path, Calibration, Path, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Gig]:
    monkeypatch.chdir(tmp_path)
    kept, made, image, port = made_once
    for name in ("tiny.onnx", "instrument.toml", "lodestone.calibration.json"):
        (tmp_path / name).write_bytes((kept / name).read_bytes())
    world = LiveWorld(three_marbles())
    with LiveInstrument(image, RATE, world, port=port, state=tmp_path / "state") as instrument:
        yield Gig(tmp_path, image, port, made, instrument)


def short(made: Calibration) -> str:
    return checksum(made)[:16]


def test_it_plays_within_three_seconds_and_every_step_back_is_there(gig: Gig) -> None:
    assert gig.calibrations() == [short(gig.first)] * 2  # the image's own
    second = other(gig.first, 1)
    words = gig.bring(second)
    assert float(words[-1].split(" in ")[1].split(" s")[0]) < 3.0
    assert gig.calibrations() == [short(second)] * 2
    assert any(
        "a calibration that is not kept here" in line for line in board_words(HERE, gig.port, gig.file)
    )
    assert gig.bring(second)  # twice is once
    with Board(HERE, gig.port, 5.0) as board:
        crcs = [in_force(board, 0).crc]
        for first in range(10):
            crcs += [done.crc for done in deliver(board, [("one", touch_plan(first=first))])]
        assert (in_force(board, 0).before, board.status.underruns) == (11, 0)
        for crc in reversed(crcs[:-1]):
            assert turn(board, 0, -1).crc == crc
        assert turn(board, 0, -1).calibration == short(gig.first)
        with pytest.raises(BoardError, match="none on the board"):
            turn(board, 0, -1)
        assert in_force(board, 0).after == 11


def test_undo_redo_show_and_diff_act_on_both(gig: Gig) -> None:
    second, third = other(gig.first, 1), other(gig.first, 2)
    for made in (second, third):
        calibration.save(made, gig.file)
        gig.bring(made)
    done = gig.lodestone("calibration", "undo")
    assert done.returncode == 0, done.stderr
    assert gig.calibrations() == [short(second)] * 2
    assert checksum(calibration.load(gig.file)) == checksum(second)
    assert "scene two: this calibration" in gig.lodestone("calibration", "show").stdout
    assert gig.lodestone("calibration", "redo").returncode == 0
    assert gig.calibrations() == [short(third)] * 2
    # The board is a step behind: the laptop says which one plays there, and what has changed since.
    list(turn_board(HERE, gig.port, -1))
    assert "the one in lodestone.calibration.json.1" in gig.lodestone("calibration", "show").stdout
    told = gig.lodestone("calibration", "diff")
    assert told.returncode == 0, told.stderr
    assert "the board plays lodestone.calibration.json.1" in told.stderr
    assert told.stdout != gig.lodestone("calibration", "diff", "lodestone.calibration.json.1").stdout
    # After an undo a new evening comes behind the one in force, on both, and nothing is lost.
    assert gig.lodestone("calibration", "undo").returncode == 0
    fourth = other(gig.first, 4)
    calibration.save(fourth, gig.file)
    gig.bring(fourth)
    assert gig.lodestone("calibration", "undo").returncode == 0
    assert gig.calibrations() == [short(second)] * 2
    assert gig.lodestone("calibration", "redo").returncode == 0
    assert gig.lodestone("calibration", "redo").returncode == 0
    assert gig.calibrations() == [short(third)] * 2


def test_what_is_not_there_changes_neither(gig: Gig) -> None:
    done = gig.lodestone("calibration", "redo")
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    with pytest.raises(CalibrationError, match="none beside"):
        calibration.redo(gig.file)
    assert gig.calibrations() == [short(gig.first)] * 2


def test_a_calibration_goes_to_the_board_at_its_end(gig: Gig) -> None:
    steps = ["--skip", "empty board", "--skip", "free play", "--magnets", "tonight"]
    done = gig.lodestone("calibrate", "--send", *steps)
    assert done.returncode == 0, done.stderr
    assert "scene two has it" in done.stderr
    made = calibration.load(gig.file)
    assert (made.magnet_set, gig.calibrations()) == ("tonight", [short(made)] * 2)
    kept = gig.lodestone("calibrate", "--keep", *steps[:4])
    assert kept.returncode == 0, kept.stderr
    assert gig.calibrations() == [short(made)] * 2
    sent = gig.lodestone("calibration", "apply", "--send")
    assert sent.returncode == 0, sent.stderr
    assert gig.calibrations() == [short(calibration.load(gig.file))] * 2


def test_the_question_at_a_terminal(gig: Gig) -> None:
    """At a real terminal, with a key pressed too early; the calibration is kept here in any case."""
    on_board = gig.first
    answers = (("perhaps\nn\n", False), (CTRL_C, False), (END, False), ("\n", True), ("y\n", True))
    for number, (keys, goes) in enumerate(answers, start=1):
        new = other(gig.first, number)
        calibration.save(new, gig.folder / "new.calibration.json")
        words = ["calibration", "apply", "new.calibration.json", "--board", HERE, "--port", str(gig.port)]
        with Terminal([sys.executable, "-m", "lodestone", *words], gig.folder) as stage:
            stage.key("n\n" if goes else "y\n")
            stage.until("shall it go to the board? [Y/n]")
            assert "scene" not in stage.quiet(0.3)
            stage.key(keys)
            stage.until("takes it back" if goes else "the board plays on as before")
            assert stage.ended() == 0
            assert "Traceback" not in stage.shown
        assert checksum(calibration.load(gig.file)) == checksum(new)
        on_board = new if goes else on_board
        assert gig.calibrations() == [short(on_board)] * 2


def test_without_settings_it_is_told_before_anybody_plays(gig: Gig) -> None:
    gig.settings.unlink()
    began = gig.lodestone("calibrate", "--send")
    assert (began.returncode, len(began.stderr.splitlines())) == (1, 1)
    assert "instrument.toml" in began.stderr


class Lossy(Board):
    """A link that loses, doubles and delays one packet in five, each way."""

    def __init__(self, port: int, seed: int) -> None:
        self.random = random.Random(seed)
        self.late: list[tuple[str, tuple[str | int | float, ...]]] = []
        super().__init__(HERE, port, 10.0)

    def send(self, address: str, *values: str | int | float) -> None:
        for held in self.late:
            super().send(held[0], *held[1])
        self.late = []
        what = self.random.random()
        if what < 0.1:
            return
        if what < 0.2:
            self.late.append((address, values))
            return
        for _ in range(2 if what < 0.3 else 1):
            super().send(address, *values)

    def hear(self, seconds: float) -> Iterable[OscMessage]:
        for message in super().hear(seconds):
            if self.random.random() > 0.2:
                yield message


@pytest.mark.parametrize("seed", range(3))
def test_a_link_that_loses_packets(gig: Gig, seed: int) -> None:
    plans = [touch_plan(first=first) for first in (2, 4, 6)]
    with Lossy(gig.port, seed) as board:
        for plan in plans:
            deliver(board, [("one", plan)])
        assert turn(board, 0, -1).before == 2
        assert turn(board, 0, -1).before == 1
        assert turn(board, 0, 1).before == 2


class Breaking(Board):
    """A board that dies after so many packets."""

    victim = 0
    packets = -1

    def send(self, address: str, *values: str | int | float) -> None:
        if address.startswith("/plan"):
            self.packets -= 1
            if self.packets == 0:
                os.kill(self.victim, signal.SIGKILL)
        super().send(address, *values)


@pytest.mark.parametrize("part", [0.0, 0.5, 1.0], ids=["begin", "middle", "end"])
def test_a_board_that_dies_in_the_middle(gig: Gig, part: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lodestone.delivery.PATIENCE_S", 1.0)
    old, new = touch_plan(first=2), bytes(touch_plan(first=4))
    assert gig.instrument.process is not None
    with Breaking(HERE, gig.port, 5.0) as board:
        deliver(board, [("one", old)])
        base = in_force(board, 0).crc
        packets = 2 + -(-len(new) // PIECE_BYTES)
        board.victim, board.packets = gig.instrument.process.pid, 1 + round(part * (packets - 1))
        with pytest.raises(BoardError, match="check the cable"):
            deliver(board, [("one", new)])
    gig.instrument.process.wait(10)
    again = LiveInstrument(
        gig.image, RATE, LiveWorld(three_marbles()), port=gig.port, state=gig.folder / "state"
    )
    with again, Board(HERE, gig.port, 10.0) as board:
        assert in_force(board, 0).crc == base
        deliver(board, [("one", new)])
        assert in_force(board, 0).before == 2


def test_a_disk_that_takes_nothing_leaves_the_old_one(gig: Gig) -> None:
    shelf = gig.folder / "state" / "touch"
    assert gig.calibrations() == [short(gig.first)] * 2
    shelf.rmdir()
    shelf.write_text("no room")
    with pytest.raises(BoardError, match="wanted room for a touch plan") as caught:
        gig.bring(other(gig.first, 1))
    assert "apply --board" in str(caught.value)
    with Board(HERE, gig.port, 5.0) as board:
        assert board.status.trouble == ""  # the scene plays as before
    assert gig.calibrations() == [short(gig.first)] * 2


def test_two_terminals_at_once(gig: Gig) -> None:
    plans = {"a": [touch_plan(first=2), touch_plan(first=3)], "b": [touch_plan(first=5), touch_plan(first=6)]}
    troubles: list[str] = []

    def send(name: str) -> None:
        with Board(HERE, gig.port, 5.0) as board:
            for plan in plans[name]:
                try:
                    deliver(board, [("one", plan)])
                except BoardError as error:
                    troubles.append(str(error))

    both = [threading.Thread(target=send, args=(name,)) for name in plans]
    for each in both:
        each.start()
    for each in both:
        each.join()
    with Board(HERE, gig.port, 5.0) as board:
        told = in_force(board, 0)
    assert told.before == 4
    assert all("somebody else" in words for words in troubles), troubles
