"""Files and lines that Lodestone's own programs write, mutated, their checksums mended.

Every one must be taken, or refused with one of Lodestone's own errors, and what it leads to must be finite:
the latents that a taken calibration's touch makes of the frames of a taken recording or serial line.
"""

from __future__ import annotations

import contextlib
import functools
import gzip
import hashlib
import json
import random
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from calibration.file import load, save
from calibration.model import Calibration
from firmware import Engine
from graphs.card import Card, read_card
from lodestone.hosting.midi import MidiMap
from lodestone.takes.content import cues, field_world, latents
from lodestone.takes.take_file import Event, TakeWriter, read_take
from lodestone.teaching import Pair, load_taught, save_taught
from mapping import touch_graph
from model_export.compiler import compile_plan
from sensors.buses.serial_line import (
    SerialFrame,
    SerialHeader,
    frame_line,
    header_line,
    seal,
    temperature_line,
)
from sensors.buses.serial_source import SerialSource
from sensors.frame import Frame
from sensors.recording import RECORD, RecordingWriter, read_recording
from sensors.replay import RecordedWorld
from sensors.simulation import SimulatedBoard
from tests.support.attacks.foreign import changed, changed_bytes, changed_text
from tests.support.plain_board import gaussian_card, plain_calibration
from voices.catalogue import shipped

Floats = npt.NDArray[np.floating[Any]]
STRANGE = (np.nan, np.inf, -np.inf, 3.4e38, -1e30, 1e-45, -0.0)
ORDER = ("time_s", "sequence", "field_mt", "counts", "temperature_c", "valid", "flags")
"""Of a `Frame`."""


class SilentHarmError(Exception):
    """Something was taken whose effect is not finite."""


def calibration(dice: random.Random) -> str:
    """One calibration, sealed again more often than not; a taken one is built, and played."""
    with _file("a.calibration.json") as path:
        path.write_text(_resealed(_saved_calibration(), dice), errors="surrogatepass")
        taken = load(path)
    plain = np.ones(4, np.float32)
    counts, flags = np.zeros((4, 3), np.int32), np.zeros(4, np.uint32)
    frame = Frame(0.0, 0, plain_field(dice), counts, 25 * plain, plain, flags)
    _play(_touch(taken), [frame] * 20)
    return "taken"


def recording(dice: random.Random) -> str:
    """One recording: bytes changed, or records with any bits under right checksums; its frames are played."""
    rows = np.zeros(400, RECORD)
    rows["time_s"], rows["sequence"] = np.arange(400) / 200, np.arange(400)
    rows["field_mt"], rows["valid"], rows["temperature_c"] = plain_field(dice), 1.0, 25.0
    for _ in range(dice.randrange(6)):
        values = rows[dice.choice(("time_s", "field_mt", "temperature_c", "valid"))].reshape(400, -1)
        values[dice.randrange(400), dice.randrange(values.shape[1])] = dice.choice(STRANGE)
    with _file("a.frames") as path:
        info = {"spec": "sim", "rate_hz": dice.choice((200.0, float("nan"), "x", -1, None))}
        with RecordingWriter(path, info) as writer:
            for row in rows:
                writer.add(Frame(*(row[name] for name in ORDER)))
        if dice.randrange(2):
            path.write_bytes(changed_bytes(path.read_bytes(), dice))
        _play(_plain_touch(), list(read_recording(path).frames())[:100])
        if dice.randrange(8) == 0:
            SimulatedBoard(RecordedWorld(path))
    return "taken"


def take(dice: random.Random) -> str:
    """One take: bytes or lines changed; what it tells is read as a rendering reads it."""
    with _file("a.take") as path:
        path.write_bytes(_take())
        if dice.randrange(2):
            path.write_bytes(changed_bytes(path.read_bytes(), dice))
        else:
            lines = gzip.decompress(path.read_bytes()).decode().splitlines()
            for _ in range(dice.randint(1, 3)):
                at = dice.randrange(len(lines))
                lines[at] = changed_text(lines[at], dice)
            path.write_bytes(gzip.compress("\n".join(lines).encode(errors="surrogatepass") + b"\n", 1))
        read = read_take(path)
        for _, row in latents(read):
            _must_be_finite(row, "a latent of a take")
        for cue in cues(read, ("one", "two"), frozenset(("reach",))):
            _must_be_finite([v for v in cue.arguments if isinstance(v, float)], "a cue of a take")
        world = field_world(read)
        _must_be_finite([world.axis_ut(1, axis, 10**8) for axis in range(3)], "the field of a take")
    return "taken"


def taught(dice: random.Random) -> str:
    """The gestures that a player taught."""
    with _file("taught.json") as path:
        pairs = (Pair((0.1,) * 12, (0.5,) * 8), Pair((-0.1,) * 12, (1.5,) * 8))
        save_taught(path, {"one": pairs, "two": pairs[:1]})
        path.write_text(changed_text(path.read_text(), dice), errors="surrogatepass")
        for each in load_taught(path).values():
            for pair in each:
                _must_be_finite((*pair.touch, *pair.latent), "a taught pair")
    return "taken"


def midi(dice: random.Random) -> str:
    """The controls that a player taught to a host."""
    with _file("midi.json") as path:
        MidiMap({1: "knob reach", 7: "level", 64: "next"}).save(path)
        path.write_text(changed_text(path.read_text(), dice), errors="surrogatepass")
        MidiMap.load(path)
    return "taken"


def card(dice: random.Random) -> str:
    """The card of a voice; of a taken one the latents' statistics are used."""
    text = changed_text(_card(), dice)
    touch_graph(plain_calibration(), Card.from_json(text))
    return "taken"


def serial(dice: random.Random) -> str:
    """A thousand lines of a microcontroller, some sealed again after the change; frames are played."""
    frame = SerialFrame(1, 5000, np.full((4, 3), 300, np.int32), np.zeros(4, np.uint32))
    header = SerialHeader("mlx90393", 200.0, 3, (2, 2, 2), (46696, 46701, 46688, 46690))
    whole = [
        header_line(header),
        frame_line(1, 5000, frame.counts, frame.flags),
        temperature_line([25.0] * 4),
    ]
    sent = []
    for number in range(1000):
        line = changed_bytes(whole[number % 3], dice)
        if dice.randrange(2):
            line = seal(
                line.decode("ascii", "replace").rpartition("*")[0].encode("ascii", "replace").decode()
            )
        sent.append(line if dice.randrange(20) else b"x" * dice.randrange(5000))
    source = SerialSource("serial:test", lambda: _Wire([header_line(header), *sent]), _Watch())
    with source:
        frames = [frame for frame, _ in zip(source, range(100), strict=False)]
    _play(_plain_touch(), frames)
    return "taken"


CASES: dict[str, Callable[[random.Random], str]] = {
    "calibration": calibration, "recording": recording, "take": take, "taught": taught, "midi": midi,
    "card": card, "serial": serial,
}  # fmt: skip


def plain_field(dice: random.Random) -> Floats:
    """[4, 3] mT, as a board at rest reads."""
    return np.array([[dice.gauss(0.1, 0.3), dice.gauss(-0.2, 0.3), 23.0] for _ in range(4)], np.float32)


@contextlib.contextmanager
def _file(name: str) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder) / name


@functools.cache
def _saved_calibration() -> str:
    with _file("a.calibration.json") as path:
        return save(plain_calibration(), path).read_text()


def _resealed(text: str, dice: random.Random) -> str:
    if dice.randrange(4) == 0:
        return changed_text(text, dice)
    document = json.loads(text)
    for _ in range(dice.randint(1, 3)):
        document["calibration"] = changed(document["calibration"], dice)
    body = json.dumps(document["calibration"], sort_keys=True, separators=(",", ":"))
    document["sha256"] = hashlib.sha256(body.encode(errors="surrogatepass")).hexdigest()
    return json.dumps(document)


@functools.cache
def _take() -> bytes:
    with _file("a.take") as path:
        with TakeWriter(path, {"scenes": ["one", "two"], "latents": 3}) as writer:
            for number in range(40):
                at = number / 200
                writer.add(Event(at, "/frame", (number, 5000 * number, *(0,) * 4, *(1.0,) * 4, *(25.0,) * 4)))
                for sensor in range(1, 5):
                    writer.add(Event(at, "/field", (sensor, 0.5, -0.5, 23.0)))
                writer.add(Event(at, "/latent", (0.1, 0.2, -0.3)))
            writer.add(Event(0.2, "/knobs", (1, 1, "reach", 5.0, 1.0, 50.0, 5.0, "mT")))
        return path.read_bytes()


@functools.cache
def _card() -> str:
    voice = shipped()[0]
    return read_card(voice.graph()).to_json()


def _touch(of: Calibration) -> Engine:
    return Engine(compile_plan(touch_graph(of, gaussian_card(4))))


@functools.cache
def _plain_touch() -> Engine:
    return _touch(plain_calibration())


def _play(touch: Engine, frames: Iterable[Frame]) -> None:
    """Lets the touch hear the frames, and something plain at the end. Raises SilentHarmError."""
    touch.reset()
    after = [(np.full((4, 3), 1.0, np.float32), np.ones(4, np.float32), np.full(4, 25.0, np.float32))] * 3
    for field, valid, degrees in [*((f.field_mt, f.valid, f.temperature_c) for f in frames), *after]:
        inputs = {"field": field, "valid": valid, "temperature": degrees, "dt": np.float32(0.005)}
        given = touch.run({name: np.asarray(value, np.float32) for name, value in inputs.items()})
        _must_be_finite(given["latent"], "a latent")


def _must_be_finite(values: object, what: str) -> None:
    if not np.isfinite(np.asarray(values, np.float64)).all():
        raise SilentHarmError(f"{what} is no number")


class _Wire:
    """A port that gives the lines in odd pieces, then nothing but the first ones again."""

    def __init__(self, lines: list[bytes]) -> None:
        self._data = b"".join(lines) * 2
        self._at = 0

    def read(self, size: int) -> bytes:
        piece = self._data[self._at : self._at + min(size, 97)]
        self._at += len(piece)
        return piece

    def close(self) -> None:
        pass


class _Watch:
    """Every look at it takes a millisecond."""

    def __init__(self) -> None:
        self._now = 0

    def now_us(self) -> int:
        self._now += 1000
        return self._now

    def sleep_until_us(self, at_us: int) -> None:
        self._now = max(self._now, at_us)
