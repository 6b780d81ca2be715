"""Packets of one kind that claim to come from a board, and everything of ours that hears them.

`lodestone host` with a touch of its own, `sensors watch`, `calibrate`, `record`, `teach` and the commands
that ask a board: whatever the packets say they go on, and what they believe is finite.
"""

from __future__ import annotations

import contextlib
import functools
import io
import random
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from pythonosc.osc_message_builder import OscMessageBuilder

from calibration import save
from definitions.osc import messages
from definitions.osc_rows import Message
from definitions.packets import messages_in
from errors import LodestoneError, in_one_line
from graphs.card import Card, LatentStatistics
from lodestone.board_messages import BoardKnob, BoardScene, Model, PlanTold, Refusal, Status, Told
from lodestone.commands.board import _tell, _tell_knobs
from lodestone.hosting.host_player import HostPlayer
from lodestone.hosting.link import BoardLink
from lodestone.hosting.mixed_voices import HostVoice, Mix
from lodestone.hosting.query import Namespace
from lodestone.hosting.touch import OwnTouch
from lodestone.takes.capture import Capture
from lodestone.takes.take_file import TakeWriter, read_take
from lodestone.teach_session import _numbers, middle
from sensors.buses.osc_measured import MeasuredSource
from sensors.buses.osc_source import OscSource
from tests.support.attacks.datagrams import PACKETS, Line, packet
from tests.support.attacks.foreign import changed_bytes
from tests.support.plain_board import plain_calibration

ROWS = {row.address: row for row in messages() if row.sender in ("board", "simulation", "teaching")}
RECORDS: tuple[type[Told], ...] = (Status, PlanTold, Model, BoardKnob, BoardScene, Refusal)
ODD = ("d", "h", "T", "N", "b", "r", "m", "list", "deep list", "number")


def packets(row: Message, dice: random.Random, count: int = PACKETS) -> list[bytes]:
    """Packets of one row, some with a value of a type that the table does not have."""
    return [_odd(row, dice) if dice.randrange(20) == 0 else packet(row, dice) for _ in range(count)]


def _odd(row: Message, dice: random.Random) -> bytes:
    kind = dice.choice(ODD)
    if kind == "deep list":
        tags = b"," + b"[" * 1005 + b"]" * 1005
        return _padded(row.address.encode()) + _padded(tags)
    builder = OscMessageBuilder(row.address)
    values: dict[str, Any] = {
        "d": dice.choice((1e300, -1e39, float("nan"), 0.5)),
        "h": dice.choice((2**62, -(2**63), 1)),
        "b": b"\0" * dice.randrange(9),
        "r": 2**31,
        "m": (1, 2, 3, 4),
        "list": [[1, 2.0], "a"],
    }
    for field in row.fields:
        for _ in range(field.count or 4):
            if kind == "number" or dice.randrange(3):
                builder.add_arg({"f": dice.uniform(-5.0, 5.0), "s": "reach"}.get(field.kinds[-1], 1))
            elif kind in ("T", "N", "list"):
                builder.add_arg({"T": True, "N": None}.get(kind, values.get("list")))
            else:
                with contextlib.suppress(OverflowError):
                    builder.add_arg(values[kind], kind)
    with contextlib.suppress(Exception):  # python-osc cannot write all that it reads
        return changed_bytes(builder.build().dgram, dice) if dice.randrange(4) == 0 else builder.build().dgram
    return packet(row, dice)


def _padded(text: bytes) -> bytes:
    return text + b"\0" * (4 - len(text) % 4)


def evening(row: Message, dice: random.Random) -> None:
    """All that hear the same packets of one kind, beside one of every other kind. Raises AssertionError."""
    said = packets(row, dice)
    for number, other in enumerate(ROWS.values()):  # so that a listener has something to go by
        said.insert(dice.randrange(len(said)) if number % 2 else 0, packet(other, dice))
    for listener in LISTENERS:
        listener(said)


def _hosts(said: Sequence[bytes]) -> None:
    link, touch = BoardLink("127.0.0.1", 9, lambda latent: player.heard(latent)), _touch()
    voice, told, names = HostVoice(_Silence(), _card()), HostVoice(_Silence(), _card()), Namespace()
    voice.touch = touch
    player = HostPlayer(Mix([voice, told]), link, clock=lambda: 0.0)
    try:
        for number, data in enumerate(said):
            link.take(data)
            if number % 10 == 0:
                player._tell_touches()
                names.status, names.knobs = link.status, link.knobs
                assert np.isfinite([each.glide.move(0.005) for each in (voice, told)]).all(), "no latent"
        names.find("/knob/reach")
        for number in range(8):  # and goes on with what is plain
            player._feel(number % 4 + 1, (0.5, 0.1, 23.0))
        heard = touch.hear(4, (0.5, 0.1, 23.0), 1.0)
        assert heard is not None
        assert np.isfinite(heard).all(), "a touch of no number"
    finally:
        link.close()


def _watches(said: Sequence[bytes]) -> None:
    source = OscSource("osc:test", "127.0.0.1")
    source._link.close()
    source._link = line = Line(list(said))
    with source, np.errstate(over="raise", invalid="raise"):
        for frame in source:
            parts = (frame.field_mt, frame.temperature_c, frame.valid, frame.time_s)
            assert all(np.isfinite(part).all() for part in parts), "a frame is no number"
            if not line.left:
                break


def _calibrates(said: Sequence[bytes]) -> None:
    source = MeasuredSource("osc:test", "127.0.0.1", Line(list(said)), patience_s=0.2)
    with contextlib.suppress(LodestoneError), source, np.errstate(over="raise", invalid="raise"):
        assert np.isfinite(source.info["full_scale_mt"]).all(), "a chip's range is no number"
        for frame in source:
            parts = (frame.field_mt, frame.temperature_c, frame.valid, frame.time_s)
            assert all(np.isfinite(part).all() for part in parts), "a frame is no number"


def _records(said: Sequence[bytes]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path, line = Path(folder) / "a.take", Line(list(said))
        with TakeWriter(path, {}) as writer:
            capture = Capture(line, writer, lambda: 0.0)
            while line.left:
                capture.step()
        read = read_take(path)
        assert read.damage is None, read.damage
        assert len(read.events) == sum(capture.count.values()), "a take lost what it had heard"


def _asks(said: Sequence[bytes]) -> None:
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        for each in [each for data in said for each in messages_in(data) or []]:
            for kind in RECORDS:
                found = kind.parse(each)
                if isinstance(found, Status):
                    _tell(found)
                elif isinstance(found, BoardKnob):
                    _tell_knobs([found])
                elif isinstance(found, Model | Refusal | BoardScene | PlanTold):
                    print(found)
    for text in out.getvalue().split("\n"):
        assert text == in_one_line(text, len(text) + 1), "a stranger's letters on the terminal"


def _teaches(said: Sequence[bytes]) -> None:
    heard = [each for data in said for each in messages_in(data) or []]
    touches = [row for each in heard if (row := _numbers(each, "/touch", "touch")) is not None]
    latents = [row for each in heard if (row := _numbers(each, "/latent", "latent")) is not None]
    with contextlib.suppress(LodestoneError):
        pair = middle(touches, latents)
        assert np.isfinite([*pair.touch, *pair.latent]).all(), "a taught pair is no number"


LISTENERS: tuple[Callable[[Sequence[bytes]], None], ...] = (
    _hosts, _watches, _calibrates, _records, _asks, _teaches,
)  # fmt: skip


@functools.cache
def _touch() -> OwnTouch:
    with tempfile.TemporaryDirectory() as folder:
        path = save(plain_calibration(), Path(folder) / "a.calibration.json")
        return OwnTouch(path, _card(), "rotate")


def _card() -> Card:
    spread = LatentStatistics("made up", np.zeros(4, np.float32), np.ones(4, np.float32), None, None)
    return Card("voice", "tiny", 4, sample_rate=44_100, hop=512, channels=1, delay_samples=0, latent=spread)


class _Silence:
    """A voice that is never asked for sound here."""

    def run(self, inputs: object) -> dict[str, np.ndarray]:
        return {}

    def reset(self) -> None:
        pass
