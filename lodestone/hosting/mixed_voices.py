"""Voices that a host plays: each with its engine, its glide of latents and its level; mixed into one."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from errors import LodestoneError
from firmware import Engine
from graphs.card import Card, load_onnx, read_card
from graphs.player import GraphPlayer
from lodestone.hosting.latents import LatentGlide, Latents
from lodestone.hosting.touch import OwnTouch
from lodestone.resample import Resampler
from lodestone.voice_files import find_voice, voice_graph
from model_export.compiler import compile_plan

Audio = npt.NDArray[np.float32]
LEVEL_GLIDE_S = 0.02


class HostError(LodestoneError):
    """A voice that cannot be played here, or a board that cannot be followed."""


class Runner(Protocol):
    """Our engine, or ONNX Runtime."""

    def run(self, inputs: Mapping[str, npt.ArrayLike], /) -> Mapping[str, npt.NDArray[np.float32]]:
        """One call of the voice's graph."""
        ...

    def reset(self) -> None:
        """States to their initial values."""
        ...


class HostVoice:
    """One voice: `latent` in, blocks of sound out, one call of its graph at a time.

    Args:
        runner: plays its graph.
        card: of the voice.
        level: linear, 0 to 1.
        clock: seconds, for the load.

    Attributes:
        rate: of its sound, Hz: its card's, or another after `play_at`.
        calls, busy_s: calls of the graph, and how long they took together.
        busiest: share of one core that the longest call took when it was warmed; 0 before.
        full: the level where it sounds.
        touch: gives its latents from the field, where it has one; else they come from the board.
    """

    def __init__(
        self, runner: Runner, card: Card, level: float = 1.0, clock: Callable[[], float] = time.perf_counter
    ) -> None:
        self.card, self.level, self.full = card, level, level
        self.touch: OwnTouch | None = None
        self.rate = card.sample_rate
        self._resampler: Resampler | None = None
        self._runner, self._clock = runner, clock
        mean = np.zeros(card.latents, np.float32) if card.latent is None else card.latent.mean
        sigma = np.ones(card.latents, np.float32) if card.latent is None else card.latent.std
        self.glide = LatentGlide(np.asarray(mean, np.float32), np.asarray(sigma, np.float32))
        self._pending: Audio = np.zeros((0, max(card.channels, 1)), np.float32)
        self._gain = level
        self.calls, self.busy_s, self.busiest = 0, 0.0, 0.0
        self.on_call: Callable[[], None] = lambda: None

    @property
    def name(self) -> str:
        """Of its card."""
        return self.card.name

    @property
    def silent(self) -> bool:
        """Neither sounds nor is about to."""
        return self.level == 0.0 and self._gain == 0.0

    def render(self, frames: int) -> Audio:
        """The next samples [frames, channels], with its level, which glides."""
        while len(self._pending) < frames:
            self._pending = np.concatenate([self._pending, self._call()])
        block, self._pending = self._pending[:frames], self._pending[frames:]
        most = np.arange(1, frames + 1) / (LEVEL_GLIDE_S * self.rate)
        gains = self._gain + np.clip(self.level - self._gain, -most, most)
        self._gain = float(gains[-1])
        return np.asarray(block * gains[:, None].astype(np.float32))

    @property
    def waiting(self) -> int:
        """Samples of the last call that have not been played."""
        return len(self._pending)

    def play_at(self, rate: int) -> None:
        """Sounds at `rate` Hz from now on, resampled where that is not its own. Raises ResampleError."""
        own, self.rate = self.card.sample_rate, rate
        self._resampler = None if rate == own else Resampler(own, rate, max(self.card.channels, 1))

    def begin(self, level: float) -> None:
        """Stands at `level` at once: before the first sound."""
        self.level = self._gain = level

    def warm(self, calls: int = 4) -> float:
        """Plays some calls that nobody hears, and begins anew; the longest of the later ones, s.

        That is `busiest` as a share of one core.
        """
        latent = np.zeros((1, self.card.latents, self.card.frames), np.float32)
        took = []
        for _ in range(calls):
            began = self._clock()
            self._runner.run({"latent": latent})
            took.append(self._clock() - began)
        self._runner.reset()
        self.busiest = max(took[1:]) * self.card.sample_rate / (self.card.hop * self.card.frames)
        return max(took[1:])

    def _call(self) -> Audio:
        """One call: the latents glide on from frame to frame of it."""
        self.on_call()
        hop_s = self.card.hop / self.card.sample_rate
        latents = np.stack([self.glide.move(hop_s) for _ in range(self.card.frames)], axis=-1)
        began = self._clock()
        audio = self._runner.run({"latent": latents[None]})["audio"][0]
        self.busy_s += self._clock() - began
        self.calls += 1
        sound = np.ascontiguousarray(np.asarray(audio, np.float32).T)
        return sound if self._resampler is None else self._resampler.process(sound)


def load_voice(voice: str, cache: Path, level: float = 1.0) -> HostVoice:
    """A voice by name, .ts or .onnx: in our engine, or in ONNX Runtime where the compiler declines it.

    Raises:
        LodestoneError: one of its family, for a file that is no voice.
    """
    path = voice_graph(find_voice(voice), cache)
    model = load_onnx(path)
    card = read_card(model)
    if card.kind != "voice":
        got = f"a {card.kind} graph in {path}"
        raise HostError("a voice", got, "name one that ships, a .ts, or a voice's .onnx")
    runner: Runner
    try:
        runner = Engine(compile_plan(model))
    except LodestoneError:
        runner = GraphPlayer(model)
    return HostVoice(runner, card, level)


class Mix:
    """Several voices as one sound [frames, 2] at the rate of the first: mono voices in the middle.

    Raises:
        ResampleError: voices of different rates, and soxr is not installed.
    """

    def __init__(self, voices: Sequence[HostVoice]) -> None:
        self.voices: list[HostVoice] = []
        self.rate = voices[0].card.sample_rate
        self.level = self._gain = 1.0
        for voice in voices:
            self.add(voice)

    def add(self, voice: HostVoice) -> None:
        """One more, resampled where its rate is another. Raises ResampleError."""
        voice.play_at(self.rate)
        self.voices.append(voice)

    def set_level(self, level: float) -> None:
        """Of all voices together, 0 to 1; glides there."""
        self.level = min(max(level, 0.0), 1.0)

    def hear(self, latent: Latents) -> bool:
        """Latents for every voice that has as many and no touch of its own; False where none has."""
        taken = [voice.glide.hear(latent) for voice in self.voices if voice.touch is None]
        return any(taken)

    def feel(self, sensor: int, field_mt: Sequence[float], now_s: float) -> bool:
        """A packet of the field, for every voice with a touch of its own; whether latents came of it."""
        moved = False
        for voice in self.voices:
            if voice.touch is not None:
                latent = voice.touch.hear(sensor, field_mt, now_s)
                moved = (latent is not None and voice.glide.hear(latent)) or moved
        return moved

    def render(self, frames: int) -> Audio:
        """The next samples. A voice that is silent costs nothing."""
        out = np.zeros((frames, 2), np.float32)
        for voice in self.voices:
            if not voice.silent:
                out += voice.render(frames)[:, [0, -1]]
        if self._gain != 1.0 or self.level != 1.0:
            most = np.arange(1, frames + 1) / (LEVEL_GLIDE_S * self.rate)
            gains = self._gain + np.clip(self.level - self._gain, -most, most)
            self._gain = float(gains[-1])
            out *= gains[:, None].astype(np.float32)
        return out
