"""Healthy boards are never refused; every broken one gets the right verdict and the right cause."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from calibration import Calibration, CalibrationError, Recording
from calibration.assemble import fit, verdict_of
from calibration.capture.procedure import Session
from calibration.capture.self_check import self_check
from calibration.judging.figure_table import NOT_MEASURED, figure_rows
from calibration.judging.figures import Figures
from calibration.judging.verdict import CARE, READY, STOP, judge
from calibration.model import channel_name
from calibration.stretch import LOST, RESET, SATURATED_AXES
from tests.support.proof.boards import FULL_SCALE_MT, ImperfectBoard, Stage


@pytest.fixture(scope="module")
def stages() -> tuple[Stage, Stage]:
    """An empty board and free play."""
    return Stage("empty", 5.0), Stage("free-play")


def calibrated(session: Session) -> Calibration:
    return fit(session, board="test", magnet_set="two balls and a ring", created="2026-01-01T20:00:00Z")


@pytest.mark.parametrize("seed", [101, 105, *range(2000, 2005)])  # 101, 105: hum that turns the filter on
def test_a_healthy_board_is_ready(stages: tuple[Stage, Stage], seed: int) -> None:
    judged = verdict_of(calibrated(ImperfectBoard(seed).session(*stages, spots=seed % 2 == 0 or seed < 200)))
    assert judged is not None
    assert judged[1].level == READY, judged[1].words


Change = Callable[[Session], Session]


def both(change: Callable[[Recording], Recording]) -> Change:
    return lambda session: dataclasses.replace(
        session, empty=change(session.empty), free_play=change(session.free_play)
    )


def exchanged(one: int, other: int) -> Change:
    order = list(range(4))
    order[one], order[other] = other, one
    return both(lambda r: dataclasses.replace(r, field_mt=r.field_mt[:, order]))


def quarter_turn(sensor: int) -> Change:
    def turn(recording: Recording) -> Recording:
        field = recording.field_mt.copy()
        x, y = field[:, sensor, 0].copy(), field[:, sensor, 1].copy()
        field[:, sensor, 0], field[:, sensor, 1] = -y, x
        return dataclasses.replace(recording, field_mt=field)

    return both(turn)


def without_attractor(sensor: int) -> Change:
    def remove(recording: Recording) -> Recording:
        field = recording.field_mt.copy()
        field[:, sensor, 2] -= 28.0
        return dataclasses.replace(recording, field_mt=field)

    return both(remove)


def hum(part: float, frequency: float) -> Change:
    """A line of `part` of 10 mT, the median reach of this free play."""

    def add(recording: Recording) -> Recording:
        line = 10.0 * part * np.sin(2 * np.pi * frequency * recording.time_s)
        return dataclasses.replace(recording, field_mt=recording.field_mt + line[:, None, None])

    return both(add)


def clipped(sensor: int, axis: int, part: float) -> Change:
    """Rails so close that this part of the play reaches them."""

    def clip(session: Session) -> Session:
        play = session.free_play
        top_mt = np.quantile(np.abs(play.field_mt[:, sensor, axis]), 1.0 - part)
        field, flags = play.field_mt.copy(), play.flags.copy()
        over = np.abs(field[:, sensor, axis]) >= top_mt
        field[over, sensor, axis] = np.sign(field[over, sensor, axis]) * top_mt
        flags[over, sensor] |= np.uint32(SATURATED_AXES[axis])
        return dataclasses.replace(session, free_play=dataclasses.replace(play, field_mt=field, flags=flags))

    return clip


def gap(frames: int) -> Change:
    def pause(session: Session) -> Session:
        play = session.free_play
        time = play.time_s + np.where(np.arange(play.frames) > 2000, frames / 200.0, 0.0)
        return dataclasses.replace(session, free_play=dataclasses.replace(play, time_s=time))

    return pause


def flagged(bit: int, rows: Any) -> Change:
    def flag(session: Session) -> Session:
        flags = session.free_play.flags.copy()
        flags[rows, 1] |= np.uint32(bit)
        return dataclasses.replace(session, free_play=dataclasses.replace(session.free_play, flags=flags))

    return flag


def drifting(mt_per_min: float) -> Change:
    def drift(session: Session) -> Session:
        field = session.empty.field_mt.copy()
        field[:, 2, 1] += mt_per_min / 60.0 * session.empty.time_s
        return dataclasses.replace(session, empty=dataclasses.replace(session.empty, field_mt=field))

    return drift


def crowded(part: float) -> Change:
    """Every sensor feels this part of what the next one feels: sensors too close, or magnets too high."""

    def mix(session: Session) -> Session:
        play = session.free_play
        rest = np.median(session.empty.field_mt, axis=0)
        played = play.field_mt - rest
        field = rest + played + part * np.roll(played, 1, axis=1) + part * np.roll(played, 2, axis=1)
        return dataclasses.replace(session, free_play=dataclasses.replace(play, field_mt=field))

    return mix


def faint(session: Session) -> Session:
    """Magnets a twentieth as strong."""
    play = session.free_play
    rest = np.median(session.empty.field_mt, axis=0)
    field = rest + (play.field_mt - rest) / 20.0
    noise = np.random.default_rng(0).normal(0, 0.005, field.shape)
    return dataclasses.replace(session, free_play=dataclasses.replace(play, field_mt=field + noise))


def only_near_ring_one(session: Session) -> Session:
    play = session.free_play
    size = np.linalg.norm(play.field_mt - np.median(session.empty.field_mt, axis=0), axis=2)
    rows = (size.argmax(axis=1) == 0) & (size.max(axis=1) > 1.0)
    count = int(rows.sum())
    kept = play.only(rows)
    return dataclasses.replace(session, free_play=dataclasses.replace(kept, time_s=np.arange(count) / 200.0))


BROKEN = {
    "sensors 2 and 3 exchanged": (exchanged(1, 2), STOP, "sensors 2 and 3 are exchanged"),
    "sensors 1 and 3 exchanged": (exchanged(0, 2), STOP, "sensors 1 and 3 are exchanged"),
    "sensor 4 turned": (quarter_turn(3), STOP, "sensor 4 is mounted turned"),
    "attractor 2 missing": (without_attractor(1), STOP, "magnet of attractor 2 is missing"),
    "clipping": (clipped(2, 2, 0.1), STOP, "sensor 3 z clips"),
    "clipping a little": (clipped(0, 2, 0.005), CARE, "sensor 1 z clips"),
    "50 Hz at 5 %": (hum(0.05, 50.0), CARE, "50 Hz hum"),
    "60 Hz at 5 %": (hum(0.05, 60.0), CARE, "60 Hz hum"),
    "hum at 30 %": (hum(0.3, 50.0), STOP, "50 Hz hum"),
    "a pause": (gap(12), CARE, "a pause of 13 frames"),
    "a loose cable": (flagged(LOST, slice(0, 7000, 30)), CARE, "frames lack a sensor"),
    "brown-outs": (flagged(RESET, slice(100, 7000, 500)), CARE, "restarted by itself"),
    "drift": (drifting(0.06), CARE, "sensor 3 y drifts"),
    "faint magnets": (faint, CARE, "is faint"),
    "crowded rings": (crowded(0.8), CARE, "the rings hear each other"),
    "one ring only": (only_near_ring_one, STOP, "of the play room was visited"),
}


@pytest.mark.parametrize(("fault", "seed"), [(fault, 11 + k % 2) for k, fault in enumerate(BROKEN)])
def test_a_broken_board_is_named(stages: tuple[Stage, Stage], fault: str, seed: int) -> None:
    change, level, words = BROKEN[fault]
    judged = verdict_of(calibrated(change(ImperfectBoard(seed).session(*stages, spots=False))))
    assert judged is not None
    verdict = judged[1]
    assert verdict.level == level, verdict.words
    assert words in verdict.findings[0].cause, verdict.words
    assert all(finding.remedy for finding in verdict.findings)


@pytest.mark.parametrize("frequency", [49.8, 50.0, 59.5, 60.7])
def test_hum_at_5_percent_asks_for_care_because_the_filter_takes_it_away(
    stages: tuple[Stage, Stage], frequency: float
) -> None:
    """Five times the limit, and yet playable: less than a thousandth of the reach is left of it."""
    judged = verdict_of(calibrated(hum(0.05, frequency)(ImperfectBoard(13).session(*stages, spots=False))))
    assert judged is not None
    figures, verdict = judged
    assert verdict.level == CARE
    assert max(figures.mains) > 0.03
    assert max(figures.mains_left) < 0.005
    left = dataclasses.replace(figures, mains_left=[0.02] * 12)
    assert judge(left).level == STOP
    assert "2.0 % behind the hum filter" in judge(left).words


def test_a_dead_sensor_is_named_at_once(stages: tuple[Stage, Stage]) -> None:
    session = ImperfectBoard(1).session(*stages, spots=False)
    flags = session.empty.flags.copy()
    flags[:, 2] |= np.uint32(LOST)
    dead = dataclasses.replace(session.empty, flags=flags)
    with pytest.raises(CalibrationError, match="sensor 3"):
        self_check(dead, session.sensors)


def test_words_and_rows_follow_the_findings(stages: tuple[Stage, Stage]) -> None:
    judged = verdict_of(calibrated(hum(0.05, 50.0)(ImperfectBoard(3).session(*stages, spots=True))))
    assert judged is not None
    figures, verdict = judged
    assert verdict.words.startswith("Play with care: 50 Hz hum")
    levels = {name: level for name, _, _, level in figure_rows(figures)}
    assert levels["50 Hz hum, of the reach"] == CARE
    assert levels["known ball unexplained"] == READY
    heat = "rest shifted by 15 °C, of the reach"
    assert levels[heat] == NOT_MEASURED, "the worst that a chip may do is no figure inside its limit"
    warmed = dataclasses.replace(figures, warmed_k=8.0, heat=0.004)
    assert {name: level for name, _, _, level in figure_rows(warmed)}[heat] == READY
    assert Figures.from_plain(figures.plain()) == figures
    assert judge(figures) == verdict


def test_channel_names_count_from_one() -> None:
    assert channel_name(0) == "sensor 1 x"
    assert channel_name(11) == "sensor 4 z"
    assert FULL_SCALE_MT[2] > FULL_SCALE_MT[0]
