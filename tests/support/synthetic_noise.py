"""The noise branches of the published configurations, for synthetic.py: uniform noise, filtered in every
band by an impulse response whose spectrum the network draws.

Amplitudes of `bands` frequencies become a response of `samples` taps by one constant matrix (an inverse
Fourier transform, a Hann window, a cut); a frame's noise is convolved with it and nothing is carried over.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tests.support.graph_maker import GraphMaker

VERBATIM = "filtered noise"  # how the names of nodes begin that are the same in every form


@dataclass(frozen=True)
class NoiseBranch:
    """Strided convolutions down to a frame, then the filter.

    Attributes:
        ratios: stride of each convolution.
        bands: amplitudes that draw a spectrum.
        hidden: channels between the convolutions; as many as come in when zero.
        doubled: kernels twice as long as their stride (v2), else of three taps (v1).
    """

    ratios: tuple[int, ...]
    bands: int
    hidden: int = 0
    doubled: bool = True

    @property
    def samples(self) -> int:
        """Samples of a band that one frame stands for."""
        return int(np.prod(self.ratios))

    def layers(self, channels: int, bands: int) -> list[tuple[int, int, int, int]]:
        """Of each convolution: channels in and out, taps, stride."""
        wide = [channels, *[self.hidden or channels] * (len(self.ratios) - 1), bands * self.bands]
        taps = [2 * ratio if self.doubled else 3 for ratio in self.ratios]
        return list(zip(wide, wide[1:], taps, self.ratios, strict=False))


def response_matrix(bands: int, samples: int) -> np.ndarray:  # type: ignore[type-arg]
    """From amplitudes to taps, [bands, samples]."""
    size = 2 * (bands - 1)
    centred = np.roll(np.fft.irfft(np.eye(bands), axis=1), size // 2, axis=1)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(size) / size)
    taps = np.zeros((bands, samples))
    kept = min(size, samples)
    taps[:, :kept] = (centred * window)[:, :kept]
    return np.roll(taps, -size // 2, axis=1).astype(np.float32)


def filtered_noise(g: GraphMaker, branch: NoiseBranch, net: str, bands: int, frames: int) -> str:
    """Noise [1, frames, bands, samples] by the network's last sums, [1, frames, bands * branch.bands]."""
    samples, rows = branch.samples, frames * bands

    def node(op: str, *inputs: str, **attributes: object) -> str:
        return g.node(op, *inputs, name=f"{VERBATIM} {len(g.nodes)}", **attributes)

    def shaped(x: str, *shape: int) -> str:
        return node("Reshape", x, g.constant(shape, np.int64))

    uniform = g.input("noise.0", [1, frames, bands, samples])
    drawn = node("Add", node("Mul", uniform, g.constant(2.0)), g.constant(-1.0))
    silence = g.constant(np.zeros((1, rows, samples - 1)))
    padded = node("Concat", silence, shaped(drawn, 1, rows, samples), axis=2)
    power = node("Pow", node("Sigmoid", node("Sub", net, g.constant(5.0))), g.constant(2.3))
    power = node("Add", node("Mul", power, g.constant(2.0)), g.constant(1e-7))
    matrix = g.constant(
        response_matrix(branch.bands, samples)[:, ::-1]
    )  # a Conv runs over its kernel backwards
    response = node("MatMul", shaped(power, 1, frames, bands, branch.bands), matrix)
    heard = node("Conv", padded, shaped(response, rows, 1, samples), group=rows)
    return shaped(heard, 1, frames, bands, samples)
