"""Lessons of a teacher: latents as hands move them, and what the teacher makes of them; no PyTorch.

A lesson is some seconds long, made from its number alone and kept as a file: a run that was killed makes what
is missing. Its sound stands where a student of the wanted hop is asked to sound: the teacher's delay is taken
out, the student's own put in.

    hands       wander, take and hold places, jump to corners, sweep one latent after the other, jitter,
                jump with one latent after the other, and go where recordings or performances went, if any are
                given
    jumps       between held places are answered at once, where the teacher itself slides for long; hands that
                move while it slides are slower there, since it averages what they do
    latents     in the card's quantiles; a student of another hop hears them in between: a glide goes on
                gliding, a jump stays a jump
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from files import write_bytes
from training.errors import TrainingError
from training.splices import play_at_once
from voices.measure import gestures, places, wandering

if TYPE_CHECKING:  # its engine is built for one Python; lessons are read by any
    from training.teacher import Teacher

Floats = npt.NDArray[np.float32]

SECONDS = 12.0
WARM_SECONDS = 0.6
"""At the start of a lesson, in which the teacher's memories fill."""
HELD_OUT = 4
"""The first lessons are never learnt from: one of each common hand."""
FURTHEST = 2.3
"""Standard deviations to which hands go: the 1st and 99th percentile."""
JUMP = 0.5
"""Of a latent's spread within a frame of the teacher: more is a jump, less is a glide."""
AUDIBLE = 1e-4
LEVEL = 0.1
"""Root mean square to which all lessons together are brought for the student."""


@dataclass(frozen=True)
class Lesson:
    """Latents [T, Z] of the student, and the sound [T hop] that it should make of them."""

    latents: Floats
    sound: Floats


def corners(frames: int, rate: float, count: int, random: np.random.Generator) -> npt.NDArray[np.float64]:
    """[frames, Z] corners of the latents' room: jumped to, held for a third of a second to one second."""
    y, at = np.zeros((frames, count)), 0
    while at < frames:
        place = random.choice([-FURTHEST, -1.0, 0.0, 1.0, FURTHEST], count, p=[0.3, 0.15, 0.1, 0.15, 0.3])
        length = max(int(random.uniform(0.3, 1.0) * rate), 2)
        y[at : at + length] = place
        at += length
    return y


def sweeps(frames: int, rate: float, count: int, random: np.random.Generator) -> npt.NDArray[np.float64]:
    """[frames, Z] one latent after the other from end to end and back, the others at a place of their own."""
    y, at = np.zeros((frames, count)), 0
    order = random.permutation(count)
    turn = 0
    while at < frames:
        length = max(int(random.uniform(0.8, 2.0) * rate), 4)
        place = random.standard_normal(count) * random.choice([0.0, 0.7])
        part = np.tile(place, (length, 1))
        part[:, order[turn % count]] = FURTHEST * np.sin(np.linspace(0, 2 * np.pi, length))
        y[at : at + length] = part[: frames - at]
        at, turn = at + length, turn + 1
    return y


def jitter(frames: int, rate: float, count: int, random: np.random.Generator) -> npt.NDArray[np.float64]:
    """[frames, Z] a slow hand that trembles anew in every frame."""
    slow = wandering(frames, rate, count, int(random.integers(1 << 30)))
    return np.asarray(np.clip(slow + 0.35 * random.standard_normal(slow.shape), -FURTHEST, FURTHEST))


def steps(frames: int, rate: float, count: int, random: np.random.Generator) -> npt.NDArray[np.float64]:
    """[frames, Z] one latent after the other jumps to its ends and back, the others where they are."""
    y, at = np.zeros((frames, count)), 0
    order = random.permutation(count)
    turn = 0
    while at < frames:
        place = random.standard_normal(count) * random.choice([0.0, 0.7])
        for end in random.permutation([-FURTHEST, -1.0, 0.0, 1.0, FURTHEST]):
            length = max(int(random.uniform(0.25, 0.6) * rate), 2)
            place[order[turn % count]] = end
            y[at : at + length] = place
            at += length
        turn += 1
    return y


def taken(frames: int, rate: float, count: int, random: np.random.Generator) -> npt.NDArray[np.float64]:
    """[frames, Z] places jumped to and held for half a second to one and a half, one in four of them rest."""
    y, at = np.zeros((frames, count)), 0
    while at < frames:
        length = max(int(random.uniform(0.5, 1.5) * rate), 2)
        moved = random.uniform() >= 0.25
        y[at : at + length] = moved * np.clip(random.standard_normal(count), -FURTHEST, FURTHEST)
        at += length
    return y


Hand = Callable[[int, float, int, np.random.Generator], npt.NDArray[np.float64]]


def roaming(frames: int, rate: float, count: int, random: np.random.Generator) -> npt.NDArray[np.float64]:
    """[frames, Z] `wandering` with a seed out of `random`."""
    return wandering(frames, rate, count, int(random.integers(1 << 30)))


def gesturing(frames: int, rate: float, count: int, random: np.random.Generator) -> npt.NDArray[np.float64]:
    """[frames, Z] `gestures` with a seed out of `random`."""
    return gestures(frames, rate, count, int(random.integers(1 << 30)))


TIME_TAKEN = 2.5
"""Times as long, by a hand that takes its time."""


def slowly(hand: Hand) -> Hand:
    """The same hand, taking its time."""
    return lambda frames, rate, count, random: hand(frames, TIME_TAKEN * rate, count, random)


HANDS: tuple[Hand, ...] = (roaming, gesturing, corners, sweeps, jitter, steps)
FOR_A_SLIDE: tuple[Hand, ...] = (slowly(roaming), taken, corners, slowly(sweeps), steps, steps)
"""Of the same kinds, for a teacher whose slide the lessons leave out: it averages a tremble and swallows half
of a quick sweep, and a student of that learns to wait."""
ALONE = (HANDS.index(sweeps), HANDS.index(steps))
"""The hands in both that move one latent after the other."""


def moves_one_alone(number: int) -> bool:
    """Whether lesson `number` moves one latent after the other."""
    return number % len(HANDS) in ALONE


class Lessons:
    """The lessons of one run, made when they are asked for, kept in a folder.

    Args:
        teacher: plays; None where all are made already.
        hop: of the student, samples.
        folder: for the files.
        own_delay: samples until the student is to be heard half.
        seed: of all that is drawn.
        paths: latents [T, Z] of recordings or performances at the teacher's frames; every third lesson
            behind the held-out ones follows one.
        slide: samples of a step of the teacher's that lessons leave out (training/splices.py); 0: none.
    """

    def __init__(
        self,
        teacher: Teacher | None,
        hop: int,
        folder: Path,
        own_delay: int,
        seed: int = 1,
        paths: Sequence[Floats] = (),
        slide: int = 0,
    ) -> None:
        self.teacher, self.hop, self.folder = teacher, hop, folder
        self.own_delay, self.seed, self.paths, self.slide = own_delay, seed, paths, slide

    def file(self, number: int) -> Path:
        """Where a lesson is kept."""
        return self.folder / f"{number:04d}.npz"

    def lesson(self, number: int) -> Lesson:
        """Lesson `number`, from its file or from the teacher.

        Raises:
            TrainingError: neither is there.
        """
        path = self.file(number)
        try:
            with np.load(path) as kept:
                return Lesson(kept["latents"], kept["sound"])
        except FileNotFoundError:
            pass
        except (OSError, ValueError, KeyError, zipfile.BadZipFile, EOFError):
            path.unlink(missing_ok=True)  # damaged: it is made anew
        if self.teacher is None:
            raise TrainingError(f"lesson {number} at {path}", "no such file", "run `lodestone distil` again")
        made = self.make(number, self.teacher)
        self.keep(number, made)
        return made

    def keep(self, number: int, lesson: Lesson) -> None:
        """Writes a lesson to its file, whole or not at all."""
        whole = io.BytesIO()
        np.savez(whole, latents=lesson.latents, sound=lesson.sound)
        write_bytes(self.file(number), whole.getvalue())

    def latents(self, number: int, teacher: Teacher, frames: int) -> Floats:
        """[frames, Z] that the teacher plays in a lesson."""
        random = np.random.default_rng((self.seed, number))
        if self.paths and number >= HELD_OUT and number % 3 == 0:
            path = self.paths[int(random.integers(len(self.paths)))]
            start = int(random.integers(max(1, len(path) - frames + 1)))
            part = path[start : start + frames]
            return np.resize(part, (frames, part.shape[1])).astype(np.float32)
        hand = (FOR_A_SLIDE if self.slide else HANDS)[number % len(HANDS)]
        rate = teacher.rate / teacher.hop
        y = hand(frames, rate * float(random.uniform(0.6, 1.7)), teacher.latents, random)
        return places(teacher.card, y).astype(np.float32)

    def make(self, number: int, teacher: Teacher) -> Lesson:
        """Plays lesson `number`."""
        late = teacher.delay - self.own_delay
        frames = int((SECONDS + WARM_SECONDS) * teacher.rate / teacher.hop) + 1
        z = self.latents(number, teacher, frames)
        seed = self.seed * 100_003 + number
        if self.slide:
            sound = play_at_once(teacher, z, seed, _jump(teacher.spread.std), self.slide)
        else:
            sound = teacher.play(z, seed)
        start = -(-int(WARM_SECONDS * teacher.rate) // self.hop)
        count = (len(sound) - max(late, 0)) // self.hop - start
        own = between(z, teacher.hop, self.hop, start + count, teacher.spread.std)[start:]
        begin = start * self.hop + late
        return Lesson(own.astype(np.float32), sound[begin : begin + count * self.hop])

    def check(self, level: float) -> None:
        """Refuses a teacher that says nothing in its first lessons: `level` is what they came to."""
        if not level > AUDIBLE:
            got = f"a level of {20 * np.log10(level + 1e-12):.0f} dBFS over {HELD_OUT} lessons"
            raise TrainingError("a teacher that sounds", got, "choose another model")

    def level(self) -> float:
        """Root mean square of the held-out lessons.

        Raises:
            TrainingError: a teacher without audible output, or one whose sound is not finite.
        """
        with np.errstate(over="ignore", invalid="ignore"):
            means = [np.square(self.lesson(k).sound, dtype=np.float64).mean() for k in range(HELD_OUT)]
        level = float(np.sqrt(np.mean(means)))
        if not np.isfinite(level):
            raise TrainingError("a teacher of finite sound", str(level), "choose another model")
        self.check(level)
        return level


def between(z: Floats, hop: int, own_hop: int, frames: int, spread: Floats) -> npt.NDArray[np.float64]:
    """Latents [T, Z] of frames of `hop` samples as [frames, Z] of frames of `own_hop`.

    Between the middles of two frames latents glide in a line, unless one of them jumps there.
    """
    if own_hop == hop:
        return z[:frames].astype(np.float64)
    at = np.clip((np.arange(frames) + 0.5) * own_hop / hop - 0.5, 0, len(z) - 1)
    low = np.minimum(at.astype(int), len(z) - 2)
    share = (at - low)[:, None]
    a, b = z[low], z[low + 1]
    jumps = (np.abs(b - a) > _jump(spread)).any(1)[:, None]
    held = np.where(share < 0.5, a, b)
    return np.asarray(np.where(jumps, held, a + share * (b - a)), np.float64)


def _jump(spread: Floats) -> Floats:
    """[Z] what is more than a glide goes in a frame."""
    return np.asarray(JUMP * np.maximum(spread, 1e-6), np.float32)
