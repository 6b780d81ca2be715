"""What a voice is worth, in figures, for every voice that ships and any other graph.

    python -m voices.measure [--exact] [NAME or FILE.onnx ...]

Two performances of 45 s are played (latents that wander; places that are held, left and come back to rest),
one note is held for 5 s, and every latent is stepped: by the form with 8-bit weights and 16-bit activations
that a board plays, or by the exact one. Nothing here needs PyTorch; how well a voice gives back recordings
that it never heard is measured where it is trained (`training.held_out`), stands in its card and is printed
from there.
"""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
from scipy.special import ndtr

from graphs.card import Card, read_card
from graphs.player import GraphPlayer
from model_export.compiler import compile_plan
from model_export.compiler.fit import fit
from model_export.quantise import quantise
from model_export.step_response import Response, response
from voices import catalogue
from voices.errors import one_line
from voices.loudness import integrated
from voices.voice_graph import SEARCH_DB, export_voice

Floats = npt.NDArray[np.float64]
PLAY_SECONDS, HELD_SECONDS, SETTLING_SECONDS = 45.0, 5.0, 1.0
SILENT_DB = -60.0
BANDS = 24


@dataclass(frozen=True)
class Figures:
    """One voice.

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


def free_play(card: Card, stream: GraphPlayer) -> Floats:
    """The sound of two performances of `PLAY_SECONDS`: latents that wander, then places that are held and
    left."""
    frame_rate = card.sample_rate / card.hop
    frames = int(PLAY_SECONDS * frame_rate)
    hands = (wandering(frames, frame_rate, card.latents, 1), gestures(frames, frame_rate, card.latents, 2))
    return np.concatenate([played(stream, places(card, y)) for y in hands])


def true_peak_db(sound: Floats) -> float:
    """Of the sound at four times its rate, against full scale."""
    from scipy.signal import resample_poly  # a second and a half that most commands do without

    return 20 * float(np.log10(np.abs(resample_poly(sound, 4, 1)).max() + 1e-12))


def high_db(sound: Floats, rate: int) -> float:
    """Energy above 8 kHz against all of it, in dB."""
    spectrum = np.abs(np.fft.rfft(sound)) ** 2
    frequency = np.fft.rfftfreq(len(sound), 1 / rate)
    return 10 * float(np.log10(spectrum[frequency > 8000].sum() / (spectrum.sum() + 1e-20) + 1e-12))


def measure(model: onnx.ModelProto) -> Figures:
    """All figures of one graph."""
    card, stream = read_card(model), GraphPlayer(model, seed=1)
    rate, frame_rate = card.sample_rate, card.sample_rate / card.hop
    play = free_play(card, stream)
    settled = int(SETTLING_SECONDS * frame_rate)
    still = np.zeros((settled + int(HELD_SECONDS * frame_rate), card.latents))
    rest = played(stream, places(card, still))[settled * card.hop :]
    still[:, ::2], still[:, 1::2] = 0.7, -0.6
    held = played(stream, places(card, still))[settled * card.hop :]
    ratio, asleep = latents_apart(stream, card)
    return Figures(
        lines=hop_lines(held, card.hop, rate),
        repeat=repetition(held, card.hop),
        lufs=integrated(play, rate),
        silent=float((levels(play, rate) < SILENT_DB).mean()),
        peak_db=true_peak_db(play),
        rest_db=10 * float(np.log10(np.mean(np.square(rest)) + 1e-12)),
        ratio=ratio,
        asleep=asleep,
        edges_db=edge_lines(play, rate),
        high_db=high_db(play, rate),
        step=response(model),
    )


@dataclass(frozen=True)
class Form:
    """What a voice costs on a Bela, and what its 8 bits change.

    Attributes:
        load: least and most share of a 1 GHz Cortex-A8, by the model behind `lodestone fit`.
        snr_db: power of the exact sound against that of the difference; infinite for the exact form.
    """

    load: tuple[float, float]
    snr_db: float


def narrow_form(exact: onnx.ModelProto) -> tuple[onnx.ModelProto, Form]:
    """The voice in w8a16, as a board plays it."""
    made = quantise(exact, "w8a16", SEARCH_DB)
    return made.model, Form(_load(made.model), made.report.snr_db)


def exact_form(exact: onnx.ModelProto) -> tuple[onnx.ModelProto, Form]:
    """The voice in 32 bits."""
    return exact, Form(_load(exact), float("inf"))


def _load(model: onnx.ModelProto) -> tuple[float, float]:
    load = fit(compile_plan(model), "bela").load
    return load.low, load.high


HEADER = (
    "| voice | hop | held: hop lines | repeats | LUFS | silent | rest dBFS | peak dB | ratio | asleep"
    " | edges dB | >8 kHz dB | step 10/50/90 ms | core | 8 bits | held out: distance, loudness, >8 kHz"
    " | nearest half-seconds | before | untrained |"
)


def row(name: str, hop: int, f: Figures, form: Form, held: Mapping[str, Mapping[str, float]]) -> str:
    """A line of the table; `held` is what the voice's card says of held-out recordings."""
    step = f"{f.step.tenth:.0f}/{f.step.half:.0f}/{f.step.most:.0f}"
    cells = [name, str(hop), f"{f.lines:.2f}", f"{f.repeat:.3f}", f"{f.lufs:.1f}", f"{100 * f.silent:.1f} %"]
    cells += [f"{f.rest_db:.0f}", f"{f.peak_db:.1f}", f"{f.ratio:.1f}", str(f.asleep), f"{f.edges_db:.1f}"]
    cells += [f"{f.high_db:.0f}", step, f"{100 * form.load[0]:.0f}-{100 * form.load[1]:.1f} %"]
    cells.append(f"{form.snr_db:.1f} dB" if np.isfinite(form.snr_db) else "exact")
    rest = {key: value for key, value in held.items() if key != name}
    own = held.get(name)
    cells.append("" if own is None else f"{_pair(own)}, {own['high_db']:+.1f} dB")
    cells.append(_pair(rest.get("nearest training half-seconds")))
    cells.append(_pair(next((found for key, found in rest.items() if key.endswith((".ts", ".ts.xz"))), None)))
    cells.append(_pair(rest.get("before its first step")))
    return "| " + " | ".join(cells) + " |"


def _pair(found: Mapping[str, float] | None) -> str:
    return "" if found is None else f"{found['distance']:.2f}, {found['loudness_db']:.1f} dB"


@one_line
def main(given: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="voices.measure", description="What a voice is worth, in figures.")
    parser.add_argument(
        "voices",
        nargs="*",
        help="names of voices that ship or of their sizes, or files (default: all voices that ship)",
    )
    parser.add_argument("--exact", action="store_true", help="the 32-bit form instead of w8a16")
    options = parser.parse_args(given)
    names = options.voices or [voice.name for voice in catalogue.shipped()]
    print(HEADER)
    print("|" + "---|" * (HEADER.count("|") - 1))
    for name in names:
        path = Path(name) if Path(name).is_file() else catalogue.file(name)
        exact = export_voice(path)
        model, form = exact_form(exact) if options.exact else narrow_form(exact)
        held = {voice.name: voice.held_out for voice in catalogue.shipped()}.get(name, {})
        told = Path(name).name.split(".")[0]
        print(row(told, read_card(model).hop, measure(model), form, held), flush=True)


if __name__ == "__main__":
    main()
