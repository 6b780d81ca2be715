"""The networks: a causal decoder of any hop, and the encoder that the board never runs.

The decoder is RAVE's idea in our own form: latents, then stages that upsample and refine, then sub-bands
and a
filter bank. Every upsampling is a convolution whose channels are laid out in time, so that a stage of one tap
answers a new latent at once and one of two taps glides into it.

Each band has a pair of waves, turned against each other by a clock of its own: w = gate (a cos c + b sin c).
Whatever the latents ask for, no held note repeats: clocks of unrelated speeds never meet again. A noise of
each band, of learnt level, joins them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from training import bank
from training.hearing import mel_filters
from training.settings import Living, Network

SLOPE = 0.2
NOISE_START = -0.3
"""Natural logarithm of a band's noise before training, beside waves of about 1: heard from the first step."""
EDGE_SECONDS, EDGE_SHARE = 0.02, 0.5
"""Over how long a steady value of a sub-band, which would whistle at its edge, is found and taken away; and
the largest part of it that one frame takes away: a longer frame that took all would click at its ends."""
SILENT = -8.0
"""Where every band's contour stands before the first latents."""
RAMP = 64
"""Sub-band samples, 23 ms, over which a contour glides to a new latent; a shorter hop over its length."""
MEANS_BLOCK = 256
"""Frames of `running_means` in one matrix."""
GOLDEN = 0.6180339887498949


class Causal(nn.Module):
    """A convolution that sees the past only: [B, in, T] to [B, out, T]."""

    def __init__(self, inputs: int, outputs: int, kernel: int, dilation: int = 1, gain: float = 1.0) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs, kernel) * gain / math.sqrt(inputs * kernel))
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.dilation, self.left = dilation, (kernel - 1) * dilation

    def forward(self, x: Tensor) -> Tensor:
        """[B, C, T] to [B, C', T']."""
        return functional.conv1d(
            functional.pad(x, (self.left, 0)), self.weight, self.bias, dilation=self.dilation
        )


class Upsample(nn.Module):
    """Frames to `rate` times as many: channel j C + c of frame t is channel c of frame t rate + j."""

    def __init__(self, inputs: int, outputs: int, rate: int, kernel: int) -> None:
        super().__init__()
        self.rate = rate
        self.conv = Causal(inputs, outputs * rate, kernel, gain=math.sqrt(2.0))

    def forward(self, x: Tensor) -> Tensor:
        """[B, C, T] to [B, C', T']."""
        y: Tensor = self.conv(functional.leaky_relu(x, SLOPE))
        rows, wide, frames = y.shape
        apart = y.reshape(rows, self.rate, wide // self.rate, frames).permute(0, 2, 3, 1)
        return apart.reshape(rows, wide // self.rate, frames * self.rate)


class Unit(nn.Module):
    """x + conv(act(conv(act(x))))."""

    def __init__(self, channels: int, dilation: int, second: int) -> None:
        super().__init__()
        self.first = Causal(channels, channels, 3, dilation, math.sqrt(2.0))
        self.second = Causal(channels, channels, second, 1, 0.4)

    def forward(self, x: Tensor) -> Tensor:
        """[B, C, T] to [B, C', T']."""
        return x + self.second(functional.leaky_relu(self.first(functional.leaky_relu(x, SLOPE)), SLOPE))


class Decoder(nn.Module):
    """Latents [B, Z, T] to sound [B, 1, T hop]."""

    def __init__(self, shape: Network, living: Living, rate: int) -> None:
        super().__init__()
        self.shape, self.living = shape, living
        widths = [min(shape.capacity * 2**k, shape.widest) for k in range(len(shape.ratios), -1, -1)]
        self.head = Causal(shape.latents, widths[0], 1, gain=1.0)
        layers: list[nn.Module] = []
        for stage, (ratio, dilations) in enumerate(zip(shape.ratios, shape.dilations, strict=True)):
            kernel = 1 if stage < shape.fast_stages else 2
            layers.append(Upsample(widths[stage], widths[stage + 1], ratio, kernel))
            layers += [Unit(widths[stage + 1], dilation, shape.unit_kernel) for dilation in dilations]
        self.body = nn.Sequential(*layers)
        self.contour = Causal(shape.latents, shape.bands, 1, gain=0.1)
        self.wave = Causal(widths[-1], 3 * shape.bands, 5, gain=1.0)
        self.level = Causal(widths[-1], shape.bands, 3, gain=0.3) if living.noise else None
        if self.level is not None:
            nn.init.constant_(self.level.bias, NOISE_START)
        synthesis = bank.synthesis(shape.bands, shape.taps, shape.attenuation_db)
        self.edge_share = min(EDGE_SHARE, shape.hop / rate / EDGE_SECONDS)
        self.register_buffer("bank", torch.tensor(synthesis[:, None], dtype=torch.float32))
        steps = self.clock_steps(rate)
        self.register_buffer("clock", torch.tensor(steps, dtype=torch.float32))
        glide = torch.tensor(ramp(shape.hop // shape.bands), dtype=torch.float32)
        self.register_buffer("glide", glide, persistent=False)

    def clock_steps(self, rate: int) -> np.ndarray:
        """[bands] radians a sub-band sample; unrelated speeds, neighbours in opposite senses."""
        low, high = self.living.clocks_hz
        place = (GOLDEN * np.arange(1, self.shape.bands + 1)) % 1.0
        hertz = low * (high / low) ** place * (-1.0) ** np.arange(self.shape.bands)
        return np.asarray(2 * np.pi * hertz * self.shape.bands / rate)

    def contours(self, z: Tensor, before: Tensor | None) -> Tensor:
        """Logarithm of each band's level [B, M, T hop / M]: straight from the latents, gliding from
        `before` [B, M].
        """
        level = torch.clamp(self.contour(z), SILENT, 1.5)
        first = level[..., 0] if before is None else before
        last = torch.cat([first[..., None], level[..., :-1]], 2)
        return (last[..., None] + (level - last)[..., None] * self.glide).flatten(2)

    def bands(self, z: Tensor, phase: Tensor, noise: Tensor, before: Tensor | None = None) -> Tensor:
        """Sub-bands [B, M, T hop / M]; phase [B, M] radians at the start, noise [B, M, T hop / M]
        uniform +-1.
        """
        x = functional.leaky_relu(self.body(self.head(z)), SLOPE)
        a, b, gate = self.wave(x).chunk(3, 1)
        turn = phase[..., None] + self.clock[:, None] * torch.arange(a.shape[-1], device=z.device)
        gate = 2 * torch.sigmoid(gate)
        per_frame = self.shape.hop // self.shape.bands
        a, b = without_edges(torch.cat([gate * a, gate * b], 1), per_frame, self.edge_share).chunk(2, 1)
        w = a * torch.cos(turn) + b * torch.sin(turn)
        if self.level is not None:
            w = w + torch.exp(torch.clamp(self.level(x), max=1.0)) * noise
        return torch.tanh(torch.exp(self.contours(z, before)) * w)

    def join(self, bands: Tensor) -> Tensor:
        """Sub-bands to sound."""
        y = functional.conv_transpose1d(bands, self.bank, stride=self.shape.bands)
        return y[..., : bands.shape[-1] * self.shape.bands]

    def draw(
        self, rows: int, frames: int, like: Tensor, generator: torch.Generator | None = None
    ) -> tuple[Tensor, Tensor]:
        """Random phases [rows, M] and noise [rows, M, T hop / M] for a call, drawn where `generator` is."""
        shape = (rows, self.shape.bands, frames * self.shape.hop // self.shape.bands)
        device = None if generator is None else generator.device
        phase = torch.rand(shape[:2], generator=generator, device=device) * 2 * math.pi
        noise = torch.rand(shape, generator=generator, device=device) * 2 - 1
        return phase.to(like.device), noise.to(like.device)

    def forward(self, z: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Latents [B, Z, T] to sound [B, 1, T hop]."""
        phase, noise = self.draw(z.shape[0], z.shape[2], z, generator)
        return self.join(self.bands(z, phase, noise))


def without_edges(x: Tensor, per_frame: int, share: float) -> Tensor:
    """Sub-bands [B, C, T per_frame] without what stands still in them, or does but for its sign.

    Both lie at a band's edges, where they are lines that nobody played. Their running means m <- m + share
    (mean - m) over frames are taken away, the present frame included.
    """
    rows, channels, samples = x.shape
    frames = x.reshape(rows, channels, samples // per_frame, per_frame)
    sign = 1.0 - 2.0 * (torch.arange(per_frame, device=x.device) % 2)
    still, turning = frames.mean(3), (frames * sign).mean(3)
    low, high = running_means(torch.stack([still, turning]), share)
    return (frames - low[..., None] - high[..., None] * sign).reshape(x.shape)


def running_means(x: Tensor, share: float) -> Tensor:
    """m[t] = m[t - 1] + share (x[t] - m[t - 1]) from m = 0, over the last axis of x.

    In blocks, as a matrix product each: m[t] = share sum (1 - share)^(t - s) x[s] over s <= t.
    """
    kept, run, rate = torch.zeros_like(x[..., :1]), [], math.log(1.0 - share)
    for block in x.split(MEANS_BLOCK, -1):
        place = torch.arange(block.shape[-1], dtype=x.dtype, device=x.device)
        age = place - place[:, None]
        weight = (age >= 0) * share * torch.exp(rate * age.clamp(min=0))
        run.append(block @ weight + kept * torch.exp(rate * (place + 1)))
        kept = run[-1][..., -1:]
    return torch.cat(run, -1)


def ramp(steps: int) -> np.ndarray:
    """[steps] how far a contour has come at each sub-band sample of a frame, 1 at the end."""
    return np.minimum(1.0, np.arange(1, steps + 1) / min(steps, RAMP))


class Encoder(nn.Module):
    """Sound to latents: a mel spectrum around each frame, its loudness and principal shapes, and more.

    It begins as loudness and principal components of the corpus, each of unit variance: from the first step
    every latent is awake, loudness lies on the first and the others are free of it. A small network adds what
    training finds.
    """

    MELS = 64
    FLOOR = 1e-4

    def __init__(self, shape: Network, posterior: float, rate: int) -> None:
        super().__init__()
        self.shape, self.window = shape, shape.window
        self.register_buffer(
            "mel", torch.tensor(mel_filters(self.MELS, self.window, rate), dtype=torch.float32)
        )
        self.register_buffer("hann", torch.hann_window(self.window))
        self.register_buffer("centre", torch.zeros(self.MELS))
        self.register_buffer("axes", torch.zeros(shape.latents - 1, self.MELS))
        self.register_buffer("loudness", torch.tensor([-30.0, 8.0]))
        hidden = 64
        self.more = nn.Sequential(
            nn.Conv1d(self.MELS + 1, hidden, 3, padding=1),
            nn.LeakyReLU(SLOPE),
            nn.Conv1d(hidden, hidden, 3, padding=1),
            nn.LeakyReLU(SLOPE),
            nn.Conv1d(hidden, 2 * shape.latents, 1),
        )
        last = self.more[-1]
        assert isinstance(last, nn.Conv1d)
        assert last.bias is not None
        nn.init.normal_(last.weight, 0.0, 0.01)
        nn.init.zeros_(last.bias)
        with torch.no_grad():
            last.bias[shape.latents :] = math.log(posterior)

    def features(self, x: Tensor, delay: int) -> tuple[Tensor, Tensor]:
        """x [B, N] to loudness [B, T] in dB and shape [B, MELS, T], of a window in the middle of each frame.

        Frame t of the decoder sounds at samples t hop - delay ... (t + 1) hop - delay of x.
        """
        power = self.powers(x, delay) * (4.0 / self.window**2)
        mel = torch.einsum("mf,bft->bmt", self.mel, power)
        loudness = 10 * torch.log10(mel.sum(1) + 1e-9)
        relative = mel / (mel.sum(1, keepdim=True) + 1e-9)
        return loudness, torch.log(relative + self.FLOOR)

    def powers(self, x: Tensor, delay: int) -> Tensor:
        """|spectrum|^2 [B, F, T] of a window in the middle of each frame."""
        hop = self.shape.hop
        left = self.window // 2 - hop // 2 + delay
        frames = x.shape[-1] // hop
        right = max(0, (frames - 1) * hop - left + self.window - x.shape[-1])
        padded = functional.pad(x, (left, right))
        spectrum = torch.stft(padded, self.window, hop, window=self.hann, center=False, return_complex=True)
        return spectrum.abs().square()[..., :frames]

    def band_powers(self, x: Tensor, delay: int) -> Tensor:
        """Mean square [B, M, T] of each of the filter bank's bands around every frame of x [B, N]."""
        power = self.powers(x, delay) * (2.0 / (0.375 * self.window**2))
        bins = power.shape[1] - 1
        return power[:, :bins].reshape(power.shape[0], self.shape.bands, -1, power.shape[2]).sum(2)

    @torch.no_grad()
    def fit(self, loudness: Tensor, shape: Tensor) -> None:
        """Sets the axes from frames of the corpus: loudness [N], shape [N, MELS]."""
        keep = loudness > -65.0
        loudness, shape = loudness[keep], shape[keep]
        self.loudness.copy_(torch.stack([loudness.mean(), loudness.std()]))
        self.centre.copy_(shape.mean(0))
        _, values, rows = torch.linalg.svd(shape - self.centre, full_matrices=False)
        count = self.axes.shape[0]
        scale = values[:count] / math.sqrt(len(shape))
        self.axes.copy_(rows[:count] / torch.clamp(scale[:, None], min=1e-3))

    def forward(self, x: Tensor, delay: int) -> tuple[Tensor, Tensor]:
        """x [B, N] to mean and spread of the latents, each [B, Z, T]."""
        loudness, shape = self.features(x, delay)
        level = (loudness - self.loudness[0]) / self.loudness[1]
        off = shape - self.centre[:, None]
        base = torch.cat([level[:, None], torch.einsum("zm,bmt->bzt", self.axes, off)], 1)
        mean, spread = self.more(torch.cat([level[:, None], 0.5 * off], 1)).chunk(2, 1)
        # What is learnt may shift a latent, not drown what it began as.
        return soft_range(base + torch.tanh(mean)), torch.exp(torch.clamp(spread, -3.0, 0.0))


def soft_range(z: Tensor, bound: float = 3.5) -> Tensor:
    """Latents within the range that a player can reach: silence is -bound, not minus infinity."""
    return bound * torch.tanh(z / bound)


class Voice(nn.Module):
    """Encoder and decoder of one voice."""

    def __init__(self, shape: Network, living: Living, posterior: float, rate: int = 44100) -> None:
        super().__init__()
        self.rate, self.delay = rate, bank.delay(shape.taps)
        self.encoder = Encoder(shape, posterior, rate)
        self.decoder = Decoder(shape, living, rate)

    def latents(self, x: Tensor) -> Tensor:
        """Posterior means [B, Z, T] of sound [B, N]."""
        mean: Tensor = self.encoder(x, self.delay)[0]
        return mean

    @torch.no_grad()
    def reconstruct(self, x: Tensor, seed: int = 0) -> Tensor:
        """Sound [B, N] through both, [B, N'], late by `delay` samples."""
        generator = torch.Generator().manual_seed(seed)
        y: Tensor = self.decoder(self.latents(x), generator)
        return y[:, 0]


def parameters(networks: Sequence[nn.Module]) -> list[nn.Parameter]:
    """All that is learnt."""
    return [p for network in networks for p in network.parameters() if p.requires_grad]
