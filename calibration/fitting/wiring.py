"""Is every sensor where the settings say, and the right way round? Told from one marble alone in free play.

Where one magnet is alone, the twelve values of a frame are those of one dipole, but only in the arrangement
that is true. Wrong axes of a single sensor show by the other three: they say where the marble is and so what
that sensor should feel, and the three by three numbers from there to what it shows are read off. Exchanged
sensors are found by trying every order. An arrangement is named when it explains what the given one does not.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

from calibration.board_model import Mounting, dipole_mt
from calibration.fitting.lone import UNKNOWN, lone_sightings, strong_frames
from calibration.model import AXES, SENSORS, Array

FRAMES, FEWEST, OF_SENSOR = 140, 30, 10
# A sensor is judged by the frames in which it feels this part of the strongest; by the best tenth of them.
NOT_FAINT, BEST_PART = 0.3, 0.1
# Misfit (root mean square in units of what a workshop's tolerances make of a dipole).
PLAUSIBLE = 0.65
# Another arrangement is the true one when the misfit falls to this part.
EXPLAINS = 0.75
Order = tuple[int, ...]
Axes = tuple[int, int, int]


@dataclass(frozen=True)
class Wiring:
    """What lone magnets say about the wiring.

    Attributes:
        misfit: of the arrangement in the settings, the worst sensor; up to PLAUSIBLE all is well.
        order: which sensor stands where each should, when they have changed places, else None.
        turned: sensor (-1: all of them) and which of its axes shows the board's x, y, z (1, 2, 3, with sign).
        suspect: the sensor without which the other three agree best, where nothing explains the misfit.
    """

    misfit: float
    order: Order | None = None
    turned: tuple[int, Axes] | None = None
    suspect: int | None = None

    @property
    def found(self) -> bool:
        """Whether another arrangement than that of the settings is the true one."""
        return self.order is not None or self.turned is not None


def check_wiring(played_mt: Array) -> Wiring:
    """Judges the arrangement; looks for another one only where the given one is implausible.

    Args:
        played_mt: [N, 12], rest removed, nothing corrected.
    """
    frames = strong_frames(played_mt, FRAMES)
    if len(frames) < FEWEST:
        return Wiring(0.0)
    given = _misfit(frames)
    if given <= PLAUSIBLE:
        return Wiring(given)
    return _true_arrangement(frames, given)


def _true_arrangement(frames: Array, given: float) -> Wiring:
    orders = [order for order in itertools.permutations(range(SENSORS)) if order != tuple(range(SENSORS))]
    tried: list[tuple[float, Wiring]] = [
        (_misfit(frames[:, list(order)]), Wiring(given, order=tuple(np.argsort(order).tolist())))
        for order in orders
    ]
    others = [_axes_by_the_others(frames, sensor) for sensor in range(SENSORS)]
    suspect = int(np.argmin([agree for _, agree in others]))
    tried += [
        _turned(frames, given, sensor, axes) for sensor, (axes, _) in enumerate(others) if axes is not None
    ]
    for sensor in (suspect, -1):
        best = min(tried, key=lambda one: one[0])
        if best[0] <= EXPLAINS * given:
            return best[1]
        tried += [_turned(frames, given, sensor, axes) for axes in ALL_AXES]
    best = min(tried, key=lambda one: one[0])
    return best[1] if best[0] <= EXPLAINS * given else Wiring(given, suspect=suspect)


def _turned(frames: Array, given: float, sensor: int, axes: Axes) -> tuple[float, Wiring]:
    return _misfit(righted(frames, sensor, axes)), Wiring(given, turned=(sensor, axes))


# Orders that are the board itself turned about its middle.
_ROUND: dict[Order, int] = {(1, 2, 3, 0): 90, (2, 3, 0, 1): 180, (3, 0, 1, 2): 270}
# Opposite sensors that change places are, with every magnet's poles exchanged, the board in a mirror.
_MIRRORS = {(0, 2): "x", (1, 3): "y"}
ALL_AXES: list[Axes] = [
    (sx * (a + 1), sy * (b + 1), sz * (c + 1))
    for a, b, c in itertools.permutations(range(AXES))
    for sx, sy, sz in itertools.product((1, -1), repeat=AXES)
    if (sx * (a + 1), sy * (b + 1), sz * (c + 1)) not in ((1, 2, 3), (-1, -2, -3))
]


def _misfit(frames: Array) -> float:
    """Of the worst sensor: the best tenth of the frames in which it is not faint."""
    _, found = lone_sightings(frames, Mounting(), UNKNOWN)
    size = np.linalg.norm(frames, axis=2)
    loud = size > NOT_FAINT * size.max(axis=1, keepdims=True)
    parts = [np.quantile(found.misfit[rows], BEST_PART) for rows in loud.T if rows.sum() >= OF_SENSOR]
    return float(max(parts, default=0.0))


def _axes_by_the_others(frames: Array, sensor: int) -> tuple[Axes | None, float]:
    """Which of its axes shows which of the board's, where that is clear; and how well the others agree."""
    error = np.hypot(0.01, UNKNOWN * np.linalg.norm(frames, axis=2))
    error[:, sensor] = 1e3
    board = Mounting()
    _, found = lone_sightings(frames, board, UNKNOWN, error_mt=error)
    agreed = found.misfit * np.sqrt(SENSORS / (SENSORS - 1.0))
    rows = agreed <= np.quantile(agreed, BEST_PART)
    wanted = dipole_mt(found.places_mm[rows], found.moments[rows], board.points_mm())[:, sensor]
    even = 1.0 / np.maximum(np.linalg.norm(wanted, axis=1, keepdims=True), 0.05)
    shown = np.linalg.lstsq(wanted * even, frames[rows, sensor] * even, rcond=None)[0].T
    matrix = shown / max(float(np.cbrt(abs(np.linalg.det(shown)))), 1e-9)
    nearest = np.abs(matrix).argmax(axis=1)
    level = float(np.median(agreed[rows]))
    if len(set(nearest.tolist())) < AXES:
        return None, level
    signs = np.sign(matrix[range(AXES), nearest])
    ideal = np.zeros((AXES, AXES))
    ideal[range(AXES), nearest] = signs
    if np.array_equal(ideal, np.eye(AXES)):
        return None, level
    by_board = ideal.T  # row: the board's axis, column: the chip's that shows it
    axes = tuple(
        int(by_board[axis].sum()) * (int(np.abs(by_board[axis]).argmax()) + 1) for axis in range(AXES)
    )
    return (axes[0], axes[1], axes[2]), level


def righted(frames: Array, sensor: int, axes: Axes) -> Array:
    """The frames as they would be with these axes taken for x, y, z; sensor -1: of all of them."""
    righted: Array = frames.copy()
    part = slice(None) if sensor < 0 else slice(sensor, sensor + 1)
    righted[:, part] = np.stack([np.sign(a) * frames[:, part, abs(a) - 1] for a in axes], axis=-1)
    return righted


def wiring_words(wiring: Wiring, *, placed: bool = False) -> tuple[str, str]:
    """Cause and remedy of the arrangement that was found.

    `placed`: by a ball whose place and pole are known, so that no other board feels the same.
    """
    if wiring.order is not None:
        moved = [k for k in range(SENSORS) if wiring.order[k] != k]
        names = ", ".join(str(k + 1) for k in moved[:-1]) + f" and {moved[-1] + 1}"
        swapped = all(wiring.order[wiring.order[k]] == k for k in moved)
        if len(moved) == 2:
            # The same board, seen in a mirror.
            axis = "" if placed else _MIRRORS.get((moved[0], moved[1]), "")
            sign = f", or every sensor shows {axis} with the wrong sign" if axis else ""
            do = "swap their cables, or their addresses in the settings"
            return f"sensors {names} are exchanged{sign}", do
        how = "exchanged in pairs" if swapped else "exchanged in a ring"
        quarter = None if placed else _ROUND.get(wiring.order)
        if quarter is not None:  # the same board, seen from another side: nothing tells the two apart
            how += f", or every sensor is turned by {quarter} degrees"
        stands = ", ".join(f"{k + 1} where {wiring.order[k] + 1} should be" for k in moved)
        return (
            f"sensors {names} are {how} ({stands})",
            "put their cables, or their addresses in the settings, right",
        )
    assert wiring.turned is not None
    sensor, axes = wiring.turned
    who = "every sensor" if sensor < 0 else f"sensor {sensor + 1}"
    return f"{who} {_turned_words(axes)}", "mount it as drawn, or set its axes in the settings"


def _turned_words(axes: Axes) -> str:
    quarter = {(-2, 1, 3): 90, (-1, -2, 3): 180, (2, -1, 3): 270}
    if axes in quarter:
        return f"is mounted turned by {quarter[axes]} degrees"
    signs = [a for a, place in zip(axes, (1, 2, 3), strict=True) if a == -place]
    if len(signs) == 1 and sorted(map(abs, axes)) == [abs(a) for a in axes]:
        return f"shows {'xyz'[abs(signs[0]) - 1]} with the wrong sign"
    matrix = np.zeros((AXES, AXES))
    for row, axis in enumerate(axes):
        matrix[row, abs(axis) - 1] = np.sign(axis)
    if np.linalg.det(matrix) > 0 and axes[2] == -3:
        return "is mounted upside down"
    if axes == (-1, -2, -3):
        return "shows everything with the wrong sign"
    mirror = "mirrored" if np.linalg.det(matrix) < 0 else "turned"
    shown = " ".join(("-" if a < 0 else "") + "xyz"[abs(a) - 1] for a in axes)
    return f"is {mirror}: its {shown} are the board's x y z"
