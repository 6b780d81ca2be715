"""A warm-up of the empty board: what each chip and its magnets do with heat, told apart by their pace.

A chip shows less at once when its thermometer rises; the stack below it warms minutes later. So the rest is

    offset + a (Tc - Tc0) + b (Tm - Tm0) (1 + s (Tc - Tc0)),    dTm/dt = (Tc - Tm) / lag,    s = a / offset

with a and b for every axis by least squares, and for every sensor the lag that leaves least. Neodymium's
coefficient is known: it holds b where a warm-up was so even that the two cannot be told apart. The magnets
of a board that stood in its room for long are as warm as its chips; what they reach of a chip's own heat is
in b.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from calibration.errors import CalibrationError
from calibration.model import AXES, SENSORS, Array, Rest, Warmth
from calibration.stretch import LOST, FrameLike

BLOCK_S = 1.0
LEAST_WARMING_K = 3.0
# No stack of neodymium is warm before that; a shorter lag only smooths the thermometer's noise, and then chip
# and magnets, one against the other, explain a warm-up as well with ten times what they do.
LAGS_S = tuple(float(lag) for lag in np.geomspace(10.0, 1800.0, 45))
# Of neodymium, and of what share of a chip's heat its magnets get; how surely.
MAGNET_PER_K, MAGNET_SPREAD_PER_K, SPREAD_MT_PER_K = -0.0009, 0.0005, 5e-4
NOISE_MT = 1e-3
MOST_SENSITIVE_PER_K = 0.01
FEWEST_BLOCKS = 20
# A block that jumps by more than this from what its neighbours show was not empty.
JUMP_MT = 0.3


@dataclass(frozen=True)
class WarmUp:
    """Means of seconds: time_s [N], field_mt [N, 4, 3], temperature_c [N, 4]; the board was empty."""

    time_s: Array
    field_mt: Array
    temperature_c: Array


def collect_slowly(
    frames: Iterable[FrameLike], seconds: float, watch: Callable[[FrameLike], None] | None = None
) -> WarmUp:
    """Takes frames until `seconds` have passed; keeps only their means over BLOCK_S.

    Raises:
        CalibrationError: no frame came, or a sensor was silent for most of it.
    """
    rows: list[tuple[float, Array, Array]] = []
    field, warm, time, count, begin, first = np.zeros((SENSORS, AXES)), np.zeros(SENSORS), 0.0, 0, None, None
    for frame in frames:
        if watch is not None:
            watch(frame)
        first = frame.time_s if first is None else first
        begin = frame.time_s if begin is None else begin
        if not np.any((frame.flags & LOST != 0) | (frame.valid < 0.99)):
            field, warm = field + frame.field_mt, warm + frame.temperature_c
            time, count = time + frame.time_s, count + 1
        if frame.time_s - begin >= BLOCK_S:
            if count:
                rows.append((time / count, field / count, warm / count))
            field, warm, time, count, begin = np.zeros((SENSORS, AXES)), np.zeros(SENSORS), 0.0, 0, None
        if frame.time_s - first >= seconds:
            break
    if len(rows) < FEWEST_BLOCKS:
        got = f"{len(rows)} s in which all four answered"
        raise CalibrationError(
            f"a warm-up of at least {FEWEST_BLOCKS} s", got, "listen longer; check the cables"
        )
    times, fields, temperatures = (np.array(column) for column in zip(*rows, strict=True))
    return WarmUp(times, fields, temperatures)


def lagging(time_s: Array, value: Array, lag_s: Array, first: Array) -> Array:
    """[N, ...] that follows `value` behind by `lag_s`, from `first` on."""
    out = np.empty_like(value)
    now = np.asarray(first, dtype=np.float64).copy()
    steps = np.diff(time_s, prepend=time_s[0])
    for row, step in enumerate(steps):
        now = now + (value[row] - now) * (step / (step + lag_s))
        out[row] = now
    return out


def lagged(time_s: Array, value: Array) -> Array:
    """[N, L, 4] that follows `value` [N, 4] behind by each of LAGS_S, with it at first."""
    each = np.repeat(value[:, None, :], len(LAGS_S), axis=1)
    return lagging(time_s, each, np.array(LAGS_S)[:, None], value[0])


def warming_of(warm_up: WarmUp) -> float:
    """By how many degrees the sensor that warmed least did.

    Raises:
        CalibrationError: too few to tell anything, or something moved.
    """
    most = float(np.abs(warm_up.temperature_c - warm_up.temperature_c[0]).max(axis=0).min())
    if most < LEAST_WARMING_K:
        do = "switch the lights on at its beginning, or listen longer"
        wanted = f"a warm-up by at least {LEAST_WARMING_K:g} degrees at every sensor"
        raise CalibrationError(wanted, f"{most:.1f}", do)
    _refuse_play(warm_up)
    return most


def fit_warmth(warm_up: WarmUp, rest: Rest) -> Rest:
    """The rest with what the warm-up before it told.

    Args:
        rest: of the empty board, taken right after the warm-up.

    Raises:
        CalibrationError: it did not get warmer, or something moved.
    """
    warmed = warm_up.temperature_c - warm_up.temperature_c[0]
    warming_of(warm_up)
    chip, magnet, left = (np.zeros((SENSORS, AXES)) for _ in range(3))
    lags, behind = np.zeros(SENSORS), np.zeros(SENSORS)
    behind_by_lag = lagged(warm_up.time_s, warmed)
    for sensor in range(SENSORS):
        field, chip_k, magnets = warm_up.field_mt[:, sensor], warmed[:, sensor], behind_by_lag[:, :, sensor]
        # Since the end, when the rest was taken.
        lag, told = best_heat(field, chip_k - chip_k[-1], magnets - magnets[-1], rest.offset_mt[sensor])
        chip[sensor], magnet[sensor] = told.chip, told.magnet
        left[sensor] = np.sqrt(np.mean(told.unexplained**2, axis=0))
        lags[sensor], behind[sensor] = LAGS_S[lag], chip_k[-1] - magnets[-1, lag]
    sensitivity = [sensitivity_of(chip[sensor], rest.offset_mt[sensor]) for sensor in range(SENSORS)]
    return replace(
        rest,
        warmth=Warmth(
            chip_mt_per_k=chip,
            magnet_mt_per_k=magnet,
            sensitivity_per_k=np.array(sensitivity),
            lag_s=lags,
            behind_k=behind,
            warmed_k=float(np.abs(warmed).max()),
            left_mt=left,
        ),
    )


@dataclass(frozen=True)
class Heat:
    """What heat does to one sensor: chip, magnet [3] mT/K; unexplained [N, 3] mT; cost of this lag."""

    chip: Array
    magnet: Array
    unexplained: Array
    cost: float


def best_heat(
    field_mt: Array,
    chip_k: Array,
    magnets_k: Array,
    offset_mt: Array,
    counts: npt.NDArray[np.bool_] | None = None,
) -> tuple[int, Heat]:
    """Which of the lags explains one sensor's empty board best, and what heat does then.

    Args:
        field_mt: [N, 3]. chip_k: [N] since any one moment. magnets_k: [N, L] since then, behind by each lag.
        offset_mt: [3] of its rest.
        counts: [N] which of the seconds the fit goes by; all where None.
    """
    told = [heat_of(field_mt, chip_k, magnets, offset_mt, counts) for magnets in magnets_k.T]
    best = int(np.argmin([one.cost for one in told]))
    return best, told[best]


def heat_of(
    field_mt: Array,
    chip_k: Array,
    magnet_k: Array,
    offset_mt: Array,
    counts: npt.NDArray[np.bool_] | None = None,
) -> Heat:
    """As `best_heat`, with one lag: magnet_k [N]."""
    rows = slice(None) if counts is None else counts
    found, sensitivity, cost = np.zeros((AXES, 3)), 0.0, 0.0
    for _ in range(2):  # the chip shows what the magnets change as it shows everything
        basis = np.stack([np.ones(len(chip_k)), chip_k, magnet_k * (1.0 + sensitivity * chip_k)], axis=1)
        cost = 0.0
        for axis in range(AXES):
            spread = MAGNET_SPREAD_PER_K * abs(offset_mt[axis]) + SPREAD_MT_PER_K
            known = np.concatenate([basis[rows] / NOISE_MT, [[0.0, 0.0, 1.0 / spread]]])
            wanted = np.append(field_mt[rows, axis] / NOISE_MT, MAGNET_PER_K * offset_mt[axis] / spread)
            found[axis] = np.linalg.lstsq(known, wanted, rcond=None)[0]
            cost += float(np.sum((known @ found[axis] - wanted) ** 2))
        sensitivity = sensitivity_of(found[:, 1], offset_mt)
    return Heat(found[:, 1].copy(), found[:, 2].copy(), field_mt - basis @ found.T, cost)


def sensitivity_of(chip_mt_per_k: Array, offset_mt: Array) -> float:
    """Per kelvin, of a chip whose rest [3] mT changes at once by [3] mT per kelvin."""
    part = float(np.sum(chip_mt_per_k * offset_mt) / max(float(np.sum(offset_mt**2)), 1.0))
    return float(np.clip(part, -MOST_SENSITIVE_PER_K, MOST_SENSITIVE_PER_K))


def _refuse_play(warm_up: WarmUp) -> None:
    jumps = np.abs(np.diff(warm_up.field_mt, axis=0)).max()
    if jumps > JUMP_MT:
        got = f"a field that jumped by {jumps:.1f} mT in a second"
        raise CalibrationError("an empty board that only gets warmer", got, "keep magnets away, and repeat")
