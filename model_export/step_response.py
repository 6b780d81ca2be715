"""When a latent step is heard: 10, 50 and 90 per cent of the way from one held sound to another.

For every latent, the voice holds one value, then the other; the sound's third-octave spectrum in short
windows is
followed from the first held sound to the second. Times are counted from the call that brings the new value
to the middle of the window in which it is heard: what a player waits behind the board's own delays.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import onnx

from graphs.card import read_card
from graphs.player import GraphPlayer

WINDOW = 512
STEP = 64
SECONDS_BEFORE, SECONDS_AFTER = 1.0, 0.6
REPEATS = 6


@dataclass(frozen=True)
class Response:
    """Milliseconds until a part of the way is heard: medians over the latents."""

    tenth: float
    half: float
    most: float


def response(model: onnx.ModelProto) -> Response:
    """Steps every latent by two spreads, down and up, several times; the mean of these runs is followed."""
    card = read_card(model)
    assert card.latent is not None
    stream = GraphPlayer(model, seed=1)
    times = []
    for row in range(card.latents):
        for sign in (-1.0, 1.0):
            times.append(
                _one(stream, row, sign, card.latent.mean, card.latent.std, card.hop, card.sample_rate)
            )
    tenth, half, most = np.nanmedian(np.array(times), axis=0)
    return Response(float(tenth), float(half), float(most))


def _one(
    stream: GraphPlayer,
    row: int,
    sign: float,
    mean: npt.NDArray[np.float32],
    std: npt.NDArray[np.float32],
    hop: int,
    rate: int,
) -> tuple[float, float, float]:
    before, after = round(SECONDS_BEFORE * rate / hop), round(SECONDS_AFTER * rate / hop)
    low, high = mean.copy(), mean.copy()
    low[row] -= sign * std[row]
    high[row] += sign * std[row]
    tracks = []
    stream.reset()
    for _ in range(REPEATS):
        sound = [
            stream.run({"latent": (low if k < before else high)[None, :, None]})["audio"][0, 0]
            for k in range(before + after)
        ]
        tracks.append(_bands(np.concatenate(sound), rate))
    spectrum = np.mean(tracks, axis=0)
    at = (np.arange(len(spectrum)) * STEP + WINDOW / 2) / rate - before * hop / rate
    start = np.median(spectrum[(at > -0.35) & (at < -0.02)], axis=0)
    end = np.median(spectrum[at > SECONDS_AFTER - 0.3], axis=0)
    way = end - start
    if np.sqrt(np.mean(way**2)) < 1.0:
        return (np.nan, np.nan, np.nan)  # this latent is not heard here
    place = (spectrum - start) @ way / (way @ way)
    smooth = np.convolve(place, np.ones(5) / 5, "same")
    later = at > 0.0

    def when(share: float) -> float:
        reached = np.flatnonzero(smooth[later] >= share)
        return float(1000 * at[later][reached[0]]) if len(reached) else float("nan")

    return (when(0.1), when(0.5), when(0.9))


def _bands(sound: npt.NDArray[np.float32], rate: int) -> npt.NDArray[np.float64]:
    """[windows, bands] levels in dB, third octaves where the window resolves them."""
    count = (len(sound) - WINDOW) // STEP
    index = np.arange(count)[:, None] * STEP + np.arange(WINDOW)
    power = np.abs(np.fft.rfft(sound[index] * np.hanning(WINDOW), axis=1)) ** 2
    frequency = np.fft.rfftfreq(WINDOW, 1 / rate)
    edges = 200.0 * 2.0 ** (np.arange(19) / 3.0)
    bands = [power[:, (frequency >= a) & (frequency < b)].sum(1) for a, b in itertools.pairwise(edges)]
    return np.asarray(10 * np.log10(np.stack(bands, 1) + 1e-5))
