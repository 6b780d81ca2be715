"""A small piece of what bench/harsh_calibration.py prints: other hands, worse boards, faults by name."""

from __future__ import annotations

import numpy as np
import pytest

from calibration.fitting.evening import fit_rest, raw_play
from calibration.fitting.lone import lone_on_known_board, told_by_lone_magnets
from calibration.fitting.spots import and_play, fit_spots
from calibration.fitting.wiring import check_wiring, wiring_words
from tests.support.harsh.boards import SIDEWAYS, Board
from tests.support.harsh.faults import FAULTS
from tests.support.harsh.hands import hand
from tests.support.harsh.table import compare, try_fault

NAMED = (
    "sensor 2 turned 90",
    "sensor 3 upside down (-1, 1, -1)",
    "sensor 2 z wrong sign",
    "sensors 1 and 3 exchanged",
    "sensors in a ring 1234",
    "stack 4 upside down",
    "counts wrap at 4.9 mT",
    "ambient (0.0, 0.0, -0.15) while empty",
)


def test_boards_with_everything_off_agree_in_other_hands() -> None:
    row = compare("", SIDEWAYS, 3)
    for touches, most in ((row.play, 0.06), (row.spots, 0.035)):
        apart = [np.sqrt(np.mean((touches[k] - touches[k - 1]) ** 2)) for k in range(3)]
        assert max(apart) < most
    assert row.not_ready == []


def test_spots_tell_gain_from_place() -> None:
    """1.5 mm beside: gain within 2 %, place within 0.3 mm at the median of the worst axes."""
    gains, places = [], []
    for seed in range(8):
        board = Board(seed, SIDEWAYS)
        found = fit_spots(board.spots()).mounting
        gains.append(np.abs(found.gain / board.mounting.gain - 1.0).max())
        places.append(np.abs(found.shift_mm - board.mounting.shift_mm).max())
    assert max(gains) < 0.02
    assert np.median(places) < 0.3


def test_one_marble_alone_tells_the_board() -> None:
    """Its three by three numbers to less than half of what they were off by."""
    board = Board(3, SIDEWAYS)
    rest = board.mounting.shows(board.static_mt() + board.ambient_mt) + board.offset_mt
    played = board.record(hand(1003), "play").field_mt - rest
    told = told_by_lone_magnets(played.reshape(-1, 12))
    assert told is not None
    assert told.sure
    left = told.mounting.matrices() @ np.linalg.inv(board.mounting.matrices())
    left /= np.cbrt(np.linalg.det(left)).mean()
    before = np.linalg.inv(board.mounting.matrices())
    assert np.linalg.norm(left - np.eye(3)) < np.linalg.norm(before - np.eye(3)) / 2.0
    assert check_wiring(played.reshape(-1, 12)[:, [3, 4, 5, 0, 1, 2, *range(6, 12)]]).order == (1, 0, 2, 3)


@pytest.mark.parametrize("name", NAMED)
def test_a_fault_is_never_ready_and_named(name: str) -> None:
    number = next(k for k, fault in enumerate(FAULTS) if fault.name == name)
    outcome = try_fault(FAULTS[number], 500 + number, SIDEWAYS)
    assert not outcome.deceives
    assert outcome.named, outcome.words


def test_a_ring_and_a_turned_board_cannot_be_told_apart() -> None:
    from calibration.fitting.wiring import Wiring

    cause, _ = wiring_words(Wiring(3.0, order=(1, 2, 3, 0)))
    assert "every sensor is turned by 90 degrees" in cause


def test_a_lone_marble_makes_the_spots_surer() -> None:
    """What a hand's 0.2 mm leaves open, the frames of one marble close: gain and place, over four boards."""
    alone, both = [], []
    for seed in (0, 1, 3, 9):
        board = Board(seed, SIDEWAYS)
        rest = fit_rest(board.record(hand(5, 5.0), "empty", play=False, stream=1))
        raw = raw_play(board.record(hand(1000 + seed, 14.0), "play", stream=2), rest)
        readings = board.spots()
        found = fit_spots(readings)
        told = told_by_lone_magnets(raw, found.mounting)
        assert told is not None
        joined = and_play(readings, found, lone_on_known_board(raw, found.mounting, told.strength))
        for errors, mounting in ((alone, found.mounting), (both, joined.mounting)):
            gain = np.abs(mounting.gain / board.mounting.gain - 1.0).max()
            errors.append((gain, np.abs(mounting.shift_mm - board.mounting.shift_mm).max()))
    assert (np.mean(both, axis=0) < 0.9 * np.mean(alone, axis=0)).all()
    assert (np.max(both, axis=0) < (0.015, 0.3)).all()
