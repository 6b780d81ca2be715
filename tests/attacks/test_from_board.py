"""What hears a board goes on whatever comes; `python -m bench.attacks from_board` sends 10⁵ of each kind."""

from __future__ import annotations

import random
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from pythonosc.osc_message import OscMessage

from definitions.packets import messages_in
from errors import LodestoneError
from lodestone.board import encode
from lodestone.board_messages import BoardKnob, Model, Refusal, Status
from lodestone.commands.host import _shipped
from lodestone.hosting import link as host_link
from lodestone.hosting.following import Following
from lodestone.hosting.link import BoardLink
from lodestone.hosting.mixed_voices import Mix
from lodestone.image import ROOT
from lodestone.teach_session import middle
from tests.lodestone.test_host import tiny
from tests.support.attacks import from_board
from voices.errors import VoiceError

STATUS = ["onboard", "host", 2, "three\x1b[2J", float("inf"), 0.1, 7, 199.5, 0, 1, 2, 4, float("nan"), 1,
          60.0, "0.1.0", "one\ntwo"]  # fmt: skip


@pytest.mark.parametrize("address", ["/field", "/knobs", "/status"])
def test_whatever_a_board_says_its_listeners_go_on(address: str) -> None:
    from_board.evening(from_board.ROWS[address], random.Random(address))


def test_lists_in_lists_are_damage() -> None:
    for depth in (1, 1005):
        tags = b"," + b"[" * depth + b"]" * depth
        assert messages_in(b"/latent\0" + tags + b"\0" * (4 - len(tags) % 4)) is None


def test_what_a_board_tells_of_itself_is_finite_and_of_one_line() -> None:
    status = Status.parse(OscMessage(encode("/status", *STATUS)))
    assert status is not None
    assert (status.voice_load, status.temperature_c) == (0.0, 0.0)
    assert (status.scene_name, status.trouble) == ("three\\x1b[2J", "one two")
    refusal = Refusal.parse(OscMessage(encode("/error", "/mode", "no\x07")))
    assert refusal is not None
    assert refusal.reason == "no\\x07"
    knob = [0, 1, "reach", float("nan"), 1.0, 50.0, 5.0, "mT"]
    assert BoardKnob.parse(OscMessage(encode("/knobs", *knob))) is None


def test_a_flood_does_not_keep_the_host_from_its_sound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host_link, "MOST_AT_ONCE", 5)
    heard: list[object] = []
    link = BoardLink("127.0.0.1", 9, heard.append)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as board:
        for _ in range(20):
            board.sendto(encode("/latent", 0.5), ("127.0.0.1", link.port))
    link.tick()
    link.send("/knob/reach", 1e300)  # of a board with such a range: no packet carries it
    assert len(heard) == 5
    link.close()


def test_no_packet_names_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.ts").write_bytes(b"a model of the player's")
    assert _shipped("glass") == "glass"
    for name in ("mine.ts", "x" * 1000, "a\0b", "../mine.ts"):
        with pytest.raises(VoiceError):
            _shipped(name)


def test_a_voice_that_cannot_be_read_is_told_and_the_next_is_loaded() -> None:
    loads, told = [OSError(36, "File name too long"), tiny()], list[str]()

    def load(name: str) -> object:
        made = loads.pop(0)
        if isinstance(made, Exception):
            raise made
        return made

    following = Following(Mix([tiny()]), load, told.append)  # type: ignore[arg-type]
    for name in ("one", "two"):
        until = time.monotonic() + 20.0
        while not (told and name in told[-1]) and time.monotonic() < until:
            following.look(_model(name))
            time.sleep(0.001)
    assert "File name too long" in told[0]
    assert told[1] == "plays two"


def test_odd_rows_of_a_lesson_are_left_out() -> None:
    pair = middle([(0.5,) * 12, (0.1,), (0.5,) * 12], [(1.0, 2.0)])
    assert (pair.touch, pair.latent) == ((0.5,) * 12, (1.0, 2.0))
    with pytest.raises(LodestoneError, match="touch and latents"):
        middle([], [(1.0,)])


def test_the_shortest_host_goes_on_after_damaged_packets() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as board:
        board.bind(("127.0.0.1", 0))
        board.settimeout(30.0)
        command = [sys.executable, str(ROOT / "host" / "python" / "lodestone_host.py"), "127.0.0.1"]
        command.append(str(board.getsockname()[1]))
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as host:
            hello = OscMessage(board.recv(64))
            assert hello.address == "/hello"
            there = ("127.0.0.1", hello.params[0])
            odd = [b"/touch\0\0,fffff\0\0\0", b"/touch\0\0,i[\0", b"#bundle\0", encode("/touch", "text"), b""]
            for packet in [*odd, encode("/touch", *[0.25] * 12)]:
                board.sendto(packet, there)
            said = ""
            while "+0.25" not in said and (letters := host.stdout.read(1) if host.stdout else ""):
                said += letters
            host.terminate()
    assert "Traceback" not in said
    assert said.count("+0.25") == 1


def _model(voice: str) -> Model:
    return Model(2, voice, "rotate", 44_100, 512, 1, 0)
