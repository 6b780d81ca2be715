"""What each latent of a teacher changes by itself, for a student to be asked for; no PyTorch.

A latent that moves the spectrum by half a decibel is lost among what a student has wrong by one. So the
teacher holds pairs of places that differ in one latent, and what changes from the one to the other, in third
octaves, is kept in RUN/axes.npz.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from files import write_bytes
from graphs.card import Card
from voices.descriptors import describe
from voices.measure import places

if TYPE_CHECKING:  # its engine is built for one Python; what it said is read by any
    from training.teacher import Teacher

Floats = npt.NDArray[np.float32]
NAME = "axes.npz"
PAIRS = 256
SETTLING_SECONDS, HELD_SECONDS = 0.8, 0.7
SEED = 31
DEEPEST_DB = 50.0
"""Below the loudest band of a place, where another begins to count."""


@dataclass(frozen=True)
class Axes:
    """Pairs of places [P, 2, Z] as latents, and what changes [P, bands] from first to second, dB."""

    places: Floats
    changes: Floats

    def keep(self, run: Path) -> None:
        """Into a run folder, whole or not at all."""
        whole = io.BytesIO()
        np.savez(whole, places=self.places, changes=self.changes)
        write_bytes(run / NAME, whole.getvalue())


def read(run: Path) -> Axes | None:
    """Those of a run folder; None where there are none, or damaged ones."""
    try:
        with np.load(run / NAME) as kept:
            return Axes(kept["places"], kept["changes"])
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None


def drawn(card: Card, random: np.random.Generator) -> Floats:
    """[PAIRS, 2, Z] places: the latents in turn, from the middle or where they are to one or two spreads."""
    y = np.repeat(
        random.standard_normal((PAIRS, card.latents)) * random.uniform(0, 1, (PAIRS, 1)), 2, 0
    ).reshape(PAIRS, 2, card.latents)
    for pair in range(PAIRS):
        row = pair % card.latents
        if random.uniform() < 0.5:
            y[pair, :, row] = 0.0
        y[pair, 1, row] = random.choice([-1, 1]) * random.uniform(0.8, 2.3)
    return places(card, y.reshape(-1, card.latents)).astype(np.float32).reshape(y.shape)


def listened(teacher: Teacher, progress: Callable[[str], None] = lambda _: None) -> Axes:
    """What `teacher` says to `drawn` places, its noise the same for both of a pair."""
    where = drawn(teacher.card, np.random.default_rng(SEED))
    settling, held = (int(s * teacher.rate / teacher.hop) + 1 for s in (SETTLING_SECONDS, HELD_SECONDS))
    found = []
    for number, pair in enumerate(where):
        if number % 32 == 0:
            progress(f"what each latent changes, {number} of {len(where)}")
        sounds = [teacher.play(np.tile(place, (settling + held, 1)), SEED + number) for place in pair]
        levels = [describe(sound[settling * teacher.hop :], teacher.rate).bands_db for sound in sounds]
        first, second = (np.maximum(each, each.max() - DEEPEST_DB) for each in levels)
        found.append(second - first)
    return Axes(where, np.array(found, np.float32))
