"""Rings: overlap of discs against counted points, the wire below 46 mm, one blur above."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from calibration import Calibration
from graphs.player import GraphPlayer
from mapping import names, touch_graph
from mapping.channels import wiring
from mapping.families.rings import NEIGHBOUR_MM, OPPOSITE_MM, overlap
from tests.support.plain_board import field_of

HERE = {"valid": np.ones(4), "temperature": np.full(4, 25.0), "dt": 0.005}


@pytest.mark.parametrize("radius", [40.0, 50.7, 66.0, 90.0, 200.0])
@pytest.mark.parametrize("distance", [NEIGHBOUR_MM, OPPOSITE_MM])
def test_overlap_against_counted_points(radius: float, distance: float) -> None:
    side = np.linspace(-radius, radius, 1201)
    x, y = np.meshgrid(side, side)
    inside = x**2 + y**2 < radius**2
    both = inside & ((x - distance) ** 2 + y**2 < radius**2)
    assert overlap(np.array([radius]), distance)[0] == pytest.approx(both.sum() / inside.sum(), abs=2e-3)


def blurred(touch: np.ndarray, radius: float, latents: int) -> np.ndarray:
    matrix = np.eye(4)
    for k in range(4):
        for other in range(4):
            if k != other:
                apart = OPPOSITE_MM if abs(k - other) == 2 else NEIGHBOUR_MM
                matrix[k, other] = overlap(np.array([radius]), apart)[0]
    matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
    return np.asarray(wiring(latents)[:latents] @ (matrix @ touch.reshape(4, 3)).ravel())


@pytest.mark.parametrize("latents", [4, 8, 16])
@pytest.mark.parametrize("radius", [30.0, 45.9, 47.3, 50.7, 66.6, 91.0, 200.0])
def test_graph_against_the_formula(
    calibration: Calibration, gaussian_card: Any, radius: float, latents: int
) -> None:
    player = GraphPlayer(touch_graph(calibration, gaussian_card(latents), mapping="rings"))
    player.set_knob("radius", radius)
    touch = np.random.default_rng(1).uniform(-0.3, 0.3, 12)
    field = field_of(calibration, touch)
    result = player.run(field=field, **HERE)
    wanted = blurred(result["touch"], radius, latents) / calibration.play.touch_rms
    assert result["latent"] == pytest.approx(wanted, abs=1e-6 if radius < 46 else 1e-3)


def test_a_turn_of_the_radius_glides(calibration: Calibration, gaussian_card: Any) -> None:
    player = GraphPlayer(touch_graph(calibration, gaussian_card(8), mapping="rings"))
    field = calibration.rest.offset_mt + 0.5
    player.set_knob("radius", 30.0)
    path = [player.run(field=field, **HERE)["latent"]]
    player.set_knob("radius", 150.0)
    path += [player.run(field=field, **HERE)["latent"] for _ in range(100)]
    whole = np.abs(path[-1] - path[0]).max()
    assert whole > 0.1
    assert np.abs(np.diff(path, axis=0)).max() < 0.3 * whole


def test_both_families_are_offered() -> None:
    assert {"rings", "rotate"} <= set(names())
