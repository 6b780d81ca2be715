"""A new touch plan comes to the playing firmware: pieces are lost, it is crossfaded, kept, and taken back."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pythonosc.osc_packet import OscPacket

from definitions.osc import named
from lodestone.board import encode
from lodestone.delivery import PIECE_BYTES
from sensors.simulation import QuietOutside
from tests.support.tiny import image, play, touch_plan

FIRST = 4  # another sensor's channels: another touch that can be told from the old one


@dataclass
class Sender(QuietOutside):
    """Sends at 1 s, loses a piece, sends what is missing; hears everything."""

    packets: list[bytes] = field(default_factory=list)
    again: list[bytes] = field(default_factory=list)
    told: list[tuple[float, dict[str, Any]]] = field(default_factory=list)
    statuses: list[dict[str, Any]] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)
    ended_us: int = 0

    def __post_init__(self) -> None:
        super().__init__()

    def datagram_in(self, now_us: int) -> bytes | None:
        if now_us < 1_000_000 or not self.packets:
            return None
        self.ended_us = now_us
        return self.packets.pop(0)

    def datagram_out(self, now_us: int, data: bytes) -> None:
        for timed in OscPacket(data).messages:
            address, values = timed.message.address, timed.message.params
            if address == "/status":
                self.statuses.append(named(address, values) or {})
            if address == "/trouble":
                self.troubles.append(str(values[-1]))
            if address != "/plan":
                continue
            told = named(address, values)
            assert told is not None
            self.told.append(((now_us - self.ended_us) * 1e-6, told))
            if told["missing"] >= 0:
                self.packets += self.again


def pieces(plan: bytes, scene: int = 0, crc: int | None = None) -> tuple[list[bytes], list[bytes]]:
    """(begin and all pieces but one, the one that is missing), each with its end."""
    told = f"{zlib.crc32(plan) if crc is None else crc:08x}"
    begin = encode("/plan_begin", scene, len(plan), told)
    parts = [
        encode("/plan_piece", at, plan[at : at + PIECE_BYTES].hex(), told)
        for at in range(0, len(plan), PIECE_BYTES)
    ]
    end = encode("/plan_end", told)
    return [begin, *parts[:1], *parts[2:], end], [*parts[1:2], end]


def test_it_comes_in_plays_and_is_there_after_the_power_was_off(tmp_path: Path) -> None:
    made, plan, state = image(tmp_path), touch_plan(first=FIRST), tmp_path / "state"
    first, again = pieces(plan)
    sender = Sender(packets=first, again=again)
    run = play(tmp_path / "a", made, "--state", str(state), seconds=6.0, outside=sender)
    assert [told["missing"] for _, told in sender.told] == [PIECE_BYTES, -1]
    seconds, told = sender.told[-1]
    assert (told["done"], told["trouble"], told["crc"]) == (1, "", f"{zlib.crc32(plan):08x}")
    assert seconds < 3.0
    assert sender.statuses[-1]["underruns"] == 0
    assert np.abs(run.samples()[2 * 44100 :]).max() > 0.05
    later = play(tmp_path / "b", made, "--state", str(state), seconds=2.0)
    fresh = play(tmp_path / "c", made, seconds=2.0)
    assert not np.allclose(later.latents[-1][3], fresh.latents[-1][3])


def test_back_and_forward(tmp_path: Path) -> None:
    made, plan, state = image(tmp_path), touch_plan(first=FIRST), tmp_path / "state"
    first, again = pieces(plan)
    play(tmp_path / "a", made, "--state", str(state), seconds=4.0, outside=Sender(packets=first, again=again))
    base = touch_plan()
    for way, wanted in ((-1, base), (1, plan)):
        sender = Sender(packets=[encode("/plan_turn", 0, way)])
        play(tmp_path / f"turn{way}", made, "--state", str(state), seconds=4.0, outside=sender)
        assert sender.told[-1][1]["crc"] == f"{zlib.crc32(wanted):08x}"
        assert sender.told[-1][1]["trouble"] == ""
    sender = Sender(packets=[encode("/plan_turn", 0, 1)])
    play(tmp_path / "none", made, "--state", str(state), seconds=3.0, outside=sender)
    assert "no touch plan after" in sender.told[-1][1]["trouble"]


@pytest.mark.parametrize("plan", [touch_plan(latents=3), b"no plan at all" * 50], ids=["latents", "noise"])
def test_what_cannot_play_leaves_the_old_one(tmp_path: Path, plan: bytes) -> None:
    made, state = image(tmp_path), tmp_path / "state"
    first, again = pieces(plan)
    sender = Sender(packets=[*first, *again], again=[])
    play(tmp_path / "a", made, "--state", str(state), seconds=4.0, outside=sender)
    assert sender.told[-1][1]["trouble"] != ""
    assert sender.told[-1][1]["crc"] == f"{zlib.crc32(touch_plan()):08x}"


def test_another_checksum_is_refused(tmp_path: Path) -> None:
    made, plan = image(tmp_path), touch_plan(first=FIRST)
    first, again = pieces(plan, crc=1)
    sender = Sender(packets=[*first, *again], again=[])
    play(tmp_path / "a", made, "--state", str(tmp_path / "state"), seconds=3.0, outside=sender)
    assert "checksum" in sender.statuses[-1]["refusal"]
    assert all(told["done"] == 0 for _, told in sender.told)


def test_a_room_that_has_changed_is_told_in_words(tmp_path: Path) -> None:
    """By the touch of the scene, in /trouble and in /status; the voice sounds on."""
    made = image(tmp_path)
    (tmp_path / "image" / "plans" / "one.touch.plan").write_bytes(touch_plan(room=(0.08, 15.0, 0.12, 0.5)))
    sender = Sender()
    run = play(tmp_path / "a", made, seconds=3.0, outside=sender)
    assert "got a field of 0.08 mT more" in sender.statuses[-1]["trouble"]
    assert "got 15 degrees away from it" in " ".join(sender.troubles)
    assert "got a magnet beside or under the board (0.12 mT" in " ".join(sender.troubles)
    assert "got what steel under the board does (0.50 mT)" in " ".join(sender.troubles)
    assert sender.statuses[-1]["underruns"] == 0
    assert np.abs(run.samples()[44100:]).max() > 0.05
