"""An evening's log: the board warms, is played, and lies empty between pieces; marbles lie still as well."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from calibration.board_model import ball_moment, dipole_mt
from calibration.fitting.evening import fit_rest
from calibration.fitting.night import Night, Rows, fit_night
from calibration.fitting.warm_up import WarmUp
from calibration.model import AXES, SENSORS, Array, Rest
from tests.support.harsh.boards import SIDEWAYS, Board
from tests.support.harsh.hands import hand
from tests.support.harsh.heat import hot, off_by, shown, warming

SETTLED_K, SETTLED_S = 5.0, 1200
BALL_MM = 15.0


def night(seed: int, hours: float = 2.0) -> tuple[Board, Night, Rows]:
    """A board, the seconds of its evening, and which of them were really empty [N].

    Pieces of 5 to 15 minutes with marbles that lie still for 3 to 20 s again and again; rests of 20 to 90 s.
    """
    board, heat, seconds = Board(seed, SIDEWAYS), hot(seed), int(3600 * hours)
    chips = warming(seed + 300, seconds)
    field, temperature = shown(board, heat, chips, seed + 300)
    rng, now = np.random.default_rng([seed, 93]), 0
    empty, quiet = np.zeros(seconds, bool), np.zeros(seconds, bool)
    while now < seconds:
        begins = now + int(rng.uniform(20, 90))
        empty[now:begins] = quiet[now:begins] = True
        now = begins + int(rng.uniform(300, 900))
        still = begins + int(rng.uniform(10, 60))
        while still < min(now, seconds):
            stays = slice(still, min(still + int(rng.uniform(3, 20)), now, seconds))
            field[stays] += _lying(rng, board) * (1.0 + heat.sensitivity * chips[stays, :, None])
            quiet[stays] = True
            still = stays.stop + int(rng.uniform(10, 60))
    field[~quiet] += rng.normal(0.0, 2.0, (np.count_nonzero(~quiet), SENSORS, AXES))
    return board, Night(WarmUp(np.arange(seconds) + 0.5, field, temperature), quiet), empty


def _lying(rng: np.random.Generator, board: Board) -> Array:
    """[4, 3] mT that one to three marbles add where they lie."""
    total = np.zeros((SENSORS, AXES))
    for _ in range(rng.integers(1, 4)):
        far, turn, pole = (
            115.0 * np.sqrt(rng.uniform()),
            rng.uniform(0.0, 2 * np.pi),
            rng.standard_normal(AXES),
        )
        place = np.array([far * np.cos(turn), far * np.sin(turn), BALL_MM / 2.0])
        moment = ball_moment(BALL_MM) * pole / np.linalg.norm(pole)
        total += board.mounting.shows(dipole_mt(place, moment, board.mounting.points_mm()))
    return total


def calibrated_warm(seed: int) -> Rest:
    """The rest of an earlier evening, taken when board and magnets had settled, without a warm-up."""
    board = Board(seed, SIDEWAYS)
    field, temperature = shown(board, hot(seed), np.full((SETTLED_S, SENSORS), SETTLED_K), seed + 700)
    bare = fit_rest(board.record(hand(5, 5.0), "empty", play=False, stream=1))
    rest = replace(bare, offset_mt=field[-5:].mean(axis=0), temperature_c=temperature[-5:].mean(axis=0))
    return replace(rest, tempco_mt_per_k=bare.tempco_mt_per_k / bare.offset_mt * rest.offset_mt)


def night_left(seed: int) -> tuple[float, float, int]:
    """Most of the reach that the rest is off by on another evening, without and with what the night told; and
    how many seconds with a marble on the board it took for empty."""
    board, log, empty = night(seed)
    rest = calibrated_warm(seed)
    told, went_by = fit_night(log, rest)
    without, left = off_by(seed, board, (rest, told))
    return without, left, int(np.count_nonzero(went_by & ~empty))


def night_lefts(count: int) -> Iterator[tuple[float, float, int]]:
    """Of boards with the seeds 0, 1, ..."""
    return (night_left(seed) for seed in range(count))
