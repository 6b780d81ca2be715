"""How near a student comes to its teacher, on lessons that nobody learnt from; no PyTorch.

    python -m training.fidelity TEACHER STUDENT [STUDENT ...]

Each is the name of a voice that ships, or a file. Printed for every student, for the teacher itself with
other draws of its noise (what no student can do better), and for silence:

    distance    multi-scale spectral distance (2048, 512, 128 points; what lies 94 dB down is hiss)
    loudness    mean difference of the loudness's course, dB
    centroid    mean difference of the spectral centroid's course, octaves
    mmd         maximum mean discrepancy of third-octave spectra, Gaussian kernel of the median distance:
                0 where the same sounds occur equally often, whenever they do
                (A. Gretton et al., A kernel two-sample test, JMLR 13, 2012)
    axes        correlation of what every latent changes, from its middle to 1 and 2 spreads on both sides,
                between student and teacher: loudness, centroid, third-octave spectrum; and the spectrum's
                least over the latents
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx

from graphs.card import Card, read_card
from training.command import one_line
from training.lessons import HELD_OUT, Lesson, Lessons
from training.teacher import Teacher, measured_delay
from voices import catalogue
from voices.descriptors import describe
from voices.measure import places
from voices.voice_graph import export_voice

Floats = npt.NDArray[np.float32]
Array = npt.NDArray[np.float64]
SCALES = (2048, 512, 128)
FLOOR = 1e-2  # as in training/losses.py, which needs PyTorch
WINDOW = 2048
QUIET_DB = -60.0
SEED = 77
HELD_SECONDS, SETTLING_SECONDS = 0.8, 0.8
POINTS = (-2.0, -1.0, 1.0, 2.0)
SOFTEST_DB = -70.0
SETTLED_SECONDS = 0.5


def magnitudes(x: Floats, size: int) -> Array:
    """|STFT| [T, F] of x [N] with a Hann window, a quarter of it apart."""
    frames = np.lib.stride_tricks.sliding_window_view(x, size)[:: size // 4]
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(size) / size)
    return np.asarray(np.abs(np.fft.rfft(frames * window, axis=1)))


def distance(x: Floats, y: Floats) -> float:
    """Multi-scale spectral distance of y from x, as `training.losses.distance` has it."""
    total = 0.0
    for size in SCALES:
        a, b = magnitudes(x, size), magnitudes(y, size)
        energy = np.sqrt(np.square(a - b).sum()) / (np.sqrt(np.square(a).sum()) + FLOOR * size**0.5)
        total += float(energy + np.abs(np.log(a + FLOOR) - np.log(b + FLOOR)).mean())
    return total


def loudness(x: Floats) -> Array:
    """[T] dB in half-overlapping windows."""
    frames = np.lib.stride_tricks.sliding_window_view(x, WINDOW)[:: WINDOW // 2]
    return np.asarray(10 * np.log10(np.square(frames, dtype=np.float64).mean(1) + 1e-6))


def centroid(x: Floats, rate: int) -> Array:
    """[T] octaves above 100 Hz, in the windows of `loudness`."""
    power = magnitudes(x, WINDOW)[::2] ** 2
    frequency = np.fft.rfftfreq(WINDOW, 1 / rate)
    heard = frequency >= 50.0
    middle = (power * frequency)[:, heard].sum(1) / (power[:, heard].sum(1) + 1e-12)
    return np.asarray(np.log2(np.maximum(middle, 50.0) / 100.0))


def spectra(x: Floats, rate: int) -> Array:
    """[T, bands] third octaves in dB from 100 Hz, of windows a quarter of a second apart."""
    power = magnitudes(x, WINDOW) ** 2
    group = max(1, round(0.25 * rate / (WINDOW // 4)))
    power = power[: len(power) // group * group].reshape(-1, group, power.shape[1]).mean(1)
    frequency = np.fft.rfftfreq(WINDOW, 1 / rate)
    edges = 100.0 * 2.0 ** (np.arange(25) / 3.0)
    inside = (frequency[:, None] >= edges[:-1]) & (frequency[:, None] < edges[1:])
    return np.asarray(10 * np.log10(power @ inside + 1e-4))


def discrepancy(a: Array, b: Array) -> float:
    """Square of the maximum mean discrepancy of two sets [n, d], unbiased; Gaussian kernel."""

    def apart(p: Array, q: Array) -> Array:
        squares = np.square(p).sum(1)[:, None] + np.square(q).sum(1) - 2 * p @ q.T
        return np.asarray(np.maximum(squares, 0.0))

    width = float(np.median(apart(a, a)[np.triu_indices(len(a), 1)])) + 1e-9
    kernel = [np.exp(-apart(p, q) / width) for p, q in ((a, a), (b, b), (a, b))]
    own = [(k.sum() - np.trace(k)) / (len(k) * (len(k) - 1)) for k in kernel[:2]]
    return float(own[0] + own[1] - 2 * kernel[2].mean())


Play = Callable[[Floats], Floats]


def compared(lessons: Sequence[Lesson], play: Play, rate: int) -> dict[str, float]:
    """`distance`, `loudness_db`, `centroid_octaves` and `mmd` of what `play` makes of the latents."""
    rows, ours, theirs = [], [], []
    warm = int(SETTLED_SECONDS * rate)
    for lesson in lessons:
        y = play(lesson.latents)
        count = min(len(y), len(lesson.sound))
        a, b = lesson.sound[warm:count], y[warm:count]
        heard = loudness(a) > QUIET_DB + 15
        apart = np.abs(centroid(a, rate) - centroid(b, rate))[heard[: len(centroid(a, rate))]]
        level = np.abs(loudness(a) - loudness(b)).mean()
        rows.append((distance(a, b), level, apart.mean() if len(apart) else np.nan))
        ours.append(spectra(a, rate))
        theirs.append(spectra(b, rate))
    mean = np.nanmean(np.array(rows), 0)
    mmd = discrepancy(np.concatenate(ours), np.concatenate(theirs))
    return {
        "distance": round(float(mean[0]), 3),
        "loudness_db": round(float(mean[1]), 2),
        "centroid_octaves": round(float(mean[2]), 3),
        "mmd": round(mmd, 4),
    }


def places_of_axes(card: Card) -> Array:
    """[bases, Z, 1 + points, Z] latents: two places, and each of them with one latent moved."""
    random = np.random.default_rng(SEED)
    made = []
    for base in (np.zeros(card.latents), 0.7 * random.choice([-1.0, 1.0], card.latents)):
        rows = []
        for row in range(card.latents):
            points = np.tile(base, (1 + len(POINTS), 1))
            points[0, row] = 0.0
            points[1:, row] = POINTS
            rows.append(places(card, points))
        made.append(rows)
    return np.array(made)


def changes(play: Play, card: Card, hop: int, rate: int) -> dict[str, Array]:
    """Of every descriptor, what moving a latent changes: [bases, Z, points] or [bases, Z, points, bands]."""
    frames = [round(seconds * rate / hop) for seconds in (SETTLING_SECONDS, HELD_SECONDS)]
    where = places_of_axes(card)
    found = []
    for place in where.reshape(-1, card.latents):
        sound = play(np.tile(place, (sum(frames), 1)).astype(np.float32))
        found.append(describe(sound[frames[0] * hop :], rate))
    shape = where.shape[:3]
    level = np.array([max(each.loudness_db, SOFTEST_DB) for each in found]).reshape(shape)
    bright = np.array([each.centroid_octaves for each in found]).reshape(shape)
    bands = np.array([np.maximum(each.bands_db, each.bands_db.max() - 50.0) for each in found])
    bands = bands.reshape(*shape, -1)
    return {
        "loudness": level[:, :, 1:] - level[:, :, :1],
        "centroid": bright[:, :, 1:] - bright[:, :, :1],
        "spectrum": bands[:, :, 1:] - bands[:, :, :1],
    }


def alike(a: Mapping[str, Array], b: Mapping[str, Array]) -> dict[str, float]:
    """Correlation of changes, by descriptor; `least` is the spectrum's of the least alike latent."""
    told = {name: round(_correlation(a[name], b[name]), 3) for name in a}
    count = a["spectrum"].shape[1]
    each = [_correlation(a["spectrum"][:, k], b["spectrum"][:, k]) for k in range(count)]
    return told | {"least": round(min(each), 3)}


def _correlation(a: Array, b: Array) -> float:
    """Through the origin: no change answers no change."""
    return float((a * b).sum() / np.sqrt((a * a).sum() * (b * b).sum() + 1e-12))


def player(model: onnx.ModelProto, seed: int = 5) -> Play:
    """The voice played without its own walk, channels mixed, at a rate of at most 48 kHz."""
    voice = Teacher(model, 0)
    return lambda latents: voice.play(latents, seed)


def figures(teacher: Teacher, student: onnx.ModelProto, folder: Path) -> dict[str, float]:
    """Everything about one student; axes as `axis_NAME`."""
    card = read_card(student)
    hop = Teacher(student, 0).hop
    play = player(student)
    lessons = held_out(teacher, hop, measured_delay(student) * teacher.rate // card.sample_rate, folder)
    told = compared(lessons, play, teacher.rate)
    theirs = changes(lambda z: teacher.play(z, 6), teacher.card, teacher.hop, teacher.rate)
    ours = changes(play, teacher.card, hop, teacher.rate)
    return told | {f"axis_{name}": value for name, value in alike(theirs, ours).items()}


def held_out(teacher: Teacher, hop: int, delay: int, folder: Path) -> list[Lesson]:
    """Lessons of a seed that no training has."""
    lessons = Lessons(teacher, hop, folder / f"{hop}-{delay}", delay, seed=SEED)
    return [lessons.lesson(number) for number in range(HELD_OUT + 1)]


def row(name: str, told: Mapping[str, float]) -> str:
    """One line of the table."""
    cells = [name] + [f"{told[key]:g}" if key in told else "" for key in KEYS]
    return "| " + " | ".join(cells) + " |"


KEYS = (
    "distance", "loudness_db", "centroid_octaves", "mmd",
    "axis_loudness", "axis_centroid", "axis_spectrum", "axis_least",
)  # fmt: skip
HEADER = "| voice | distance | loudness dB | centroid | mmd | axes: loudness | centroid | spectrum | least |"


def open_voice(name: str) -> onnx.ModelProto:
    """A voice that ships, or a file."""
    path = Path(name)
    return export_voice(path if path.is_file() else catalogue.file(name))


@one_line
def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="training.fidelity", description="Students beside their teacher.")
    parser.add_argument("teacher", help="a voice that ships, or a file")
    parser.add_argument("students", nargs="*", help="voices of the same latents")
    options = parser.parse_args()
    teacher = Teacher(open_voice(options.teacher))
    print(HEADER)
    print("|" + "---|" * (HEADER.count("|") - 1))
    with tempfile.TemporaryDirectory() as folder:
        lessons = held_out(teacher, teacher.hop, teacher.delay, Path(folder))
        again = compared(lessons, lambda z: teacher.play(z, 9999), teacher.rate)
        theirs = [
            changes(partial(teacher.play, seed=seed), teacher.card, teacher.hop, teacher.rate)
            for seed in (6, 9999)
        ]
        again |= {f"axis_{key}": value for key, value in alike(*theirs).items()}
        print(row("the teacher again", again), flush=True)
        for name in options.students:
            print(row(Path(name).name, figures(teacher, open_voice(name), Path(folder))), flush=True)
        silence = compared(lessons, lambda z: np.zeros(len(z) * teacher.hop, np.float32), teacher.rate)
        print(row("silence", silence), flush=True)


if __name__ == "__main__":
    main()
