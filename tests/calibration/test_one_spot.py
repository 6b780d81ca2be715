"""One ball on one spot: healthy boards pass, and what free play cannot tell is told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from calibration.assemble import fit, verdict_of, with_one_spot
from calibration.board_model import Mounting, ball_moment, dipole_mt
from calibration.capture.one_spot_step import one_spot_step
from calibration.errors import CalibrationError
from calibration.fitting.one_spot import SPOT, UPRIGHT, SpotTold, told_by_one_spot
from calibration.fitting.wiring import wiring_words
from calibration.judging.verdict import CARE, READY
from calibration.model import AXES, CHANNELS, Array, Calibration
from calibration.screen.terminal import TerminalWatcher
from lodestone.cli import build_app
from tests.support.harsh.boards import SIDEWAYS, STACKS, Board
from tests.support.harsh.faults import FAULTS, axes, mount
from tests.support.harsh.hands import hand
from tests.support.harsh.table import empty_hand

BALL_MM = 15.0
MOMENT = ball_moment(BALL_MM)


def shown(board: Board) -> Array:
    """[4, 3] what the chips show of the ball, put down to a millimetre, its pole to six degrees."""
    random = np.random.default_rng([board.seed, 77])
    place = np.array([*SPOT.place_mm, BALL_MM / 2.0]) + np.r_[random.normal(0.0, 1.0, 2), 0.0]
    pole = UPRIGHT + np.r_[random.normal(0.0, 0.1, 2), 0.0]
    ball = dipole_mt(place, MOMENT * pole / np.linalg.norm(pole), board.mounting.points_mm())
    rest = board.mounting.shows(board.static_mt() + board.ambient_mt) + board.offset_mt
    with_ball = board.mounting.shows(ball) + rest
    if board.shown is None:
        return np.asarray(with_ball - rest)
    return np.asarray(board.shown(with_ball[None])[0] - board.shown(rest[None])[0])


def told(board: Board) -> SpotTold:
    return told_by_one_spot(shown(board), Mounting().points_mm(), BALL_MM, MOMENT)


def broken(name: str) -> Board:
    number = next(k for k, fault in enumerate(FAULTS) if fault.name == name)
    board = Board(500 + number, SIDEWAYS)
    FAULTS[number].breaks(board)
    return board


def judged(board: Board) -> tuple[Calibration, Any]:
    session = board.session(empty_hand(), hand(3000 + board.seed), spots=False)
    calibration = fit(session, board="", magnet_set="")
    found = verdict_of(calibration)
    assert found is not None
    return calibration, found[1]


def after_the_spot(board: Board, calibration: Calibration) -> Any:
    field = (calibration.correction @ shown(board).ravel()).reshape(-1, AXES)
    assert field.size == CHANNELS
    judged_anew = with_one_spot(calibration, told_by_one_spot(field, Mounting().points_mm(), BALL_MM, MOMENT))
    found = verdict_of(judged_anew)
    assert found is not None
    return found[1]


def test_healthy_boards_pass() -> None:
    found = [told(Board(seed, STACKS)) for seed in range(200)]
    assert all(one.plausible for one in found), max(one.misfit for one in found)
    assert all(0.8 < one.shows < 1.25 for one in found)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("sensors in a ring 1234", "exchanged in a ring (1"),
        ("sensors in a ring 4321", "exchanged in a ring (1"),
        ("every sensor turned 90", "every sensor is mounted turned by 90 degrees"),
        ("every sensor turned 180", "every sensor is mounted turned by 180 degrees"),
        ("every x wrong sign", "every sensor shows x with the wrong sign"),
        ("every z wrong sign", "every sensor shows z with the wrong sign"),
        ("every sign wrong", "every sensor shows everything with the wrong sign"),
        ("sensors 1 and 3 exchanged", "sensors 1 and 3 are exchanged"),
        ("sensors 2 and 4 exchanged", "sensors 2 and 4 are exchanged"),
        ("sensors in a two pairs", "exchanged in pairs"),
    ],
)
def test_boards_that_play_like_another_are_told_apart(name: str, words: str) -> None:
    """Without "or": free play alone names two boards, or none where magnets and signs are turned together."""
    found = told(broken(name))
    assert found.wiring.found
    cause = wiring_words(found.wiring, placed=True)[0]
    assert words in cause
    assert " or " not in cause


@pytest.mark.parametrize("name", ["sensors in a ring 1234", "sensors 1 and 3 exchanged"])
def test_without_the_spot_two_boards_are_named(name: str) -> None:
    assert ", or every sensor" in wiring_words(told(broken(name)).wiring)[0]


def test_what_all_chips_show_is_found_by_the_spot_alone() -> None:
    board = Board(900, SIDEWAYS)
    mount(slice(None), gain=1.6)(board)
    calibration, verdict = judged(board)
    assert verdict.level == READY
    assert "one ball on one spot (10 s)" in verdict.unchecked
    anew = after_the_spot(board, calibration)
    assert anew.level == CARE
    assert "all chips together show 1.6" in anew.findings[0].cause


def test_a_sensor_that_nothing_explains_is_suspected() -> None:
    board = Board(902, SIDEWAYS)
    axes(2, np.diag([1.0, 1.0, -1.0]))(board)
    found = told(board)
    assert not found.plausible
    assert (found.wiring.found, found.wiring.suspect) == (False, 2)


def test_no_ball_is_one_line() -> None:
    with pytest.raises(CalibrationError, match="one 15 mm ball on the centre of ring 1") as refused:
        told_by_one_spot(np.full((4, 3), 0.01), Mounting().points_mm(), BALL_MM, MOMENT)
    assert "\n" not in str(refused.value)


def test_the_command_takes_the_step_and_judges_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[str] = []
    begin = TerminalWatcher.begin

    def noted(self: TerminalWatcher, step: Any) -> Any:
        begun.append(step.name)
        return begin(self, step)

    monkeypatch.setattr(TerminalWatcher, "begin", noted)
    out = str(tmp_path / "a.calibration.json")
    run = CliRunner().invoke(build_app(), ["calibrate", "--simulate", "--one-spot", "--json", "--out", out])
    assert begun[-1] == one_spot_step(BALL_MM).name
    result = json.loads(run.stdout)
    assert result["verdict"]["level"] == READY
    assert result["verdict"]["unchecked"] == ""
    assert result["figures"]["arrangement"]["spot_misfit"] < 1.9
    assert abs(result["figures"]["arrangement"]["spot_shows"] - 1.0) < 0.05
