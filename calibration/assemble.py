"""From a recorded session to a calibration with its figures and its verdict."""

from __future__ import annotations

import dataclasses
import datetime
from typing import Any

import numpy as np

from calibration.carry import carry_from
from calibration.figures import Figures, measure
from calibration.fit import fit_play, fit_rest
from calibration.model import Calibration
from calibration.procedure import Session
from calibration.spots import SpotFit, fit_spots
from calibration.tilt import tilt_correction
from calibration.verdict import Verdict, judge
from calibration.wiring import Wiring


def fit(
    session: Session,
    *,
    board: str,
    magnet_set: str,
    created: str | None = None,
    wiring: Wiring | None = None,
) -> Calibration:
    """A calibration out of the recordings; its `report` holds figures, verdict and what the spots told.

    Raises:
        CalibrationError: a recording cannot be used.
    """
    rest = fit_rest(session.empty)
    spots = None if session.spots is None else fit_spots(session.spots)
    correction = tilt_correction(rest.offset_mt) if spots is None else spots.mounting.correction()
    carry = None if spots is None else carry_from(spots.mounting.height_mm)
    play, response = fit_play(session.free_play, rest, correction, carry)
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    bare = Calibration(
        created=created or now,
        board=board,
        magnet_set=magnet_set,
        frame_rate_hz=round(session.free_play.rate_hz, 1),
        sensors=session.sensors,
        rest=rest,
        play=play,
        response=response,
        correction=correction,
        carry=carry,
    )
    residual = None if spots is None else spots.residual
    figures = measure(bare, session.empty, session.free_play, dipole_residual=residual, wiring=wiring)
    report: dict[str, Any] = {
        "source": session.source,
        "figures": figures.plain(),
        "verdict": judge(figures).plain(),
        "mounting": None if spots is None else _mounting(spots),
    }
    return dataclasses.replace(bare, report=report)


def _mounting(spots: SpotFit) -> dict[str, Any]:
    """For people: gains, angles in degrees, heights in mm."""
    mounting = spots.mounting
    return {
        "gain": mounting.gain.tolist(),
        "rotation_deg": np.rad2deg(mounting.rotation).tolist(),
        "height_mm": mounting.height_mm.tolist(),
    }


def verdict_of(calibration: Calibration) -> tuple[Figures, Verdict] | None:
    """Figures and verdict out of a calibration's report; None for one without a report."""
    plain: Any = calibration.report.get("figures")
    if plain is None:
        return None
    figures = Figures.from_plain(plain)
    return figures, judge(figures)
