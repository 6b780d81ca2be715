"""What a voice is worth, in figures, for every voice that ships and any other graph.

    python -m voices.measure [NAME or FILE.onnx ...]

Two performances of 45 s are played (latents that wander; places that are held, left and come back to rest),
one note is
held for 5 s, and every latent is stepped. Nothing here needs PyTorch; how well a voice gives back
recordings that it never heard is measured where it is trained (`training.held_out`) and stands in its card.
"""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
from scipy.signal import resample_poly
from scipy.special import ndtr

from graphs.card import Card, load_onnx, read_card
from graphs.player import GraphPlayer
from model_export.response import Response, response
from voices import catalogue
from voices.errors import one_line
from voices.loudness import integrated

Floats = npt.NDArray[np.float64]
PLAY_SECONDS, HELD_SECONDS, SETTLING_SECONDS = 45.0, 5.0, 1.0
SILENT_DB = -60.0
BANDS = 24


@dataclass(frozen=True)
class Figures:
    """One voice, 32 bits.

    Attributes:
        lines: share of a held note's energy within 1 Hz of multiples of the hop rate.
        repeat: greatest autocorrelation of a held note at one to four hops.
        lufs, silent, peak_db: of free play: loudness, share of time below -60 dBFS, true peak.
        rest_db: level of rest.
        ratio: participation ratio of what the latents do to third octaves, loudness taken out.
        asleep: latents that change the spectrum by less than 1 dB.
        edges_db: lines at the edges of 16 bands over their neighbours, median.
        high_db: energy above 8 kHz against all, in play.
        step: when a latent step is heard.
    """

    lines: float
    repeat: float
    lufs: float
    silent: float
    peak_db: float
    rest_db: float
    ratio: float
    asleep: int
    edges_db: float
    high_db: float
    step: Response


def played(stream: GraphPlayer, latents: Floats) -> Floats:
    """Latents [frames, Z] as sound, from a reset graph."""
    stream.reset()
    return np.concatenate([stream.run({"latent": z[None, :, None]})["audio"][0, 0] for z in latents]).astype(
        float
    )


def places(card: Card, y: Floats) -> Floats:
    """Places in units of sigma [frames, Z] as latents, by the card's quantiles, as the mapping does it."""
    assert card.latent is not None
    share = ndtr(y)
    rows = [
        np.interp(share[:, k], card.latent.probabilities, card.latent.quantiles[k])
        for k in range(card.latents)
    ]
    return np.stack(rows, 1)


def wandering(frames: int, rate: float, count: int, seed: int) -> Floats:
    """[frames, Z] a hand that never stops: about one turn a second, unit spread."""
    random = np.random.default_rng(seed)
    keep = np.exp(-1.0 / (0.35 * rate))
    y = np.zeros((frames, count))
    first, second = np.zeros(count), np.zeros(count)
    for k in range(frames):
        first = keep * first + np.sqrt(1 - keep**2) * random.standard_normal(count)
        second = keep * second + (1 - keep) * first
        y[k] = second
    return np.asarray(np.clip(y / y[frames // 10 :].std(), -2.3, 2.3))


def gestures(frames: int, rate: float, count: int, seed: int) -> Floats:
    """[frames, Z] places taken quickly, held for half a second to two, one in four of them rest."""
    random = np.random.default_rng(seed)
    y, at, place = np.zeros((frames, count)), 0, np.zeros(count)
    while at < frames:
        target = (
            np.zeros(count) if random.uniform() < 0.25 else np.clip(random.standard_normal(count), -2.3, 2.3)
        )
        glide = max(int(random.uniform(0.03, 0.25) * rate), 1)
        length = glide + int(random.uniform(0.5, 2.0) * rate)
        way = np.minimum(np.arange(1, length + 1) / glide, 1.0)[:, None]
        part = place + (target - place) * way
        y[at : at + length] = part[: frames - at]
        place, at = target, at + length
    return y


def hop_lines(sound: Floats, hop: int, rate: int) -> float:
    """Share of energy within 1 Hz of multiples of the hop rate."""
    power = np.abs(np.fft.rfft(sound * np.hanning(len(sound)))) ** 2
    frequency = np.fft.rfftfreq(len(sound), 1 / rate)
    spacing = rate / hop
    near = np.abs(frequency / spacing - np.round(frequency / spacing)) * spacing <= 1.0
    return float(power[near & (frequency > 10)].sum() / power[frequency > 10].sum())


def repetition(sound: Floats, hop: int) -> float:
    """Greatest normalised autocorrelation at one to four hops, of the sound whitened by its own
    difference.
    """
    best = -1.0
    for lag in (hop, 2 * hop, 3 * hop, 4 * hop):
        a, b = sound[:-lag], sound[lag:]
        best = max(best, float(a @ b / np.sqrt((a @ a) * (b @ b) + 1e-12)))
    return best


def levels(sound: Floats, rate: int) -> Floats:
    """dBFS in windows of 50 ms."""
    size = int(0.05 * rate)
    count = len(sound) // size
    return np.asarray(10 * np.log10(np.square(sound[: count * size]).reshape(count, size).mean(1) + 1e-12))


def third_octaves(sound: Floats, rate: int) -> Floats:
    """[BANDS] dB from 100 Hz, floored 50 dB below the loudest, their mean taken out."""
    size = 4096
    starts = range(0, len(sound) - size, size // 2)
    power = np.mean(
        [np.abs(np.fft.rfft(sound[s : s + size] * np.hanning(size))) ** 2 for s in starts], axis=0
    )
    frequency = np.fft.rfftfreq(size, 1 / rate)
    edges = 100.0 * 2.0 ** (np.arange(BANDS + 1) / 3.0)
    bands = np.array([power[(frequency >= a) & (frequency < b)].sum() for a, b in itertools.pairwise(edges)])
    db = 10 * np.log10(bands + 1e-9)
    db = np.maximum(db, db.max() - 50.0)
    return np.asarray(db - db.mean())


def latents_apart(stream: GraphPlayer, card: Card) -> tuple[float, int]:
    """(participation ratio of what every latent changes from -1 to +1 sigma, latents that change next
    to nothing).
    """
    frames, rate = max(int(1.2 * card.sample_rate / card.hop), 8), card.sample_rate
    changes = []
    for row in range(card.latents):
        ends = []
        for sign in (-1.0, 1.0):
            y = np.zeros((frames, card.latents))
            y[:, row] = sign
            ends.append(third_octaves(played(stream, places(card, y))[frames * card.hop // 3 :], rate))
        changes.append(ends[1] - ends[0])
    change = np.array(changes)
    gram = change @ change.T
    ratio = float(np.trace(gram) ** 2 / np.square(gram).sum())
    return ratio, int((np.sqrt(np.square(change).mean(1)) < 1.0).sum())


def edge_lines(sound: Floats, rate: int, bands: int = 16) -> float:
    """Median over the edges between bands of the line there over its neighbours 40 to 150 Hz away, in dB."""
    size = 16384
    starts = range(0, len(sound) - size, size // 2)
    power = np.mean(
        [np.abs(np.fft.rfft(sound[s : s + size] * np.hanning(size))) ** 2 for s in starts], axis=0
    )
    frequency = np.fft.rfftfreq(size, 1 / rate)
    over = []
    for edge in np.arange(1, bands) * rate / (2 * bands):
        away = np.abs(frequency - edge)
        over.append(
            10 * np.log10(power[away < 6].max() / (np.median(power[(away > 40) & (away < 150)]) + 1e-20))
        )
    return float(np.median(over))


def measure(model: onnx.ModelProto) -> Figures:
    """All figures of one graph."""
    card, stream = read_card(model), GraphPlayer(model, seed=1)
    rate, frame_rate = card.sample_rate, card.sample_rate / card.hop
    frames = int(PLAY_SECONDS * frame_rate)
    hands = (wandering(frames, frame_rate, card.latents, 1), gestures(frames, frame_rate, card.latents, 2))
    play = np.concatenate([played(stream, places(card, y)) for y in hands])
    settled = int(SETTLING_SECONDS * frame_rate)
    still = np.zeros((settled + int(HELD_SECONDS * frame_rate), card.latents))
    rest = played(stream, places(card, still))[settled * card.hop :]
    still[:, ::2], still[:, 1::2] = 0.7, -0.6
    held = played(stream, places(card, still))[settled * card.hop :]
    spectrum = np.abs(np.fft.rfft(play)) ** 2
    frequency = np.fft.rfftfreq(len(play), 1 / rate)
    ratio, asleep = latents_apart(stream, card)
    return Figures(
        lines=hop_lines(held, card.hop, rate),
        repeat=repetition(held, card.hop),
        lufs=integrated(play, rate),
        silent=float((levels(play, rate) < SILENT_DB).mean()),
        peak_db=20 * float(np.log10(np.abs(resample_poly(play, 4, 1)).max() + 1e-12)),
        rest_db=10 * float(np.log10(np.mean(np.square(rest)) + 1e-12)),
        ratio=ratio,
        asleep=asleep,
        edges_db=edge_lines(play, rate),
        high_db=10 * float(np.log10(spectrum[frequency > 8000].sum() / spectrum.sum() + 1e-12)),
        step=response(model),
    )


HEADER = (
    "| voice | held: hop lines | repeats | LUFS | silent | rest dBFS | peak dB | ratio | asleep | edges dB"
    " | >8 kHz dB | step 10/50/90 ms |"
)


def row(name: str, f: Figures) -> str:
    """A line of the table."""
    step = f"{f.step.tenth:.0f}/{f.step.half:.0f}/{f.step.most:.0f}"
    cells = [name, f"{f.lines:.2f}", f"{f.repeat:.3f}", f"{f.lufs:.1f}", f"{100 * f.silent:.1f} %"]
    cells += [f"{f.rest_db:.0f}", f"{f.peak_db:.1f}", f"{f.ratio:.1f}", str(f.asleep), f"{f.edges_db:.1f}"]
    return "| " + " | ".join([*cells, f"{f.high_db:.0f}", step]) + " |"


@one_line
def main(given: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="voices.measure", description="What a voice is worth, in figures.")
    parser.add_argument(
        "voices", nargs="*", help="names of voices that ship, or .onnx files (default: all that ship)"
    )
    options = parser.parse_args(given)
    names = options.voices or [voice.name for voice in catalogue.shipped()]
    print(HEADER)
    print("|" + "---|" * (HEADER.count("|") - 1))
    for name in names:
        model = load_onnx(name) if Path(name).is_file() else catalogue.find(name).graph()
        print(row(Path(name).stem, measure(model)), flush=True)


if __name__ == "__main__":
    main()
