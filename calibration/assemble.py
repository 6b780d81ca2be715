"""From a recorded session, whole or in part, to a calibration with its figures and its verdict."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from calibration.capture.guard import check_board
from calibration.capture.procedure import EMPTY, FREE_PLAY, SELF_CHECK, Session
from calibration.carry import carry_from
from calibration.errors import CalibrationError
from calibration.fitting.evening import default_play, fit_play, fit_rest, raw_play
from calibration.fitting.lone import Told, lone_on_known_board, told_by_lone_magnets
from calibration.fitting.one_spot import SpotTold
from calibration.fitting.spots import SpotFit, and_play, fit_spots
from calibration.fitting.tilt import tilt_correction
from calibration.fitting.warm_up import fit_warmth
from calibration.judging.arrangement import arrangement, with_spot
from calibration.judging.figures import Figures, heat_part, measure
from calibration.judging.verdict import Verdict, judge
from calibration.model import SENSORS, Array, Calibration, Carry, Play, Response, Rest
from calibration.when import FORM

USUAL_BALL_MM = 15.0


def fit(
    session: Session,
    *,
    board: str,
    magnet_set: str,
    created: str | None = None,
    last: Calibration | None = None,
    ball_mm: float = USUAL_BALL_MM,
) -> Calibration:
    """A calibration out of the recordings; its `report` holds figures, verdict and what the spots told.

    Args:
        last: the calibration before: of the same board it stands in for what was skipped.
        ball_mm: diameter of the ball whose reach stands in where free play was skipped and `last` cannot.

    Raises:
        CalibrationError: a recording cannot be used.
    """
    parts = _parts(session, last if _is_of(last, session) else None, ball_mm)
    now = datetime.datetime.now(datetime.timezone.utc).strftime(FORM)
    bare = Calibration(
        created=created or now,
        board=board,
        magnet_set=magnet_set,
        frame_rate_hz=parts.frame_rate_hz,
        sensors=session.sensors,
        rest=parts.rest,
        play=parts.play,
        response=parts.response,
        correction=parts.correction,
        carry=parts.carry,
    )
    figures = measure(
        bare,
        session.empty,
        session.free_play,
        dipole_residual=None if parts.spots is None else parts.spots.residual,
        arrangement=arrangement(parts.rest, parts.raw, parts.told, parts.spots),
        skipped=parts.skipped,
    )
    report: dict[str, Any] = {
        "source": session.source,
        "figures": figures.plain(),
        "verdict": judge(figures).plain(),
        "mounting": None if parts.spots is None else _mounting(parts.spots),
        "mounting_from": parts.mounting_from,
    }
    return replace(bare, report=report)


@dataclass(frozen=True)
class _Parts:
    """What a calibration is made of; `skipped` says of each skipped step what stands in for it."""

    rest: Rest
    correction: Array
    carry: Carry | None
    play: Play
    response: Response
    spots: SpotFit | None
    frame_rate_hz: float
    mounting_from: str | None
    skipped: dict[str, str]
    told: Told | None
    raw: Array | None


def _parts(session: Session, last: Calibration | None, ball_mm: float) -> _Parts:
    skipped = {} if session.checked else {SELF_CHECK.name: "nobody asked the sensors first"}
    if session.empty is not None:
        rest = fit_rest(session.empty)
    elif last is not None:
        rest = last.rest
        skipped[EMPTY.name] = f"the rest is that of {last.created}"
    else:
        wanted = "an empty board, or an earlier calibration of this board"
        raise CalibrationError(wanted, "neither", "calibrate without skipping the empty board")
    if session.warm_up is not None:
        rest = fit_warmth(session.warm_up, rest)
    elif last is not None and last.rest.warmth is not None and rest.warmth is None:
        rest = replace(rest, warmth=replace(last.rest.warmth, behind_k=np.zeros(SENSORS)))
    spots = None if session.spots is None else fit_spots(session.spots)
    raw = None if session.free_play is None else raw_play(session.free_play, rest)
    told = None if raw is None else told_by_lone_magnets(raw, None if spots is None else spots.mounting)
    if session.spots is not None and spots is not None and raw is not None and told is not None:
        lone = lone_on_known_board(raw, spots.mounting, told.strength)
        spots = and_play(session.spots, spots, lone)
    mounting_from = None
    correction, carry = tilt_correction(rest.offset_mt), None
    if spots is not None:
        correction, carry = spots.mounting.correction(), carry_from(spots.mounting.shift_mm)
    elif last is not None and last.carry is not None and _of_spots(last):
        correction, carry = last.correction, last.carry
        mounting_from = str(last.report.get("mounting_from") or last.created)
    elif told is not None and told.sure:
        correction, carry = told.mounting.correction(), carry_from(told.mounting.shift_mm)
    if session.free_play is not None:
        play, response = fit_play(session.free_play, rest, correction, carry)
    elif last is not None:
        play, response = last.play, last.response
        skipped[FREE_PLAY.name] = f"the reach is that of {last.created}"
    else:
        play, response = default_play(ball_mm, rest, correction, carry)
        skipped[FREE_PLAY.name] = f"the reach is that of any {ball_mm:g} mm ball"
    listened = session.free_play or session.empty
    if listened is not None:
        rate = round(listened.rate_hz, 1)
    else:
        assert last is not None  # it stood in for the empty board
        rate = last.frame_rate_hz
    return _Parts(rest, correction, carry, play, response, spots, rate, mounting_from, skipped, told, raw)


def _of_spots(last: Calibration) -> bool:
    """Whether known spots, its own or earlier ones, stand behind a calibration."""
    return bool(last.report.get("mounting") or last.report.get("mounting_from"))


def _is_of(last: Calibration | None, session: Session) -> bool:
    """Whether the last calibration is of this board as it stands."""
    if last is None:
        return False
    try:
        check_board(last, session.sensors)
    except CalibrationError:
        return False
    return True


def _mounting(spots: SpotFit) -> dict[str, Any]:
    """For people: gains, angles in degrees, places in mm, and what an axis shows of another."""
    mounting = spots.mounting
    return {
        "gain": mounting.gain.tolist(),
        "rotation_deg": np.rad2deg(mounting.rotation).tolist(),
        "height_mm": mounting.height_mm.tolist(),
        "sideways_mm": mounting.sideways_mm.tolist(),
        "cross": mounting.cross.tolist(),
    }


def with_one_spot(calibration: Calibration, told: SpotTold) -> Calibration:
    """The same calibration, judged anew by what one ball on one spot told."""
    judged = verdict_of(calibration)
    assert judged is not None
    figures = replace(judged[0], arrangement=with_spot(judged[0].arrangement, told))
    report = {**calibration.report, "figures": figures.plain(), "verdict": judge(figures).plain()}
    return replace(calibration, report=report)


def with_warmth(calibration: Calibration, rest: Rest) -> Calibration:
    """The same calibration with what was told of heat afterwards in its `rest`, judged anew."""
    now = datetime.datetime.now(datetime.timezone.utc).strftime(FORM)
    warm = replace(calibration, created=now, rest=rest)
    judged = verdict_of(calibration)
    if judged is None or rest.warmth is None:
        return warm
    figures = replace(judged[0], heat=float(heat_part(warm).max()), warmed_k=rest.warmth.warmed_k)
    report = {**calibration.report, "figures": figures.plain(), "verdict": judge(figures).plain()}
    return replace(warm, report=report)


def verdict_of(calibration: Calibration) -> tuple[Figures, Verdict] | None:
    """Figures and verdict out of a calibration's report; None for one without a report."""
    plain: Any = calibration.report.get("figures")
    if plain is None:
        return None
    try:
        figures = Figures.from_plain(plain)
        return figures, judge(figures)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError):
        do = "calibrate again, or go back with `lodestone calibration undo`"
        raise CalibrationError("a report of figures", "one that cannot be read", do) from None
