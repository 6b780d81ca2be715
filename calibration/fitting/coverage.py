"""Which part of the play room the magnets have visited, without knowing where they are.

A cell is: which sensor feels most, from which of eight sides, and whether from near or from far. Every cell
is music that the calibration has seen.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from calibration.model import AXES, SENSORS, Array

SIDES = 8
LEVELS = 2
# Near is more than this part of the reach at the sensor that feels most.
NEAR = 0.35


def visited_cells(played_mt: Array, floor_mt: float, reach_mt: float) -> npt.NDArray[np.bool_]:
    """[4, 8, 2] which cells the field [N, 12] (rest removed) has entered: far first, then near.

    Fields weaker than `floor_mt` enter nothing; `reach_mt` is that of a typical axis.
    """
    field = played_mt.reshape(-1, SENSORS, AXES)
    size = np.linalg.norm(field, axis=2)
    strongest = size.argmax(axis=1)
    frames = np.arange(len(field))
    most = size[frames, strongest]
    loud = most > floor_mt
    chosen = field[frames, strongest]
    angle = np.arctan2(chosen[:, 1], chosen[:, 0])
    side = np.floor((angle + np.pi) / (2 * np.pi) * SIDES).astype(int) % SIDES
    level = (most > NEAR * reach_mt).astype(int)
    cells = np.zeros((SENSORS, SIDES, LEVELS), dtype=bool)
    cells[strongest[loud], side[loud], level[loud]] = True
    return cells


def missing_words(cells: npt.NDArray[np.bool_]) -> str:
    """Where to play next, in words: `near attractor 2, above attractor 4 closer` or nothing."""
    words = []
    for sensor in range(SENSORS):
        around = cells[sensor]
        if not around.any():
            words.append(f"attractor {sensor + 1} at all")
        elif not around[:, LEVELS - 1].any():
            words.append(f"attractor {sensor + 1} closer")
        elif around.mean() < 0.5:
            words.append(f"around attractor {sensor + 1}")
    return ", ".join(words)
