"""Latents from packets as a stream that glides: what is lost, late, reordered or doubled leaves no gap."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

Latents = npt.NDArray[np.float32]

GLIDE_S = 0.005
"""A packet comes every 5 ms: so long the way to it takes (1/e); it levels two that have changed places."""
MOST_SIGMA_PER_S = 60.0
"""No latent moves faster, in standard deviations of the voice: a packet after a long silence is no step."""

MOST_SIGMA = 20.0
"""No latent goes further from its rest, in standard deviations."""


class LatentGlide:
    """The latest latents [Z], reached by a glide of bounded speed; held while nothing comes.

    Args:
        rest: latents [Z] before the board has spoken.
        sigma: standard deviation [Z] of each latent, from the voice's card.
    """

    def __init__(self, rest: Latents, sigma: Latents) -> None:
        self._target = np.asarray(rest, np.float64)
        self._now = self._target.copy()
        self._rest, self._sigma = self._target.copy(), np.maximum(np.asarray(sigma, np.float64), 1e-6)
        self._most = MOST_SIGMA_PER_S * self._sigma
        self.heard = 0
        self.wrong = 0

    def hear(self, latent: Latents) -> bool:
        """Takes the latents of a packet; False where their number is another, or not finite."""
        if latent.shape != self._target.shape or not np.isfinite(latent).all():
            self.wrong += 1
            return False
        # What no touch sends is taken as far as a voice may know it.
        away = np.clip(latent - self._rest, -MOST_SIGMA * self._sigma, MOST_SIGMA * self._sigma)
        self._target = self._rest + away
        self.heard += 1
        return True

    def in_sigma(self) -> npt.NDArray[np.float64]:
        """How far each latent [Z] is from its rest, in standard deviations."""
        return np.asarray((self._now - self._rest) / self._sigma)

    def move(self, seconds: float) -> Latents:
        """Goes on by so long and gives the latents [Z] there."""
        way = (1.0 - math.exp(-seconds / GLIDE_S)) * (self._target - self._now)
        most = self._most * seconds
        self._now = self._now + np.clip(way, -most, most)
        return np.asarray(self._now, np.float32)
