"""What is asked of the sound: spectra at several scales above the hiss, loudness, rest, free latents."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from training.network import Decoder

FLOOR = 1e-2
"""Of a spectrum's magnitude, 94 dB below a full-scale tone at 2,048 points: what lies lower is hiss."""
WINDOW = 2048
SHORT = 256
"""Samples of a window in which an attack is found."""
BANDS = 24
HIGH_HZ = 8000.0
LEAST_CHANGE_DB = 0.3


def magnitudes(x: Tensor, size: int) -> Tensor:
    """|STFT| [B, F, T] of x [B, N] with a Hann window, a quarter of it apart."""
    window = torch.hann_window(size, device=x.device)
    return torch.stft(x, size, size // 4, window=window, center=False, return_complex=True).abs()


def distance(x: Tensor, y: Tensor, scales: Sequence[int]) -> Tensor:
    """Multi-scale spectral distance: a share of missing energy and a mean ratio, at every scale."""
    total = x.new_zeros(())
    for size in scales:
        a, b = magnitudes(x, size), magnitudes(y, size)
        energy = (a - b).square().sum((1, 2)).sqrt() / (a.square().sum((1, 2)).sqrt() + FLOOR * size**0.5)
        ratio = (torch.log(a + FLOOR) - torch.log(b + FLOOR)).abs().mean()
        total = total + energy.mean() + ratio
    return total


def level_db(x: Tensor) -> Tensor:
    """Level [B, T] in dB over half-overlapping windows of `WINDOW` samples."""
    power = functional.avg_pool1d(x[:, None].square(), WINDOW, WINDOW // 2)[:, 0]
    return 10 * torch.log10(power + 1e-6)


def loudness(x: Tensor, y: Tensor) -> Tensor:
    """Mean difference of level, dB / 10."""
    return (level_db(x) - level_db(y)).abs().mean() / 10


def onsets(x: Tensor, y: Tensor) -> Tensor:
    """Mean difference of how level rises and falls from one short window to the next, dB / 10."""
    a, b = (
        10 * torch.log10(functional.avg_pool1d(s[:, None].square(), SHORT, SHORT)[:, 0] + 1e-5)
        for s in (x, y)
    )
    return (a.diff(dim=1) - b.diff(dim=1)).abs().mean() / 10


def brilliance(x: Tensor, y: Tensor, rate: int) -> Tensor:
    """Mean difference of energy above `HIGH_HZ`, dB / 10: a share so small that no other term misses it.

    What lies 60 dB below the whole of x counts as silence.
    """
    a, b = (magnitudes(s, WINDOW).square() for s in (x, y))
    edge = math.ceil(HIGH_HZ * WINDOW / rate)
    floor = 1e-6 * a.sum((1, 2)) + 1e-6
    high = [torch.log10(power[:, edge:].sum((1, 2)) + floor) for power in (a, b)]
    return (high[0] - high[1]).abs().mean()


def edge_lines(bands: Tensor) -> Tensor:
    """Energy of sub-bands [B, M, T] at their edges (0 and half their rate): steady lines there whistle."""
    alternate = 1.0 - 2.0 * (torch.arange(bands.shape[-1], device=bands.device) % 2)
    low, high = bands.mean(-1), (bands * alternate).mean(-1)
    return ((low.square() + high.square()) / (bands.square().mean(-1) + 1e-7)).mean()


def divergence(mean: Tensor, spread: Tensor) -> Tensor:
    """Of the latents from N(0, 1), a frame."""
    return 0.5 * (mean.square() + spread.square() - 2 * torch.log(spread) - 1).sum(1).mean()


class Axes:
    """Holds a random place in the latents and its neighbours along every axis, and asks three things of them.

    That each axis changes the spectrum's shape in its own way (participation ratio of third-octave change,
    loudness taken out), that no place is silent or roars, and that rest (all latents 0) is soft.
    """

    def __init__(self, decoder: Decoder, rate: int, rest_db: float) -> None:
        self.decoder, self.rest_db = decoder, rest_db
        hop = decoder.shape.hop
        self.frames, self.warm = max(6, -(-10240 // hop)), max(3, -(-6144 // hop))
        self.filters = third_octaves(WINDOW, rate)

    def loss(self, generator: torch.Generator) -> tuple[Tensor, float]:
        """The penalty, and the participation ratio met."""
        z = self.places(generator)
        device = next(self.decoder.parameters()).device
        held = z.to(device)[..., None].expand(-1, -1, self.frames)
        phase, noise = self.decoder.draw(1, self.frames, held, generator)
        y = self.decoder.join(self.decoder.bands(held, phase, noise))[
            :, 0, self.warm * self.decoder.shape.hop :
        ]
        level = 10 * torch.log10(y.square().mean(-1) + 1e-8)
        rest = functional.relu((level[0] - self.rest_db).abs() - 4.0) / 10
        play = (functional.relu(-48.0 - level[1:]) + functional.relu(level[1:] + 9.0)).mean() / 10
        shape = self.shapes(y)
        change = shape[2:] - shape[1]
        gram = change @ change.T
        ratio = gram.trace().square() / (gram.square().sum() + 1e-6)
        moved = change.square().mean(1).add(1e-4).sqrt()
        asleep = functional.relu(2.0 - moved).mean()
        return rest + play - torch.log(ratio) + asleep, ratio.item()

    def places(self, generator: torch.Generator) -> Tensor:
        """[2 + Z, Z]: rest, a random place, and that place moved by one unit along each axis."""
        count = self.decoder.shape.latents
        base = torch.randn(count, generator=generator) * 0.8
        sign = torch.where(base > 0, -1.0, 1.0)
        moved = base + torch.diag(1.5 * sign)
        return torch.cat([torch.zeros(1, count), base[None], moved])

    def shapes(self, y: Tensor) -> Tensor:
        """[rows, BANDS] third-octave levels in dB, loudness taken out."""
        levels = band_levels(y, self.filters)
        return levels - levels.mean(1, keepdim=True)


def band_levels(y: Tensor, filters: Tensor) -> Tensor:
    """[rows, BANDS] third-octave levels in dB of y [rows, N], floored 50 dB below the loudest."""
    power = magnitudes(y, WINDOW).square().mean(-1)
    levels = 10 * torch.log10(power @ filters.to(y.device) + 1e-6)
    return torch.maximum(levels, levels.max(1, keepdim=True).values.detach() - 50.0)


def changes(y: Tensor, wanted: Tensor, filters: Tensor) -> Tensor:
    """How wrong is what changes from the first to the second of every two sounds y [2 P, N], of what should.

    A latent that changes little counts as one that changes much, down to `LEAST_CHANGE_DB`.

    Args:
        y: sounds.
        wanted: [P, BANDS] dB (training/axes.py).
        filters: `third_octaves`.
    """
    levels = band_levels(y, filters)
    wrong = (levels[1::2] - levels[::2] - wanted).square().mean(1)
    return torch.sqrt((wrong + 1e-6) / (wanted.square().mean(1) + LEAST_CHANGE_DB**2)).mean()


def third_octaves(window: int, rate: int) -> Tensor:
    """[F, BANDS] which bin belongs to which third-octave band, from 100 Hz upwards."""
    frequency = torch.fft.rfftfreq(window, 1 / rate)
    edges = 100.0 * 2.0 ** (torch.arange(BANDS + 1) / 3.0)
    inside = (frequency[:, None] >= edges[:-1]) & (frequency[:, None] < edges[1:])
    return inside.float()


def beta_at(step: int, steps: int, beta: float) -> float:
    """Weight of the divergence: a geometric rise over the first half."""
    return beta * math.exp(-3.0 * (1 - min(1.0, 2 * step / steps)))
