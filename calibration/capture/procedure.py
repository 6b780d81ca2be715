"""The calibration procedure: self-check, empty board, free play, known spots; each a recording."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from calibration.capture.guard import check_board
from calibration.capture.self_check import self_check
from calibration.capture.spot_steps import record_spots
from calibration.capture.steps import OpenStep, Runner, Step, Watcher
from calibration.errors import CalibrationError
from calibration.fitting.coverage import missing_words, visited_cells
from calibration.fitting.evening import DEAD_ZONE_SIGMAS, fit_play, fit_rest, played_field
from calibration.fitting.spots import SpotReadings
from calibration.fitting.warm_up import WarmUp, collect_slowly, warming_of
from calibration.model import CHANNELS, Calibration, Rest, SensorIdentity
from calibration.stretch import Recording

SELF_CHECK = Step("self-check", 3.0, "Nothing to do: the sensors are being asked.", asks=False)
EMPTY = Step("empty board", 5.0, "Take every magnet and both hands away from the board.")
WARM_UP = Step(
    "warm-up",
    600.0,
    "Take every magnet and both hands away, switch tonight's lights on, and leave the board to warm.",
)
ALONE_S = 12.0
FREE_PLAY = Step(
    "free play",
    50.0,
    f"For {ALONE_S:.0f} s roll one marble alone over every ring and between them. "
    "Then play with everything you will use tonight, over the whole board, near and far.",
)
# Below this coverage the reach would be guessed.
LEAST_COVERAGE = 0.35


@dataclass(frozen=True)
class Session:
    """What was recorded: of one board, before anything is fitted; None is a step that was left out."""

    sensors: tuple[SensorIdentity, ...]
    source: str
    empty: Recording | None
    free_play: Recording | None
    spots: SpotReadings | None = None
    checked: bool = True
    warm_up: WarmUp | None = None


def record(
    open_step: OpenStep,
    watcher: Watcher,
    *,
    play_seconds: float = FREE_PLAY.seconds,
    ball_mm: float | None = None,
    warm_up_s: float | None = None,
    last: Calibration | None = None,
) -> Session:
    """Goes through the steps; refuses as soon as one shows that the next would be in vain.

    Args:
        open_step: gives the frames of a step.
        watcher: shows them, and asks the player.
        play_seconds: length of the free play.
        ball_mm: diameter of the ball for the known spots; None leaves them out.
        warm_up_s: how long the board warms before it is taken as empty; None leaves that out.
        last: the calibration in force; without one the empty board cannot be left out.

    Raises:
        CalibrationError: a sensor is at fault, something moved, or a recording cannot be used.
    """
    runner = Runner(open_step, watcher)
    checked = runner.do(SELF_CHECK, lambda recording: _self_check(recording, runner.sensors))
    warm_up = None
    if warm_up_s is not None:
        warm_up = runner.take(replace(WARM_UP, seconds=warm_up_s), collect_slowly, _warm_up)
    known = replace(EMPTY, may_skip=_stands_in(last, runner.sensors))
    empty = runner.do(known, _empty, lambda: _need_last(last, runner.sensors))
    rest = last.rest if empty is None and last is not None else fit_rest(_present(empty))
    free = Step(FREE_PLAY.name, play_seconds, FREE_PLAY.request)
    play = runner.do(free, lambda recording: (recording, _play_words(recording, rest)))
    spots = None if ball_mm is None else record_spots(runner, watcher, rest, ball_mm)
    if runner.sensors is None:
        raise CalibrationError("at least one step", "all of them skipped", "leave one less out")
    if empty is None:
        _need_last(last, runner.sensors)
    return Session(runner.sensors, runner.source, empty, play, spots, checked is not None, warm_up)


def _present(recording: Recording | None) -> Recording:
    assert recording is not None  # without a last calibration it cannot have been left out
    return recording


def _stands_in(last: Calibration | None, sensors: tuple[SensorIdentity, ...] | None) -> bool:
    """Whether the last calibration can stand in for the empty board."""
    try:
        _need_last(last, sensors)
    except CalibrationError:
        return False
    return True


def _need_last(last: Calibration | None, sensors: tuple[SensorIdentity, ...] | None) -> None:
    """Raises a CalibrationError where the last calibration cannot stand in for the empty board."""
    if last is None:
        wanted = "an earlier calibration, to skip the empty board"
        raise CalibrationError(wanted, "none", "take every magnet away and do this step")
    if sensors is not None:
        check_board(last, sensors)


def _self_check(recording: Recording, sensors: tuple[SensorIdentity, ...] | None) -> tuple[Recording, str]:
    assert sensors is not None
    self_check(recording, sensors)
    return recording, f"four sensors, {recording.rate_hz:.0f} frames/s"


def _warm_up(warm_up: WarmUp) -> tuple[WarmUp, str]:
    return warm_up, f"{warming_of(warm_up):.1f} degrees warmer"


def _empty(recording: Recording) -> tuple[Recording, str]:
    rest = fit_rest(recording)
    return recording, f"noise {1000 * rest.noise_mt.max():.1f} µT, still"


def _play_words(play: Recording, rest: Rest) -> str:
    fitted, response = fit_play(play, rest)
    if fitted.coverage < LEAST_COVERAGE:
        field = played_field(play, rest, np.eye(CHANNELS))
        floor = DEAD_ZONE_SIGMAS * float(rest.noise_mt.max())
        missing = missing_words(visited_cells(field, floor, float(np.median(response.reach_mt))))
        got = f"{100 * fitted.coverage:.0f} % of it"
        raise CalibrationError("most of the play room visited", got, f"play {missing}, then repeat")
    return f"{100 * fitted.coverage:.0f} % of the play room visited"
