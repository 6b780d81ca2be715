"""What the night's log shows of heat: between pieces the board lies empty, and each time it is warmer.

A recording of the whole evening has what a warm-up has, with play between: seconds in which nothing moves,
and in which the sensors show no more than heat can do. Marbles that lie still are told from the empty board
by what heat must explain on all twelve axes at once: seconds that one fit does not explain to a few µT are
left out, and it is made again. Chips and magnets warm while one plays, too, so their way is followed through
all seconds.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from calibration.errors import CalibrationError
from calibration.fitting.warm_up import (
    LAGS_S,
    LEAST_WARMING_K,
    WarmUp,
    best_heat,
    lagged,
    sensitivity_of,
)
from calibration.model import SENSORS, Array, Rest, Warmth
from calibration.stretch import Recording

Rows = npt.NDArray[np.bool_]
# Of the noise that the calibration found: a second with more is play.
QUIET_SIGMAS = 2.0
# What chips, magnets and their offsets may do at most, per kelvin; and a room that changed.
MOST_PER_K, MOST_OFFSET_MT_PER_K, MOST_ROOM_MT = 0.0075, 0.01, 0.1
# A second is empty where the fit leaves less than this, or than three times what it leaves of most.
LEAVES_MT, LEAVES_OF_MOST = 0.01, 3.0
FEWEST_SECONDS, FEWEST_RESTS, APART_S = 60, 4, 30.0
MOST_LEFT_MT = 0.02
TRIES = 30


@dataclass(frozen=True)
class Night:
    """Seconds of an evening: their means, and in which nothing moved, [N]; marbles may have lain there."""

    seconds: WarmUp
    quiet: Rows


def night_of(recording: Recording, rest: Rest) -> Night:
    """Second by second what was recorded. `rest` says how much a board shows in which nothing moves.

    Raises:
        CalibrationError: less than a minute in which all four sensors answered.
    """
    good = recording.good.all(axis=1)
    if np.count_nonzero(good) < 2 or np.ptp(recording.time_s[good]) < FEWEST_SECONDS:
        got = f"{np.count_nonzero(good)} frames in which all four answered"
        raise CalibrationError("the recording of an evening", got, "record while you play and between pieces")
    time, field = recording.time_s[good], recording.field_mt[good]
    starts = np.flatnonzero(np.diff(np.floor(time), prepend=-np.inf))
    counts = np.diff(np.append(starts, len(time)))

    def means(values: npt.NDArray[np.floating]) -> Array:
        total = np.add.reduceat(values, starts, axis=0, dtype=np.float64)
        return np.asarray(total / counts.reshape(-1, *[1] * (values.ndim - 1)))

    mean = means(field)
    spread = np.sqrt(means((field - np.repeat(mean, counts, axis=0)) ** 2))
    white = rest.noise_mt / np.sqrt(np.sum(np.square(rest.mains_taps)))
    still = (spread <= QUIET_SIGMAS * np.hypot(white, rest.mains_mt / np.sqrt(2.0))).all(axis=(1, 2))
    whole = counts >= 0.5 * np.median(counts)
    seconds = WarmUp(means(time), mean, means(recording.temperature_c[good]))
    return Night(seconds, still & whole)


def fit_night(night: Night, rest: Rest) -> tuple[Rest, Rows]:
    """The rest with what the evening told of heat; and the seconds [N] that it went by.

    Raises:
        CalibrationError: the board was hardly ever empty, got no warmer, or shows what no heat does.
    """
    seconds, warmed = night.seconds, night.seconds.temperature_c - rest.temperature_c
    may_be = _may_be_empty(night, rest)
    if np.count_nonzero(may_be) < FEWEST_SECONDS:
        raise _too_few(int(np.count_nonzero(may_be)), 0)
    curves, field, chips = (
        rows[may_be] for rows in (lagged(seconds.time_s, warmed), seconds.field_mt, warmed)
    )
    empty = np.ones(len(field), dtype=bool)
    for _ in range(TRIES):
        told = [
            best_heat(field[:, s], chips[:, s], curves[:, :, s], rest.offset_mt[s], empty)
            for s in range(SENSORS)
        ]
        unexplained = np.stack([heat.unexplained for _, heat in told], axis=1)
        most = np.abs(unexplained).max(axis=(1, 2))
        now = most <= max(LEAVES_MT, LEAVES_OF_MOST * float(np.quantile(most, 0.25)))
        if (now == empty).all():
            break
        empty = now
    left = np.sqrt(np.mean(unexplained[empty] ** 2, axis=0))
    went_by = np.zeros_like(may_be)
    went_by[np.flatnonzero(may_be)[empty]] = True
    _refuse(seconds, went_by, float(np.mean(empty)), float(left.max()))
    chip = np.array([heat.chip for _, heat in told])
    behind = np.zeros(SENSORS) if rest.warmth is None else rest.warmth.behind_k
    warmth = Warmth(
        chip_mt_per_k=chip,
        magnet_mt_per_k=np.array([heat.magnet for _, heat in told]),
        sensitivity_per_k=np.array([sensitivity_of(chip[s], rest.offset_mt[s]) for s in range(SENSORS)]),
        lag_s=np.array([LAGS_S[lag] for lag, _ in told]),
        behind_k=behind,
        warmed_k=float(np.ptp(warmed[went_by], axis=0).max()),
        left_mt=left,
    )
    return replace(rest, warmth=warmth), went_by


def _may_be_empty(night: Night, rest: Rest) -> Rows:
    """[N]: nothing moves, and heat could do all that is shown."""
    seconds = night.seconds
    kelvin = np.maximum(np.abs(seconds.temperature_c - rest.temperature_c), 1.0)[:, :, None]
    most = kelvin * (MOST_PER_K * np.abs(rest.offset_mt) + MOST_OFFSET_MT_PER_K) + MOST_ROOM_MT
    shown = np.abs(seconds.field_mt - rest.offset_mt)
    return np.asarray(night.quiet & (shown <= most).all(axis=(1, 2)))


def _too_few(seconds: int, rests: int) -> CalibrationError:
    wanted = f"an evening with the board empty for {FEWEST_SECONDS} s, in {FEWEST_RESTS} rests or more"
    got = f"{seconds} s" + (f" in {rests}" if rests else "")
    do = "take all marbles off between pieces; `lodestone calibrate --warm-up 12` needs no evening"
    return CalibrationError(wanted, got, do)


def _refuse(seconds: WarmUp, empty: Rows, part: float, left_mt: float) -> None:
    time = seconds.time_s[empty]
    rests = int(np.count_nonzero(np.diff(time, prepend=-np.inf) > APART_S))
    if len(time) < FEWEST_SECONDS or rests < FEWEST_RESTS:
        raise _too_few(len(time), rests)
    warmed = float(np.ptp(seconds.temperature_c[empty], axis=0).min())
    if warmed < LEAST_WARMING_K:
        wanted = f"rests that are at least {LEAST_WARMING_K:g} degrees apart at every sensor"
        do = "record from when the power comes"
        raise CalibrationError(wanted, f"{warmed:.1f}", do)
    if part < 0.5 or left_mt > MOST_LEFT_MT:
        got = f"{1000 * left_mt:.0f} µT unexplained, {100 * part:.0f} % of the seconds alike"
        do = "do not move the board that evening, and take all marbles off between pieces"
        raise CalibrationError("rests that heat alone tells apart", got, do)
