"""Whole commands, as `tests.attacks.killed` kills them: what they write is the old file or the new."""

from __future__ import annotations

import contextlib
import io
import tempfile
from collections.abc import Sequence
from pathlib import Path

from lodestone.cli import build_app
from tests.support.synthetic import decoder
from tests.support.tiny import voice_model


def run(words: Sequence[str | Path]) -> None:
    """`lodestone WORDS`, without a word. Raises what is wrong."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        build_app()([str(word) for word in words], standalone_mode=False)


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


_MADE: list[bytes] = []


def _decoders() -> list[bytes]:
    if not _MADE:
        _MADE.extend(decoder(capacity).SerializeToString() for capacity in (2, 3))
    return _MADE
