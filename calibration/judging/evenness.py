"""How much a millimetre is worth, everywhere on the board: the map of touch per millimetre.

A marble lies on the board and is moved by a millimetre, in any direction; the twelve touches change by so
much, root mean square over the directions, length over the touches. Where the map is uneven a hand that moves
evenly is heard unevenly.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.patches import Circle

from calibration.board_model import Mounting, ball_moment, dipole_mt
from calibration.model import CHANNELS, SENSORS, Array, Calibration
from calibration.stage.reference import dead_zone, static_touch
from geometry import BoardGeometry
from sensors.simulation.magnets import stack_field_ut

STEP_MM, NUDGE_MM, NEAR_MM = 5.0, 0.05, 60.0
POLES = ("as it turns", "held upright")
WANTED = 3.0


@dataclass(frozen=True)
class Evenness:
    """places_mm [N, 2]; per_mm [N] change of touch in a millimetre, 0 where nothing is felt.

    `name` says of which response, `pole` how the marble is held.
    """

    name: str
    pole: str
    places_mm: Array
    per_mm: Array

    @property
    def ratio(self) -> float:
        """Largest over smallest."""
        return float(self.per_mm.max() / max(float(self.per_mm.min()), 1e-12))

    @property
    def usual_ratio(self) -> float:
        """The same of nine places in ten."""
        low, high = np.quantile(self.per_mm, (0.05, 0.95))
        return float(high / max(float(low), 1e-12))

    def plain(self) -> dict[str, Any]:
        """For JSON."""
        numbers = {"ratio": self.ratio, "usual_ratio": self.usual_ratio}
        lists = {"places_mm": self.places_mm.tolist(), "per_mm": self.per_mm.tolist()}
        return {"name": self.name, "pole": self.pole, **numbers, **lists}

    def line(self) -> str:
        """For a reader."""
        return (
            f"{self.name:<34} {self.pole:<14} {self.per_mm.min():.4f} to {self.per_mm.max():.4f} a mm, "
            f"{self.ratio:5.1f} : 1; nine places in ten {self.usual_ratio:.1f} : 1 (wanted {WANTED:g})"
        )


Response = Callable[[Array], Array]


def places() -> Array:
    """[N, 2] mm: where a marble lies, within NEAR_MM of the middle of a ring."""
    board = BoardGeometry()
    side = np.arange(-130.0, 130.1, STEP_MM)
    x, y = (grid.ravel() for grid in np.meshgrid(side, side))
    flat = np.stack([x, y], axis=1)
    apart = np.linalg.norm(flat[:, None] - board.attractors_mm()[None], axis=2)
    return np.asarray(flat[apart.min(axis=1) <= NEAR_MM])


def evenness(name: str, pole: str, respond: Response, ball_mm: float = 15.0) -> Evenness:
    """The map of one response [N, 12] mT -> [N, 12]; `pole` one of POLES."""
    flat = places()
    lying = np.c_[flat, np.full(len(flat), ball_mm / 2.0)]
    changes = []
    for way in NUDGE_MM * np.eye(3)[:2]:
        there, here = (respond(_field(lying + sign * way, pole, ball_mm)) for sign in (1.0, -1.0))
        changes.append((there - here) / (2.0 * NUDGE_MM))
    return Evenness(name, pole, flat, np.sqrt(np.mean(np.sum(np.square(changes), axis=2), axis=0)))


def evenness_of(calibration: Calibration, ball_mm: float = 15.0) -> list[Evenness]:
    """For both ways to hold a marble: before, with every axis bent by itself, and after, as it is played."""
    response = calibration.response
    reach = response.reach_mt - response.dead_zone_mt

    def alone(field_mt: Array) -> Array:
        pressed = dead_zone(field_mt, response.dead_zone_mt)
        return np.asarray(np.arcsinh(pressed / response.knee_mt) / np.arcsinh(reach / response.knee_mt))

    ways: dict[str, Response] = {
        "before: every axis by itself": alone,
        "after: each sensor's whole field": lambda field: static_touch(field, response),
    }
    return [evenness(name, pole, respond, ball_mm) for pole in POLES for name, respond in ways.items()]


def picture(maps: list[Evenness]) -> bytes:
    """PNG: the maps side by side in one scale of colours."""
    sheet = Figure(figsize=(4.2 * len(maps) / 2 + 1.0, 8.4), layout="constrained", facecolor="white")
    low, high = min(one.per_mm.min() for one in maps), max(one.per_mm.max() for one in maps)
    cells = sheet.subplots(len(maps) // 2, 2, squeeze=False)
    shown: Any = None
    for axes, one in zip(cells.ravel(), maps, strict=True):
        shown = axes.scatter(
            *one.places_mm.T, c=one.per_mm, s=26, marker="s", norm=LogNorm(max(low, 1e-4), high)
        )
        for centre in BoardGeometry().attractors_mm():
            axes.add_patch(Circle(tuple(centre), NEAR_MM, fill=False, color="#d5dbe1"))
        axes.set(aspect="equal", xlim=(-130, 130), ylim=(-130, 130))
        axes.set_axis_off()
        axes.set_title(f"{one.name}\nmarble {one.pole}: {one.ratio:.1f} : 1", fontsize=9)
    sheet.colorbar(shown, ax=cells, label="touch per millimetre", shrink=0.6)
    buffer = io.BytesIO()
    sheet.savefig(buffer, format="png", dpi=120, metadata={"Software": None})
    return buffer.getvalue()


def _field(lying_mm: Array, pole: str, ball_mm: float) -> Array:
    """[N, 12] mT at the sensors of a marble at [N, 3]."""
    along = np.tile([0.0, 0.0, 1.0], (len(lying_mm), 1))
    if pole == POLES[0]:
        along = stack_field_ut(BoardGeometry(), lying_mm)
        along = along / np.linalg.norm(along, axis=1, keepdims=True)
    field = dipole_mt(lying_mm, ball_moment(ball_mm) * along, Mounting().points_mm())
    assert field.shape[1] == SENSORS
    return np.asarray(field.reshape(-1, CHANNELS))
