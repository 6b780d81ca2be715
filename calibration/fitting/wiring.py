"""Is every sensor where the settings say, and the right way round? Told from free play alone.

In some frames of free play one magnet outshines all others. There twelve field values must be those of one
dipole: three unknowns of place are searched (a grid, then Levenberg-Marquardt), the moment follows by linear
least squares. A board on which no frame looks like a dipole is tried again with two sensors exchanged, and
with one sensor turned by quarter turns; the arrangement under which dipoles appear is the true one.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import cache

import numpy as np
import scipy.optimize

from calibration.board_model import Mounting, dipole_mt
from calibration.model import AXES, CHANNELS, SENSORS, Array

FRAMES = 60
# Weak frames say nothing about direction.
WEAKEST_MT = 0.3
# What gains, rotations and heights out of the workshop make of a dipole: this part of each sensor's field.
EXPECTED_ERROR = 0.08
# Misfit (root mean square in units of that error) of the best tenth of the frames.
BEST_PART = 0.1
PLAUSIBLE, IMPLAUSIBLE = 1.8, 2.2
# Frames whose best place on the grid is worse than this hold more than one magnet and are not refined.
GRID_LIMIT = 4.0


@dataclass(frozen=True)
class Wiring:
    """What free play says about the wiring.

    Attributes:
        misfit: of the arrangement in the settings, in units of the expected error; above IMPLAUSIBLE is
        suspicious. exchanged: two sensors (0..3) that have changed places, or None. turned: sensor and its
        quarter turns, or None.
    """

    misfit: float
    exchanged: tuple[int, int] | None = None
    turned: tuple[int, int] | None = None


def check_wiring(played_mt: Array) -> Wiring:
    """Judges the arrangement; looks for another one only where the given one is implausible.

    Args:
        played_mt: [N, 12], rest removed.
    """
    frames = _strong_frames(played_mt)
    if len(frames) < FRAMES // 4:
        return Wiring(0.0)
    given = _misfit(frames)
    if given <= IMPLAUSIBLE:
        return Wiring(given)
    pairs = list(itertools.combinations(range(SENSORS), 2))
    swaps = {pair: _misfit(_exchanged(frames, *pair)) for pair in pairs}
    turns = {
        (sensor, quarter): _misfit(_turned(frames, sensor, quarter))
        for sensor in range(SENSORS)
        for quarter in (1, 2, 3)
    }
    pair = min(swaps, key=lambda key: swaps[key])
    turn = min(turns, key=lambda key: turns[key])
    if min(swaps[pair], turns[turn]) > PLAUSIBLE:
        return Wiring(given)
    return Wiring(given, pair, None) if swaps[pair] < turns[turn] else Wiring(given, None, turn)


def _strong_frames(played_mt: Array) -> Array:
    field = played_mt.reshape(-1, SENSORS, AXES)
    strong = np.flatnonzero(np.linalg.norm(field, axis=2).max(axis=1) > WEAKEST_MT)
    chosen = strong[np.linspace(0, len(strong) - 1, min(FRAMES, len(strong))).astype(int)]
    return np.asarray(field[chosen])


def _exchanged(frames: Array, one: int, other: int) -> Array:
    order = list(range(SENSORS))
    order[one], order[other] = other, one
    return np.asarray(frames[:, order])


def _turned(frames: Array, sensor: int, quarter: int) -> Array:
    cosine, sine = (1, 0, -1, 0)[quarter], (0, 1, 0, -1)[quarter]
    turned: Array = frames.copy()
    x, y = frames[:, sensor, 0], frames[:, sensor, 1]
    turned[:, sensor, 0], turned[:, sensor, 1] = cosine * x - sine * y, sine * x + cosine * y
    return turned


def _misfit(frames: Array) -> float:
    return float(np.quantile([_frame_misfit(frame) for frame in frames], BEST_PART))


@cache
def _grid() -> tuple[Array, Array]:
    """Places [G, 3] in mm and their fields [G, 12, 3] for unit moments."""
    side = np.linspace(-110, 110, 12)
    axes = np.meshgrid(side, side, [7.0, 15.0, 30.0], indexing="ij")
    places = np.stack(axes, axis=-1).reshape(-1, 3)
    return places, np.stack([_unit_fields(place) for place in places])


def _unit_fields(place_mm: Array) -> Array:
    """[12, 3]: the field of a unit moment along each axis at this place."""
    fields = dipole_mt(np.tile(place_mm, (AXES, 1)), np.eye(AXES), Mounting().points_mm())
    return np.asarray(fields.reshape(AXES, CHANNELS).T)


def _frame_misfit(frame: Array) -> float:
    """Root mean square misfit of the best dipole."""
    error = np.hypot(0.01, EXPECTED_ERROR * np.linalg.norm(frame, axis=1, keepdims=True))
    weight = (np.ones(AXES) / error).reshape(CHANNELS)
    wanted = frame.ravel() * weight
    places, fields = _grid()
    weighted = fields * weight[None, :, None]
    square = np.einsum("gij,gik->gjk", weighted, weighted)
    moment = np.linalg.solve(square, np.einsum("gij,i->gj", weighted, wanted)[..., None])[..., 0]
    misfit = np.sqrt(np.mean((np.einsum("gij,gj->gi", weighted, moment) - wanted) ** 2, axis=1))
    start = int(np.argmin(misfit))
    if misfit[start] > GRID_LIMIT:
        return float(misfit[start])

    def residuals(place_cm: Array) -> Array:
        rows = _unit_fields(10.0 * place_cm) * weight[:, None]
        best = np.linalg.lstsq(rows, wanted, rcond=None)[0]
        return np.asarray(rows @ best - wanted)

    result = scipy.optimize.least_squares(residuals, places[start] / 10.0, method="lm", max_nfev=60)
    return float(np.sqrt(2.0 * result.cost / CHANNELS))
