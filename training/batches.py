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
def fit_start(voice: Voice, takes: list[Take], settings: Settings) -> None:
    """Lays the encoder's axes by the loudness and the spectra of the recordings at the levels of training.

    And the decoder's contours by what these axes tell of every band's level: least squares, before any step.
    """
    encoder, decoder = voice.encoder, voice.decoder
    gains = np.random.default_rng(settings.seed).uniform(0, settings.training.gain_range_db, len(takes))
    scaled = [
        torch.from_numpy(take.audio * np.float32(10 ** (-gain / 20)))[None]
        for take, gain in zip(takes, gains, strict=True)
    ]
    found = [encoder.features(x, voice.delay) for x in scaled]
    loudness = torch.cat([level[0, ::2] for level, _ in found])
    encoder.fit(loudness, torch.cat([shape[0].T[::2] for _, shape in found]))
    latents = torch.cat([encoder(x, voice.delay)[0][0].T for x in scaled])
    powers = torch.cat([encoder.band_powers(x, voice.delay)[0].T for x in scaled])
    heard = torch.cat([level[0] for level, _ in found]) > -62.0
    white = decoder.join(torch.rand(1, settings.network.bands, 4096) * 2 - 1)
    unit = (
        white.square().mean() * 3.0 / settings.network.bands
    )  # of a band whose samples have a mean square of 1
    level = 0.5 * torch.log(powers[heard] / unit + 1e-7)
    given = torch.cat([latents[heard], torch.ones(int(heard.sum()), 1)], 1)
    ridge = 1e-2 * len(given) * torch.eye(given.shape[1])
    solution = torch.linalg.solve(given.T @ given + ridge, given.T @ level)
    decoder.contour.weight.copy_(solution[:-1].T[..., None])
    decoder.contour.bias.copy_(solution[-1])
