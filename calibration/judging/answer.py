"""How soon the touch answers, and how much noise it lets through: the two ends of one rope."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from calibration.model import SENSORS, Array, Calibration
from calibration.stage.reference import TouchReference

STEP_OF_REACH = 0.05
FRAMES = 100


@dataclass(frozen=True)
class Answer:
    """Of the touch alone, behind the sensors and before the mapping.

    Attributes:
        lag_ms: from the first frame that sees a small step of the field until half of it has come through.
        noise: standard deviation of the touch, -1..1, worst channel, near a magnet that lies still.
    """

    lag_ms: float
    noise: float


def answer(played: Calibration, board: Calibration | None = None) -> Answer:
    """Plays a step of a twentieth of the reach on every axis, and then the board's own noise upon it.

    Args:
        played: what smooths.
        board: whose noise and hum are felt; `played` itself where None.
    """
    field = played.rest.offset_mt
    step = STEP_OF_REACH * played.response.reach_mt.reshape(SENSORS, -1)
    dt = 1.0 / played.frame_rate_hz
    touch = TouchReference(played)
    before = [touch.step(field, dt) for _ in range(FRAMES)][-1]
    after = np.array([touch.step(field + step, dt) for _ in range(FRAMES)], np.float64)
    felt = _noise_mt(board or played)
    shaken = np.array([touch.step(field + step + row, dt) for row in felt], np.float64)
    return Answer(_lag_frames(after - before) * 1e3 * dt, float(shaken[FRAMES:].std(axis=0).max()))


def _lag_frames(way: Array) -> float:
    """Where half of the way is passed, between two frames; 0: with the first that sees the step."""
    place = way @ way[-1] / max(float(way[-1] @ way[-1]), 1e-12)
    past = int(np.argmax(place >= 0.5))
    if past == 0:
        return 0.0
    return float(past - 1 + (0.5 - place[past - 1]) / (place[past] - place[past - 1]))


def _noise_mt(board: Calibration) -> Array:
    """[frames, 4, 3]: what the sensors show of nothing, before any average over the mains' period."""
    rest, frames = board.rest, 6 * FRAMES
    white = rest.noise_mt / np.sqrt(np.sum(np.square(rest.mains_taps)))
    noise = np.random.default_rng(0).normal(0.0, 1.0, (frames, *white.shape)) * white
    if len(rest.mains_taps) > 1:
        turn = 2.0 * np.pi * rest.mains_hz / board.frame_rate_hz * np.arange(frames)
        noise += rest.mains_mt * np.sin(turn)[:, None, None]
    return np.asarray(noise)
