"""Fields of the simulated magnets: tables, symmetry, scaling."""

from __future__ import annotations

import numpy as np
import pytest

from geometry import BoardGeometry
from sensors.simulation.magnets import ball_field_ut, ring_field_ut, stack_field_ut

UP = np.array([[0.0, 0.0, 1.0]])
ORIGIN = np.zeros((1, 3))


@pytest.mark.parametrize(
    ("diameter_mm", "surface_mm", "on_axis_mt", "side_mt"),
    [(10, 10, 32, 16), (15, 10, 68, 34), (15, 20, 17.6, 8.8), (20, 20, 32, 16), (20, 60, 2.5, 1.26)],
)
def test_ball_against_the_table(
    diameter_mm: float, surface_mm: float, on_axis_mt: float, side_mt: float
) -> None:
    distance = diameter_mm / 2 + surface_mm
    points = np.array([[0.0, 0.0, distance], [distance, 0.0, 0.0]])
    field = ball_field_ut(diameter_mm, 1.30, ORIGIN, UP, points)[0] / 1000
    assert field[0, 2] == pytest.approx(on_axis_mt, rel=0.03)
    assert -field[1, 2] == pytest.approx(side_mt, rel=0.03)


def test_disc_and_stack_against_the_table() -> None:
    disc = ring_field_ut((30.0, 0.0, 4.0), 1.30, ORIGIN, UP, np.array([[0.0, 0.0, 22.0], [45.0, 0.0, 0.0]]))
    assert disc[0, 0, 2] / 1000 == pytest.approx(31, rel=0.02)
    assert -disc[0, 1, 2] / 1000 == pytest.approx(3.7, rel=0.02)
    at_sensor = stack_field_ut(BoardGeometry(stack_gap_mm=30.0), BoardGeometry().sensors_mm())
    assert at_sensor[0, 2] / 1000 == pytest.approx(23, rel=0.05)  # the other three take a little away


def test_a_ring_turned_over_is_the_ring_reversed() -> None:
    points = np.array([[12.0, -7.0, 25.0], [0.0, 0.0, -30.0]])
    size = (30.0, 14.0, 6.0)
    up = ring_field_ut(size, 1.3, ORIGIN, UP, points)
    down = ring_field_ut(size, 1.3, ORIGIN, -UP, points)
    np.testing.assert_allclose(down, -up, atol=1e-6)


def test_a_tilted_disc_is_the_tilted_field() -> None:
    size = (20.0, 0.0, 5.0)
    upright = ring_field_ut(size, 1.3, ORIGIN, UP, np.array([[0.0, 0.0, 30.0]]))[0, 0]
    lying = ring_field_ut(size, 1.3, ORIGIN, np.array([[1.0, 0.0, 0.0]]), np.array([[30.0, 0.0, 0.0]]))[0, 0]
    np.testing.assert_allclose(lying, [upright[2], 0.0, 0.0], atol=1e-6)


def test_far_away_a_ball_falls_with_the_third_power() -> None:
    near, far = ball_field_ut(15.0, 1.3, ORIGIN, UP, np.array([[0.0, 0.0, 50.0], [0.0, 0.0, 100.0]]))[0]
    assert near[2] / far[2] == pytest.approx(8.0)


def test_the_four_attractors_are_alike() -> None:
    geometry = BoardGeometry()
    field = stack_field_ut(geometry, geometry.sensors_mm())
    np.testing.assert_allclose(field[:, 2], field[0, 2])
    np.testing.assert_allclose(np.hypot(field[:, 0], field[:, 1]), np.hypot(*field[0, :2]))
