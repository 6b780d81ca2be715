"""What a player has taught: pairs of a gesture and a sound, for one voice."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from calibration.model import CHANNELS
from mapping.errors import MappingError

Array = npt.NDArray[np.float64]

# Two gestures nearer than this in touch cannot be told apart by a hand.
NEAREST = 0.1


@dataclass(frozen=True)
class Taught:
    """Gestures and the sounds put there.

    Attributes:
        touch: [P, 12] in -1..1.
        y: [P, Z] in sigma, the latents without the voice's own scale.
    """

    touch: Array
    y: Array

    @property
    def points(self) -> int:
        """P."""
        return len(self.touch)


def nothing_taught(latents: int) -> Taught:
    """No pairs."""
    return Taught(np.zeros((0, CHANNELS)), np.zeros((0, latents)))


def check(taught: Taught, latents: int) -> None:
    """Refuses pairs that no graph can keep.

    Raises:
        MappingError: other sizes, values that are not finite, or two gestures that are one.
    """
    if taught.touch.shape != (taught.points, CHANNELS) or taught.y.shape != (taught.points, latents):
        wanted = f"gestures of {CHANNELS} values with sounds of {latents} latents"
        got = f"{list(taught.touch.shape)} and {list(taught.y.shape)}"
        raise MappingError(wanted, got, "teach these points again, for this voice")
    if not (np.isfinite(taught.touch).all() and np.isfinite(taught.y).all()):
        raise MappingError("taught points of finite numbers", "values that are not", "remove that point")
    for first in range(taught.points):
        for second in range(first + 1, taught.points):
            apart = float(np.linalg.norm(taught.touch[first] - taught.touch[second]))
            if apart < NEAREST:
                got = f"points {first + 1} and {second + 1}, {apart:.2f} apart"
                raise MappingError(f"gestures at least {NEAREST} apart", got, "remove one of the two")
