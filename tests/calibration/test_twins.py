"""Arrangements of marbles that one board cannot tell apart: the lower bound of what height costs."""

from __future__ import annotations

import numpy as np
import pytest

from calibration.carry import carried, carry_from
from calibration.model import CHANNELS, Array, Response
from calibration.stage.reference import static_touch
from tests.calibration.conftest import dipole_mt
from tests.support.proof.twins import MARBLES_MM, PLAY_RADIUS_MM, Twins, find_twins, no_better_than

RESPONSE = Response(np.tile([12.0, 10.0, 30.0], 4), np.full(CHANNELS, 0.02))
HIGH_MM = 3.0
SEED = 1


def touch(field_mt: Array) -> Array:
    return static_touch(field_mt, RESPONSE)


def felt(arrangement: Array, height_mm: float) -> Array:
    """[12] by the dipoles of these tests: sensors that are higher are marbles that are lower."""
    places = arrangement[:, 0] - np.array([0.0, 0.0, height_mm])
    return dipole_mt(places, arrangement[:, 1]).sum(axis=0).ravel()


@pytest.fixture(scope="module")
def twins() -> Twins:
    return find_twins(SEED, np.full(4, HIGH_MM), np.zeros(4), touch)


def test_the_high_board_feels_no_difference_and_the_right_one_does(twins: Twins) -> None:
    one, other = (felt(each, HIGH_MM) for each in (twins.one, twins.other))
    assert one == pytest.approx(other, abs=1e-5)
    assert np.abs(one).max() > 0.5
    apart = touch(felt(twins.one, 0.0)) - touch(felt(twins.other, 0.0))
    assert np.sqrt(np.mean(apart**2)) == pytest.approx(twins.apart, abs=1e-6)
    assert twins.apart > 0.03


def test_both_are_marbles_that_can_lie_there(twins: Twins) -> None:
    for arrangement in (twins.one, twins.other):
        places, moments = arrangement[:, 0], arrangement[:, 1]
        assert places[:, 2] == pytest.approx(MARBLES_MM / 2.0)
        assert (np.hypot(places[:, 0], places[:, 1]) < PLAY_RADIUS_MM).all()
        for first in range(4):
            for second in range(first):
                least = (MARBLES_MM[first] + MARBLES_MM[second]) / 2.0
                assert np.linalg.norm(places[first] - places[second]) >= least
        strength = np.linalg.norm(moments, axis=1)
        assert strength == pytest.approx(1.83 * (MARBLES_MM / 15.0) ** 3, rel=0.01)


def test_the_carry_cannot_beat_the_bound(twins: Twins) -> None:
    """It plays both alike on the high board, so one of the two is wrong by half at least."""
    carry = carry_from(np.full(4, HIGH_MM))
    wrong = [
        np.sqrt(np.mean((touch(carried(felt(each, HIGH_MM), carry)) - touch(felt(each, 0.0))) ** 2))
        for each in (twins.one, twins.other)
    ]
    assert max(wrong) >= 0.5 * twins.apart - 1e-6


def test_boards_alike_have_no_twins() -> None:
    same = np.full(4, 1.5)
    assert find_twins(SEED, same, same, touch).apart < 1e-6


def test_the_bound_grows_with_height() -> None:
    """Three millimetres forbid 2 % for all play; half a millimetre does not."""
    assert no_better_than(0.5, touch) < 0.01
    assert no_better_than(3.0, touch) > 0.02
