"""Choosing a sound for a gesture: at random, a little along an axis, single latents frozen or reined in.

Everything is in sigma of the voice, and follows from the seed and from what was chosen before: the same
lesson said again finds the same sounds on every machine.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from lodestone.teaching import Pair, TeachingError
from mapping.arbitrariness import from_voice, in_voice
from mapping.latent_statistics import LatentStatistics
from mapping.seeded import draw

Array = npt.NDArray[np.float64]

USUAL_SIGMA, MOST_SIGMA = 1.0, 2.5
NEAR = 0.5
"""In touch: gestures so near belong to the place that a re-roll leaves alone."""


@dataclass(frozen=True)
class Choice:
    """How sounds are drawn.

    Attributes:
        statistics: of the voice.
        seed: of all draws.
        draws: how many have been made.
        frozen: latents, from 0, that stay as they are.
        ranges: of latents that are drawn wider or narrower than one sigma.
    """

    statistics: LatentStatistics
    seed: int = 0
    draws: int = 0
    frozen: frozenset[int] = frozenset()
    ranges: Mapping[int, float] = field(default_factory=dict)

    def latent(self, number: int) -> int:
        """The index of a latent by its number from 1.

        Raises:
            TeachingError: the voice has no such latent.
        """
        if not 1 <= number <= self.statistics.latents:
            wanted = f"a latent of 1 to {self.statistics.latents}"
            raise TeachingError(wanted, str(number), "`lodestone atlas` shows them")
        return number - 1

    def freeze(self, number: int, frozen: bool = True) -> Choice:
        """Latent `number` stays as it is from now on, or no longer."""
        one = {self.latent(number)}
        return replace(self, frozen=self.frozen | one if frozen else self.frozen - one)

    def rein(self, number: int, sigma: float) -> Choice:
        """Latent `number` is drawn with this spread, in sigma."""
        if not 0.0 <= sigma <= MOST_SIGMA:
            raise TeachingError(f"a range of 0 to {MOST_SIGMA} sigma", f"{sigma:g}", "choose in between")
        return replace(self, ranges={**self.ranges, self.latent(number): sigma})

    def roll(self, now: npt.ArrayLike) -> tuple[Choice, tuple[float, ...]]:
        """A sound at random, in the voice's own units; frozen latents as in `now` [Z], in those units too."""
        statistics = self.statistics
        drawn = draw(self.seed, f"sound {self.draws}", statistics.latents)
        spread = np.array([self.ranges.get(z, USUAL_SIGMA) for z in range(statistics.latents)])
        y = np.clip(spread * drawn, -MOST_SIGMA, MOST_SIGMA)
        held = from_voice(now, statistics)
        kept = [z in self.frozen for z in range(statistics.latents)]
        return replace(self, draws=self.draws + 1), self._sound(np.where(kept, held, y))

    def roll_far(self, pairs: tuple[Pair, ...], touch: npt.ArrayLike) -> tuple[Choice, tuple[Pair, ...], int]:
        """New sounds for all pairs but those near a gesture [12]; how many were drawn."""
        choice, rolled, count = self, [], 0
        for pair in pairs:
            if float(np.linalg.norm(np.subtract(pair.touch, touch))) > NEAR:
                choice, sound = choice.roll(pair.latent)
                pair, count = Pair(pair.touch, sound), count + 1
            rolled.append(pair)
        return choice, tuple(rolled), count

    def nudge(self, now: npt.ArrayLike, number: int, sigma: float) -> tuple[float, ...]:
        """The sound `now` [Z] with one latent moved by so many sigma; a frozen one does not move."""
        index, y = self.latent(number), from_voice(now, self.statistics)
        if index in self.frozen:
            raise TeachingError("a latent that is not frozen", str(number), f"say `free {number}` first")
        y[index] = np.clip(y[index] + sigma, -MOST_SIGMA, MOST_SIGMA)
        return self._sound(y)

    def found(self, now: npt.ArrayLike, latent: npt.ArrayLike) -> tuple[float, ...]:
        """The sound `latent` [Z] within the reach of a hand; frozen latents as in `now` [Z]."""
        y = np.clip(from_voice(latent, self.statistics), -MOST_SIGMA, MOST_SIGMA)
        kept = [z in self.frozen for z in range(self.statistics.latents)]
        return self._sound(np.where(kept, from_voice(now, self.statistics), y))

    def _sound(self, y: Array) -> tuple[float, ...]:
        """Rounded as it is written: what is heard is what the file keeps."""
        return tuple(float(f"{value:.6g}") for value in in_voice(y, self.statistics))
