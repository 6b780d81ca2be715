"""Whole commands, as `tests.support.kills.killed` kills them: what they write is the old file or the new."""

from __future__ import annotations

import contextlib
import functools
import io
import itertools
import json
import shutil
import tempfile
import types
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from unittest import mock

import typer

from calibration import save
from lodestone.board import encode
from lodestone.cli import build_app
from lodestone.takes.capture import Capture
from lodestone.takes.take_file import read_take
from model_export.torchscript_writer import torchscript
from sensors.recording import read_recording
from tests.support.plain_board import plain_calibration
from tests.support.synthetic import decoder
from tests.support.tiny import voice_model
from tests.support.tiny_voice import random_weights, tiny_voice
from voices import catalogue


def run(words: Sequence[str | Path]) -> None:
    """`lodestone WORDS`, without a word. Raises what is wrong."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        _app().main([str(word) for word in words], standalone_mode=False)


@functools.cache
def _app() -> Any:
    """Made once, before whoever is killed is forked off."""
    return typer.main.get_command(build_app())


class Command:
    """A command that makes one file of another.

    Attributes:
        words: before the names of the two.
        given, made: the two in the folder.
    """

    words: tuple[str, ...] = ()
    given, made = "voice.onnx", "voice.out"

    def __init__(self) -> None:
        self._old, self._new = self._done(0), self._done(1)
        assert self._old != self._new

    def input(self, which: int) -> bytes:
        """What is given: the first of all times, or another."""
        return voice_model(512, pitch=(0.004, 0.005)[which]).SerializeToString()

    def prepare(self, folder: Path) -> None:
        (folder / self.given).write_bytes(self.input(1))
        (folder / self.made).write_bytes(self._old)

    def act(self, folder: Path) -> None:
        run([*self.words, folder / self.given, "-o", folder / self.made])

    def judge(self, folder: Path, ended: bool) -> None:
        now = (folder / self.made).read_bytes()
        assert now in ((self._new,) if ended else (self._old, self._new)), f"{len(now)} bytes of neither"
        assert (folder / self.given).read_bytes() == self.input(1)

    def _done(self, which: int) -> bytes:
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place)
            (folder / self.given).write_bytes(self.input(which))
            self.act(folder)
            return (folder / self.made).read_bytes()


class Compile(Command):
    """`lodestone compile`."""

    words = ("compile",)


class Quantize(Command):
    """`lodestone quantize`."""

    words = ("quantize", "--target-db", "20")

    def input(self, which: int) -> bytes:
        return _decoders()[which]


class Ts(Command):
    """`lodestone ts`."""

    words = ("ts",)
    made = "voice.ts"

    def input(self, which: int) -> bytes:
        return _decoders()[which]


class Export(Command):
    """`lodestone export`."""

    words = ("export",)
    given, made = "voice.ts", "voice.onnx"

    def input(self, which: int) -> bytes:
        return torchscript(tiny_voice(random_weights(which)), "tiny")


class Voices:
    """`lodestone voices NAME --ts`."""

    def prepare(self, folder: Path) -> None:
        (folder / "voice.ts").write_bytes(catalogue.find("glass").torchscript())

    def act(self, folder: Path) -> None:
        run(["voices", "water", "--ts", folder / "voice.ts"])

    def judge(self, folder: Path, ended: bool) -> None:
        now = (folder / "voice.ts").read_bytes()
        allowed = [catalogue.find(name).torchscript() for name in ("water", "glass")]
        assert now in (allowed[:1] if ended else allowed), f"{len(now)} bytes of neither"


class RecordFrames:
    """`lodestone sensors record` where nothing is in its way: what was played until the kill can be read."""

    old = False
    words = ("sensors", "record", "--bus", "sim:first-sound", "--seconds", "4")

    def __init__(self) -> None:
        with tempfile.TemporaryDirectory() as place:
            self.act(Path(place))
            self._whole = (Path(place) / "a.frames").read_bytes()
            self._rows = read_recording(Path(place) / "a.frames").records.tobytes()

    def prepare(self, folder: Path) -> None:
        if self.old:
            (folder / "a.frames").write_bytes(b"the evening before")

    def act(self, folder: Path) -> None:
        run([*self.words[:2], folder / "a.frames", *self.words[2:]])

    def judge(self, folder: Path, ended: bool) -> None:
        path = folder / "a.frames"
        if self.old:
            allowed = [self._whole] if ended else [self._whole, b"the evening before"]
            assert path.read_bytes() in allowed
        elif ended:
            assert path.read_bytes() == self._whole
        elif path.exists() and path.stat().st_size > 1000:  # else not even its header was due
            found = read_recording(path)
            assert self._rows.startswith(found.records.tobytes())
            assert found.damage is not None or path.read_bytes() == self._whole


class RecordFramesOver(RecordFrames):
    """The same over an earlier file."""

    old = True


class RecordTake:
    """`lodestone record` of a board that plays for some seconds, and Ctrl-C."""

    old = False
    packets = 700

    def __init__(self) -> None:
        _app()

    def prepare(self, folder: Path) -> None:
        if self.old:
            (folder / "a.take").write_bytes(b"the evening before")

    def act(self, folder: Path) -> None:
        now = itertools.count()
        clocked = functools.partial(Capture, clock=lambda: next(now) * 0.005)
        with (
            mock.patch("lodestone.board.Board", _Board),
            mock.patch("sensors.buses.osc_link.UdpLink", functools.partial(_Link, self.packets)),
            mock.patch("lodestone.takes.capture.Capture", clocked),
        ):
            run(["record", folder / "a.take"])

    def judge(self, folder: Path, ended: bool) -> None:
        path = folder / "a.take"
        if self.old and path.read_bytes() == b"the evening before":
            assert not ended
        elif ended or self.old:
            found = read_take(path)
            assert found.damage is None
            assert [event.values[0] for event in found.events] == list(range(self.packets))
        elif path.exists() and path.stat().st_size > 0:
            heard = [event.values[0] for event in read_take(path).events]
            assert heard == list(range(len(heard)))


class RecordTakeOver(RecordTake):
    """The same over an earlier file."""

    old = True


class Play:
    """`lodestone play` over an earlier performance: each of its files is the old one or the new."""

    stride = 97

    def __init__(self) -> None:
        self._place = tempfile.TemporaryDirectory()
        folder = Path(self._place.name)
        self._voices = [folder / f"{name}.onnx" for name in ("old", "new")]
        for seed, path in enumerate(self._voices):
            path.write_bytes(tiny_voice(random_weights(seed)).SerializeToString())
        self._calibration = save(plain_calibration(), folder / "a.calibration.json")
        self._made = []
        for which in range(2):
            self._run(which, folder / str(which))
            self._made.append(self._read(folder / str(which)))
        assert self._made[0]["performance.wav"] != self._made[1]["performance.wav"]

    def _run(self, which: int, folder: Path) -> None:
        run(["play", "--out", folder, "--voice", self._voices[which], "--calibration", self._calibration,
             "--seconds", "4"])  # fmt: skip

    def _read(self, folder: Path) -> dict[str, bytes]:
        return {name: (folder / name).read_bytes() for name in ("performance.wav", "performance.osc.log")}

    def prepare(self, folder: Path) -> None:
        shutil.copytree(Path(self._place.name) / "0", folder, dirs_exist_ok=True)

    def act(self, folder: Path) -> None:
        self._run(1, folder)

    def judge(self, folder: Path, ended: bool) -> None:
        for name, data in self._read(folder).items():
            assert data in ([self._made[1][name]] if ended else [made[name] for made in self._made]), name
        json.loads((folder / "performance.json").read_text())
        assert (folder / "performance.png").read_bytes().endswith(b"IEND\xaeB`\x82")


class _Board:
    """A board that was found; what `lodestone record` asks of it."""

    def __init__(self, *_: object) -> None:
        self.address, self.model = "127.0.0.1", None
        self.status = types.SimpleNamespace(version="1.0", scene_name="one")

    def __enter__(self) -> _Board:
        return self

    def __exit__(self, *_: object) -> None:
        pass


class _Link:
    """Numbered packets, then Ctrl-C."""

    port = 9

    def __init__(self, packets: int, *_: object) -> None:
        self._numbers = iter(range(packets))

    def send(self, data: bytes) -> None:
        pass

    def receive(self) -> bytes:
        for number in self._numbers:
            return encode("/frame", number, *(0,) * 5, *(1.0,) * 8)
        raise KeyboardInterrupt

    def close(self) -> None:
        pass


_MADE: list[bytes] = []


def _decoders() -> list[bytes]:
    if not _MADE:
        _MADE.extend(decoder(capacity).SerializeToString() for capacity in (2, 3))
    return _MADE
