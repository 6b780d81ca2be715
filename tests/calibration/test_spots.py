"""Known spots and localisation against boards whose truth is known."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from calibration import CalibrationError
from calibration.board_model import Mounting, ball_moment, dipole_mt
from calibration.fitting.localise import Found, locate
from calibration.fitting.spots import fit_spots, printed_spots
from calibration.screen.terminal import shim_words
from tests.support.proof.boards import ImperfectBoard

MOMENT = ball_moment(15.0)


def test_a_sensor_that_sits_far_off_is_to_be_shimmed() -> None:
    words = shim_words(np.array([2.34, -1.4, -1.6, 0.0]))
    assert words.startswith("sensor 1 sits 2.3 mm too high, sensor 3 sits 1.6 mm too low: shim")
    assert "sensor 2" not in words
    assert shim_words(np.array([1.5, -1.5, 0.0, 1.0])) == ""


def test_a_dipole_against_its_textbook_axes() -> None:
    """On the axis B = mu0 m / 2 pi r^3, beside it half of that and the other way."""
    points = np.array([[0.0, 0, 50], [50.0, 0, 0]])
    above, beside = dipole_mt(np.zeros(3), np.array([0, 0, 2.0]), points)
    axial = 1e3 * 2e-7 * 2.0 / 0.05**3
    assert above == pytest.approx([0, 0, axial])
    assert beside == pytest.approx([0, 0, -axial / 2])


def test_the_model_agrees_with_magpylib() -> None:
    import magpylib

    ball = magpylib.magnet.Sphere(
        diameter=0.015, polarization=(0.3, -0.4, 1.2), position=(0.02, -0.05, 0.0075)
    )
    points = Mounting().points_mm()
    oracle = 1e3 * magpylib.getB(ball, points * 1e-3)
    moment = ball_moment(15.0, 1.0) * np.array([0.3, -0.4, 1.2])
    assert dipole_mt(np.array([20.0, -50.0, 7.5]), moment, points) == pytest.approx(oracle, rel=1e-6)


def test_a_mounting_and_its_correction_are_inverse() -> None:
    mounting = ImperfectBoard(5).mounting
    field = np.random.default_rng(0).standard_normal((7, 4, 3))
    back = mounting.shows(field).reshape(7, 12) @ mounting.correction().T
    assert back == pytest.approx(field.reshape(7, 12), abs=1e-12)


@pytest.mark.parametrize("seed", range(12))
def test_gain_rotation_and_height_are_found(seed: int) -> None:
    """Gain: the worst of twelve axes. Sixteen balls put down to 0.2 mm cannot tell a sensor's gain from its
    place and its cross-axis any better (with these two known to be nought it would be 0.7 %)."""
    board = ImperfectBoard(1000 + seed)
    found = fit_spots(board.spots())
    assert np.abs(found.mounting.gain / board.mounting.gain - 1).max() < 0.015
    assert board.rotation_error_deg(found.mounting) < 0.5
    assert np.abs(found.mounting.height_mm - board.mounting.height_mm).max() < 0.15
    assert found.residual < 0.003


def test_the_slopes_are_those_of_the_residuals() -> None:
    """What a step is made of against plain differences, unknown by unknown, on a board that is off."""
    from calibration.fitting import bundle

    rng, readings = np.random.default_rng(0), ImperfectBoard(3).spots()
    count = len(readings.field_mt)
    board = 0.3 * rng.standard_normal((4, bundle.OF_SENSOR))
    places = readings.places_mm + 0.1 * rng.standard_normal((count, 3))
    moments = MOMENT * (np.array([0.0, 0.0, 1.0]) + 0.1 * rng.standard_normal((count, 3)))
    seen = bundle.Sightings(
        field_mt=readings.field_mt,
        error_mt=0.01 + 0.1 * rng.uniform(size=(count, 4)),
        places_mm=readings.places_mm,
        places_error_mm=np.full((count, 3), 0.3),
        moments=moments,
        strength=np.full(count, MOMENT),
        strength_error=np.full(count, 0.002),
        weight=np.ones(count),
    )

    def shown(board: np.ndarray, places: np.ndarray, moments: np.ndarray) -> np.ndarray:
        return bundle._residuals(seen, board, places, moments)[0].reshape(count, 4, 3)

    frame = bundle._frame_slopes(seen, board, places, moments).reshape(count, 4, 3, bundle.OF_FRAME)
    sensor = bundle._sensor_slopes(seen, board, places, moments, frame)
    nudge = 1e-5
    for unknown in range(bundle.OF_SENSOR):  # every sensor's own unknown at once: no other sensor feels it
        off = nudge * (np.arange(bundle.OF_SENSOR) == unknown)
        plain = (shown(board + off, places, moments) - shown(board - off, places, moments)) / (2 * nudge)
        assert sensor[..., unknown] == pytest.approx(plain, abs=1e-3 * np.abs(plain).max())
    for axis, off in enumerate(nudge * np.eye(3)):
        plain = (shown(board, places + off, moments) - shown(board, places - off, moments)) / (2 * nudge)
        assert frame[..., axis] == pytest.approx(plain, abs=1e-3 * np.abs(plain).max())
        more, less = (shown(board, places, moments + way * MOMENT * off) for way in (1, -1))
        plain = (more - less) / (2 * nudge)
        assert frame[..., 3 + axis] == pytest.approx(plain, abs=1e-3 * np.abs(plain).max())


def test_a_ball_on_the_wrong_spot_is_named() -> None:
    readings = ImperfectBoard(0).spots()
    field = readings.field_mt.copy()
    field[2] = field[1]
    with pytest.raises(CalibrationError, match=r"ball of placement 3 .* mm beside its mark"):
        fit_spots(dataclasses.replace(readings, field_mt=field))


def test_a_second_ball_on_the_board_is_refused() -> None:
    readings = ImperfectBoard(0).spots()
    other = dipole_mt(np.array([10.0, 20, 7.5]), MOMENT * np.array([0, 1.0, 0]), Mounting().points_mm())
    with pytest.raises(CalibrationError, match=r"beside its mark|unexplained|sensors as in the settings"):
        fit_spots(dataclasses.replace(readings, field_mt=readings.field_mt + other))


def test_a_sensor_turned_by_a_quarter_is_named() -> None:
    readings = ImperfectBoard(0).spots()
    field = readings.field_mt.copy()
    field[:, 1, 0], field[:, 1, 1] = -readings.field_mt[:, 1, 1], readings.field_mt[:, 1, 0]
    with pytest.raises(CalibrationError, match=r"sensor 2 turned by [89]. degrees"):
        fit_spots(dataclasses.replace(readings, field_mt=field))


def test_too_few_spots_are_refused() -> None:
    readings = ImperfectBoard(0).spots()
    few = dataclasses.replace(readings, field_mt=readings.field_mt[:5], places_mm=readings.places_mm[:5])
    with pytest.raises(CalibrationError, match="at least 6 placements"):
        fit_spots(few)


def test_the_printed_spots_are_those_of_the_board() -> None:
    places = np.array([spot.place_mm for spot in printed_spots()])
    assert np.linalg.norm(places[:4], axis=1) == pytest.approx([65] * 4)
    assert np.linalg.norm(places[4:], axis=1) == pytest.approx([65 / np.sqrt(2)] * 4)


def thrown(rng: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
    angle, radius = rng.uniform(0, 2 * np.pi, count), 95 * np.sqrt(rng.uniform(size=count))
    place = np.stack([radius * np.cos(angle), radius * np.sin(angle), np.full(count, 7.5)], axis=1)
    pole = rng.standard_normal((count, 3))
    return place, MOMENT * pole / np.linalg.norm(pole, axis=1, keepdims=True)


def test_one_ball_is_located_cold() -> None:
    rng, points, errors = np.random.default_rng(1), Mounting().points_mm(), []
    for _ in range(30):
        place, moment = thrown(rng, 1)
        field = dipole_mt(place, moment, points)[0] + rng.normal(0, 0.005, (4, 3))
        found = locate(field, points, moment=MOMENT, height_mm=7.5)
        errors.append(np.linalg.norm(found.position_mm - place))
    assert np.median(errors) < 1.0
    assert np.quantile(errors, 0.9) < 2.5


def test_a_warm_start_follows_a_rolling_ball() -> None:
    points, last = Mounting().points_mm(), None
    for angle in np.linspace(0, 2 * np.pi, 40):
        place = np.array([[70 * np.cos(angle), 50 * np.sin(angle), 7.5]])
        moment = MOMENT * np.array([[np.sin(angle), 0.0, np.cos(angle)]])
        last = locate(dipole_mt(place, moment, points)[0], points, moment=MOMENT, last=last)
        assert np.linalg.norm(last.position_mm - place) < 0.5


def test_two_balls_of_known_height_are_told_apart() -> None:
    rng, points, errors = np.random.default_rng(4), Mounting().points_mm(), []
    while len(errors) < 6:
        place, moment = thrown(rng, 2)
        if np.linalg.norm(place[0] - place[1]) < 40:
            continue
        field = dipole_mt(place, moment, points).sum(axis=0) + rng.normal(0, 0.005, (4, 3))
        found: Found = locate(field, points, moment=MOMENT, balls=2, height_mm=7.5)
        orders = (found.position_mm, found.position_mm[::-1])
        errors.append(min(np.linalg.norm(order - place, axis=1).max() for order in orders))
    assert np.median(errors) < 2.0


def test_a_second_magnet_shows_in_the_residual() -> None:
    points = Mounting().points_mm()
    place = np.array([[-60.0, 5, 7.5], [50, -40, 7.5]])
    field = dipole_mt(place, MOMENT * np.array([[0, 0, 1.0], [0, 1.0, 0]]), points).sum(axis=0)
    alone = dipole_mt(place[:1], MOMENT * np.array([[0, 0, 1.0]]), points)[0]
    assert locate(alone, points, moment=MOMENT).residual < 1e-3
    assert locate(field, points, moment=MOMENT).residual > 0.02
