"""A running firmware over real UDP: the command line, liblo's oscdump, strangers and storms."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from definitions import osc
from firmware._firmware import osc_encode
from lodestone.board import Board, BoardError
from tests.support.tiny import SIM, image, scene


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True)
class Running:
    port: int
    target: int

    def connect(self, patience_s: float = 5.0) -> Board:
        return Board("127.0.0.1", self.port, patience_s)

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        command = [
            sys.executable,
            "-m",
            "lodestone",
            *words,
            "--board",
            "127.0.0.1",
            "--port",
            str(self.port),
        ]
        return subprocess.run(command, capture_output=True, text=True, timeout=60)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("board")
    plans = folder / "p"
    port, target = free_port(), free_port()
    made = image(
        folder,
        scene(plans, "one"),
        scene(plans, "two", hop=1024),
        scene(plans, "fast", rate=48000),
        bus="i2c:/dev/i2c-none",
        osc_port=port,
        osc_targets=(("127.0.0.1", target),),
    )
    command = [SIM, made, "--paced", "--seconds", "200", "--period", "256"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        yield Running(port, target)
        process.terminate()


def test_status_as_json(running: Running) -> None:
    done = running.command("status", "--json")
    assert done.returncode == 0, done.stderr
    status = json.loads(done.stdout)
    assert status["scene_name"] == "one"
    assert status["model"]["voice"] == "tiny-512"
    assert len(status["sensor_flags"]) == 4


def test_commands_do_what_they_say(running: Running) -> None:
    with running.connect() as board:
        assert board.mode("host").asked == "host"
        assert board.status.sounding == "onboard"
        board.send("/heartbeat")
        assert board.wait(lambda s: s.sounding == "host")
        assert board.wait(lambda s: s.sounding == "onboard")  # no more heartbeats
        assert board.mode("onboard").asked == "onboard"
        assert board.mute(True).muted
        assert not board.mute(False).muted
        assert board.scene(1).scene_name == "two"
        assert board.scene(0).scene_name == "one"


def test_scenes_that_cannot_play_are_refused_with_a_reason(running: Running) -> None:
    with running.connect(patience_s=1.5) as board:
        with pytest.raises(BoardError, match="no scene 9: there are 3"):
            board.scene(9)
        with pytest.raises(BoardError, match="48000 Hz, the board runs at 44100"):
            board.scene(2)
        assert board.status.scene == 0


def test_the_command_line_tells_in_words(running: Running) -> None:
    done = running.command("mode", "both")
    assert done.returncode == 0, done.stderr
    assert "asked: both; the host is silent" in done.stdout
    assert running.command("mode", "onboard").returncode == 0
    heads, row = running.command("knob", "reach", "0.5").stdout.splitlines()
    assert heads.split() == ["knob", "value", "unit", "least", "most", "at", "first"]
    assert row.split() == ["reach", "0.5", "mT", "0", "4", "0.25"]
    wrong = running.command("mode", "loud")
    assert wrong.returncode == 1
    assert "onboard, host or both" in wrong.stderr


def test_knobs_and_scenes_are_confirmed_by_name(running: Running) -> None:
    with running.connect() as board:
        assert [(row.number, row.name) for row in board.scenes()] == [(0, "one"), (1, "two"), (2, "fast")]
        assert [knob.name for knob in board.knobs()] == ["reach"]  # the button of a rest is none
        assert board.scene("two").scene_name == "two"
        assert board.scene("one").scene_name == "one"
        assert board.knob("reach", 1.5).value == 1.5
        assert board.knob("reach", 99.0).value == 4.0  # kept in its range
        refused = board.status.refused
        board.send("/mode", "ONBOARD")
        board.send("/knob/foo", 0.5)
        board.send("/nonsense")
        told = board.wait(lambda s: s.refused == refused + 3)
        assert told is not None
        assert told.refusal == "/nonsense: no such command: see docs/osc.md or lodestone osc"


def test_mistakes_are_told_with_the_nearest_right_name(running: Running) -> None:
    for words, nearest in (
        (("knob", "reech", "0.5"), "did you mean reach?"),
        (("scene", "tvo"), "did you mean two?"),
        (("mode", "hoost"), "did you mean host?"),
    ):
        done = running.command(*words)
        assert done.returncode == 1, words
        assert nearest in done.stderr
        assert len(done.stderr.splitlines()) == 1


def test_a_rest_is_waited_for(running: Running) -> None:
    done = running.command("rest")
    assert (done.returncode, done.stdout) == (0, "rest kept\n")


def test_boards_on_the_link_are_listed(running: Running) -> None:
    command = [sys.executable, "-m", "lodestone", "board", "127.0.0.1", "--port", str(running.port)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    heads, row = done.stdout.splitlines()
    assert heads.split() == ["address", "scene", "mode", "firmware", "trouble"]
    assert row.split()[:4] == ["127.0.0.1", "0", "one", "onboard"]


def test_nobody_there_ends_in_one_line() -> None:
    command = [
        sys.executable,
        "-m",
        "lodestone",
        "status",
        "--board",
        "127.0.0.1",
        "--port",
        str(free_port()),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "no answer" in done.stderr


@pytest.mark.skipif(shutil.which("oscdump") is None, reason="Debian's liblo-tools is not installed")
def test_oscdump_reads_what_the_board_sends(running: Running) -> None:
    with subprocess.Popen(["oscdump", "-L", str(running.target)], stdout=subprocess.PIPE, text=True) as dump:
        assert dump.stdout is not None
        seen: dict[str, str] = {}
        until = time.monotonic() + 20
        streams = {"/mag", "/field", "/touch", "/latent", "/status"}
        while not streams <= set(seen) and time.monotonic() < until:
            _, address, tags, *_ = dump.stdout.readline().split(" ")
            seen[address] = tags
        dump.terminate()
    assert {address: seen[address] for address in seen if address in streams} == {
        "/mag": "iiii",
        "/field": "ifff",
        "/touch": "f" * 12,
        "/latent": "ff",
        "/status": osc.message("/status").tags,
    }


def test_a_storm_is_survived(running: Running) -> None:
    def heard() -> float:
        with running.connect() as board:
            return board.status.uptime_s

    before = heard()
    packets = [
        osc_encode(("/mute", "i", [0])),
        osc_encode(("/hello", "i", [9])),
        b"\xff" * 1400,
        b"/scene\0\0",
        b"x",
    ]
    packets.append(osc_encode((1, [("/heartbeat", "", [])] * 60)))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as storm:
        for i in range(20000):
            storm.sendto(packets[i % len(packets)], ("127.0.0.1", running.port))
    assert heard() > before


def test_without_an_address_the_instrument_on_this_computer_is_found(running: Running) -> None:
    with Board(None, running.port, 5.0) as board:
        assert board.address == "127.0.0.1"
