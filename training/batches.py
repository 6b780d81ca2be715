"""Batches of sound: crops of recordings, some spliced in the middle, at random levels; repeatable by step."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from training.network import Voice
from training.recordings import Take
from training.settings import Settings

QUIET_DB = -50.0
TRIES = 6


class Batches:
    """Draws crops; what is drawn depends on the seed and the step only.

    A splice puts two crops end to end at the edge of a latent frame: the decoder learns to answer at once.
    """

    def __init__(self, takes: list[Take], settings: Settings, delay: int) -> None:
        options = settings.training
        self.settings, self.delay = settings, delay
        self.samples = options.frames * settings.network.hop
        self.takes = [
            np.tile(take.audio, -(-2 * self.samples // len(take.audio)))
            if len(take.audio) < 2 * self.samples
            else take.audio
            for take in takes
        ]
        lengths = np.sqrt([len(take) for take in self.takes])
        self.weights = lengths / lengths.sum()

    def crop(self, rng: np.random.Generator) -> np.ndarray:
        """[samples], not silent if that can be had."""
        audio = np.zeros(0, np.float32)
        for _ in range(TRIES):
            take = self.takes[int(rng.choice(len(self.takes), p=self.weights))]
            start = int(rng.integers(0, len(take) - self.samples + 1))
            audio = take[start : start + self.samples]
            if 10 * np.log10(np.square(audio).mean() + 1e-12) > QUIET_DB:
                break
        return audio

    def batch(self, step: int) -> Tensor:
        """[B, samples]."""
        options, hop = self.settings.training, self.settings.network.hop
        rng = np.random.default_rng((self.settings.seed, step))
        rows = []
        for _ in range(options.batch):
            audio = self.crop(rng) * 10 ** (-options.gain_range_db * rng.uniform() / 20)
            if rng.uniform() < options.splice:
                other = self.crop(rng) * 10 ** (-options.gain_range_db * rng.uniform() / 20)
                frame = int(rng.integers(options.lead_frames + 1, options.frames - 1))
                # Where a latent frame's sound begins, see Encoder.features.
                cut = frame * hop - self.delay
                audio = np.concatenate([audio[:cut], other[cut:]])
            rows.append(audio)
        return torch.from_numpy(np.stack(rows).astype(np.float32))


@torch.no_grad()
def fit_encoder(voice: Voice, takes: list[Take], settings: Settings) -> None:
    """Lays the encoder's axes by the loudness and the spectra of the recordings at the levels of training."""
    loudness, shapes = [], []
    gains = np.random.default_rng(settings.seed).uniform(0, settings.training.gain_range_db, len(takes))
    for take, gain in zip(takes, gains, strict=True):
        x = torch.from_numpy(take.audio * np.float32(10 ** (-gain / 20)))[None]
        level, shape = voice.encoder.features(x, voice.delay)
        loudness.append(level[0, ::2])
        shapes.append(shape[0].T[::2])
    voice.encoder.fit(torch.cat(loudness), torch.cat(shapes))
