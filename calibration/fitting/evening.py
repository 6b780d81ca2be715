"""From recordings to a calibration: the rest, the reach, the response. Pure functions of the samples.

Formulas and limits: the calibration procedure in docs/calibration.md.
"""

from __future__ import annotations

import numpy as np

from calibration.carry import at_rest, carried
from calibration.errors import CalibrationError
from calibration.fitting.coverage import visited_cells
from calibration.fitting.reach import reach_of, reach_of_ball
from calibration.fitting.robust import block_medians, mains_line, mains_taps, rest_level, theil_sen
from calibration.fitting.warm_up import lagging
from calibration.model import AXES, CHANNELS, SENSORS, Array, Carry, Play, Response, Rest, channel_name
from calibration.stage.reference import static_touch
from calibration.stretch import SATURATED_AXES, Recording

# Remanence of neodymium magnets falls by this part per kelvin.
MAGNET_TEMPCO_PER_K = -0.0012
SHORTEST_REST_S = 2.0
SHORTEST_PLAY_S = 10.0
DEAD_ZONE_SIGMAS = 4.0
# Something moves when 0.1 s medians of the empty board wander further than this.
MOVING_SIGMAS = 5.0
BLOCK_S = 0.1
# Hum is filtered where its amplitude exceeds the other noise; below, the filter would cost time for nothing.
HUM_SIGMAS = 1.0
LOW, HIGH = 0.005, 0.995
# Of the touches of free play, for a night on which nobody has played yet.
USUAL_TOUCH_RMS = 0.3
# A magnet of which an axis shows less than this many dead zones has not been near it.
LEAST_REACH_DEAD_ZONES = 5.0


def _good_rows(recording: Recording, seconds: float, step: str) -> Recording:
    """The frames in which all four sensors can be trusted; refuses when they are too few."""
    good = recording.good
    for sensor in range(SENSORS):
        if good[:, sensor].mean() < 0.9:
            got = f"sensor {sensor + 1} silent in {100 * (1 - good[:, sensor].mean()):.0f} % of the frames"
            raise CalibrationError(
                f"four sensors that answer during {step}", got, "check its cable, then repeat"
            )
    rows = np.asarray(good.all(axis=1))
    kept = recording.only(rows)
    if kept.seconds < seconds:
        got = f"{kept.seconds:.1f} s"
        raise CalibrationError(f"at least {seconds:g} s of {step}", got, "record longer")
    return kept


def fit_rest(recording: Recording, hum_filter: bool = True, shortest_s: float = SHORTEST_REST_S) -> Rest:
    """Offset, noise, drift, hum and temperature of the empty board.

    Args:
        recording: at least `shortest_s` of a board on which nothing moves.
        hum_filter: False leaves the mains line alone, whatever it is.
        shortest_s: a shorter recording is refused.

    Raises:
        CalibrationError: a sensor is silent or frozen, something moves, or it is too short.
    """
    rest = _good_rows(recording, shortest_s, "still board")
    field, time = rest.field_mt, rest.time_s
    offset, _ = rest_level(field)
    for channel in range(CHANNELS):
        if np.ptp(field[:, channel // AXES, channel % AXES]) == 0:
            got = f"the same value in all {rest.frames} frames on {channel_name(channel)}"
            raise CalibrationError("a sensor that measures", got, "power the board off and on")
    temperature = np.median(rest.temperature_c, axis=0)
    tempco = MAGNET_TEMPCO_PER_K * offset
    level = field - (rest.temperature_c - temperature)[:, :, None] * tempco
    mains_hz, mains = mains_line(time, level, rest.rate_hz)
    lag = max(1, round(rest.rate_hz / mains_hz))  # a mains period apart, hum is no jitter
    jitter = rest_level(level[lag:] - level[:-lag])[1] / np.sqrt(2.0)
    noise = rest_level(level)[1]
    taps: tuple[float, ...] = (1.0,)
    other = np.sqrt(np.maximum(noise**2 - mains**2 / 2.0, 0.0))
    if hum_filter and (mains > HUM_SIGMAS * other).any():
        taps = mains_taps(rest.rate_hz, mains_hz)
        level = filtered(level, taps)
        noise = rest_level(level)[1]
        time = time[len(taps) - 1 :]
    _refuse_movement(level, jitter, rest.rate_hz)
    return Rest(
        offset_mt=offset,
        noise_mt=np.maximum(noise, np.finfo(np.float32).eps * np.abs(offset) + 1e-6),
        drift_mt_per_min=60.0 * theil_sen(time, level),
        mains_mt=mains,
        mains_hz=mains_hz,
        temperature_c=temperature,
        tempco_mt_per_k=tempco,
        mains_taps=taps,
        seconds=rest.seconds,
    )


def filtered(values: Array, taps: tuple[float, ...]) -> Array:
    """Moving weighted sum along the first axis, complete frames only: [N - len(taps) + 1, ...]."""
    count = len(values) - len(taps) + 1
    newest = len(taps) - 1
    return np.asarray(sum(tap * values[newest - age : newest - age + count] for age, tap in enumerate(taps)))


def _refuse_movement(level: Array, jitter: Array, rate_hz: float) -> None:
    """`jitter` is the noise from frame to frame, which a slow hand does not raise."""
    wander = np.ptp(block_medians(level, max(1, round(BLOCK_S * rate_hz))), axis=0)
    worst = int(np.argmax(wander / np.maximum(jitter, 1e-9)))
    part = float(wander.ravel()[worst])
    limit = MOVING_SIGMAS * float(jitter.ravel()[worst])
    if part > limit:
        got = f"{channel_name(worst)} moving by {1000 * part:.0f} µT (limit {1000 * limit:.0f})"
        do = "take every magnet and hand away, wait a moment, and repeat"
        raise CalibrationError("an empty board that is still", got, do)


def played_field(recording: Recording, rest: Rest, correction: Array, carry: Carry | None = None) -> Array:
    """[N, 12] mT: offset removed at each frame's temperature, corrected, carried to the nominal heights."""
    lifted = without_rest(recording, rest)
    corrected = np.asarray(lifted.reshape(-1, CHANNELS) @ correction.T)
    return corrected if carry is None else carried(corrected, carry)


def without_rest(recording: Recording, rest: Rest) -> Array:
    """[N, 4, 3] mT: offset removed at each frame's temperature, as strong as at the calibration's."""
    warming = recording.temperature_c - rest.temperature_c
    warmth = rest.warmth
    if warmth is None:
        return np.asarray(recording.field_mt - rest.offset_mt - warming[:, :, None] * rest.tempco_mt_per_k)
    magnets = lagging(recording.time_s, warming + warmth.behind_k, warmth.lag_s, warming[0])
    sensitivity = np.maximum(1.0 + warming * warmth.sensitivity_per_k, 0.5)[:, :, None]
    of_magnets = magnets[:, :, None] * warmth.magnet_mt_per_k * sensitivity
    shown = warming[:, :, None] * warmth.chip_mt_per_k + of_magnets
    return np.asarray((recording.field_mt - rest.offset_mt - shown) / sensitivity)


def raw_play(recording: Recording, rest: Rest) -> Array:
    """[N, 12] mT of the trusted frames: the rest and the hum removed, nothing corrected."""
    kept = recording.only(np.asarray(recording.good.all(axis=1)))
    if kept.frames <= len(rest.mains_taps):
        return np.zeros((0, CHANNELS))
    return filtered(played_field(kept, rest, np.eye(CHANNELS)), rest.mains_taps)


def fit_play(
    recording: Recording, rest: Rest, correction: Array | None = None, carry: Carry | None = None
) -> tuple[Play, Response]:
    """Reach and response of tonight's magnets from free play.

    Raises:
        CalibrationError: a sensor is silent, it is too short, or no magnet came near some axis.
    """
    play = _good_rows(recording, SHORTEST_PLAY_S, "free play")
    matrix = np.eye(CHANNELS) if correction is None else correction
    field = played_field(play, rest, matrix, carry)
    low, high = np.quantile(field, [LOW, HIGH], axis=0)
    felt = np.maximum(np.abs(low), np.abs(high))
    dead = _dead_zone(rest, matrix, carry)
    least = LEAST_REACH_DEAD_ZONES * dead
    if (felt < least).any():
        worst = int(np.argmin(felt / least))
        need = f"need {1000 * least[worst]:.0f}, its noise is {1000 * rest.noise_mt.max():.0f}"
        got = f"{channel_name(worst)} moved only {1000 * felt[worst]:.0f} µT ({need})"
        raise CalibrationError(
            "magnets that reach every sensor", got, "play closer to that attractor, or longer"
        )
    response = Response(reach_mt=np.maximum(reach_of(field), least), dead_zone_mt=dead)
    return Play(
        low_mt=low,
        high_mt=high,
        saturation=_saturation(play),
        coverage=_coverage(field, response),
        touch_rms=_touch_rms(field, response),
        seconds=play.seconds,
    ), response


def _coverage(field: Array, response: Response) -> float:
    cells = visited_cells(field, float(response.dead_zone_mt.max()), float(np.median(response.reach_mt)))
    return float(cells.mean())


def _touch_rms(field: Array, response: Response) -> float:
    return float(np.sqrt(np.mean(static_touch(field, response) ** 2)))


def default_play(
    ball_mm: float, rest: Rest, correction: Array, carry: Carry | None = None
) -> tuple[Play, Response]:
    """Reach and response where nobody played: of one ball that lies everywhere, poles every way."""
    dead = _dead_zone(rest, correction, carry)
    reach = np.maximum(reach_of_ball(ball_mm), LEAST_REACH_DEAD_ZONES * dead)
    response = Response(reach_mt=reach, dead_zone_mt=dead)
    return Play(-reach, reach, np.zeros(CHANNELS), 0.0, USUAL_TOUCH_RMS, 0.0), response


def _dead_zone(rest: Rest, correction: Array, carry: Carry | None) -> Array:
    """[12] the noise of every corrected axis, times DEAD_ZONE_SIGMAS."""
    small = correction if carry is None else at_rest(carry) @ correction
    return np.asarray(DEAD_ZONE_SIGMAS * np.sqrt((small**2) @ (rest.noise_mt.ravel() ** 2)))


def _saturation(recording: Recording) -> Array:
    """[12] part of the frames in which an axis stood at a rail."""
    return np.stack([(recording.flags & bit != 0).mean(axis=0) for bit in SATURATED_AXES], axis=1).ravel()
