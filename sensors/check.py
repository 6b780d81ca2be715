"""Ten seconds before a concert: are the sensors well? In figures and in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sensors.autorange import suggest_range
from sensors.errors import SensorError
from sensors.frame import SENSORS, Flag, Frame

LEAST_RATE_HZ = 150.0
MOST_LOST = 0.02
MOST_SATURATED = 0.001
MOST_NOISE_UT = 60.0
TEMPERATURES_C = (5.0, 50.0)
_KEPT = 0.90
_KEPT_RMS = 0.789  # of a normal distribution without the tenth that lies farthest out
_MOVES_MT = 1.0


@dataclass(frozen=True)
class SensorReport:
    """One sensor over the time of the check.

    Attributes:
        lost: share of frames without a reading.
        saturated: share of frames with an axis at its rail.
        noise_ut: of x, y and z, from differences of successive frames, so that slow movement does not count.
        field_mt: median of x, y and z.
        faults: what is wrong, in words; empty when nothing is.
    """

    sensor: int
    lost: float
    saturated: float
    noise_ut: tuple[float, float, float]
    field_mt: tuple[float, float, float]
    temperature_c: float
    identity: int
    faults: tuple[str, ...]


@dataclass(frozen=True)
class CheckReport:
    """All sensors: `ok` is the verdict, `remarks` concern the whole."""

    ok: bool
    seconds: float
    rate_hz: float
    longest_gap_ms: float
    sensors: tuple[SensorReport, ...]
    remarks: tuple[str, ...]

    def info(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self)


def check_frames(frames: Sequence[Frame], info: dict[str, Any]) -> CheckReport:
    """Judges the frames of a few seconds. Raises SensorError where there is nothing to judge."""
    if len(frames) < 20:
        raise SensorError("frames", f"{len(frames)} of them", "check the bus with `lodestone sensors scan`")
    times = np.array([frame.time_s for frame in frames])
    gaps = np.diff(times)
    seconds = float(times[-1] - times[0])
    rate = len(gaps) / seconds
    sensors = tuple(_sensor(frames, k, info) for k in range(SENSORS))
    remarks = []
    nominal = float(info.get("rate_hz", 200.0))
    if rate < min(LEAST_RATE_HZ, 0.9 * nominal):
        remarks.append(
            f"only {rate:.0f} frames a second of {nominal:.0f}: the bus is slow or sensors time out"
        )
    field = np.array([frame.field_mt for frame in frames])
    if len(field) >= 200 and np.ptp(field, axis=0).max() > _MOVES_MT:
        remarks.append(suggest_range(field).words())
    ok = not any(sensor.faults for sensor in sensors) and rate >= min(LEAST_RATE_HZ, 0.9 * nominal)
    return CheckReport(ok, seconds, rate, float(gaps.max()) * 1000, sensors, tuple(remarks))


def _sensor(frames: Sequence[Frame], sensor: int, info: dict[str, Any]) -> SensorReport:
    flags = np.array([frame.flags[sensor] for frame in frames])
    good = (flags & Flag.LOST) == 0
    field = np.array([frame.field_mt[sensor] for frame in frames])[good]
    lost, saturated = 1.0 - float(good.mean()), float(((flags & Flag.SATURATED) != 0).mean())
    noise, median = np.zeros(3), np.zeros(3)
    if len(field) > 1:
        median = np.median(field, axis=0)
        noise = _noise_mt(field) * 1000
    temperature = float(frames[-1].temperature_c[sensor])
    identities = info.get("identity") or [0] * SENSORS
    return SensorReport(
        sensor=sensor + 1,
        lost=lost,
        saturated=saturated,
        noise_ut=(float(noise[0]), float(noise[1]), float(noise[2])),
        field_mt=(float(median[0]), float(median[1]), float(median[2])),
        temperature_c=temperature,
        identity=int(identities[sensor]),
        faults=tuple(_faults(flags, lost, saturated, noise, temperature)),
    )


def _noise_mt(field: NDArray[Any]) -> NDArray[Any]:
    """Standard deviation of each axis from successive differences, the farthest tenth left out."""
    steps = np.abs(np.diff(field, axis=0))
    kept = np.where(steps <= np.quantile(steps, _KEPT, axis=0), steps, np.nan)
    return np.asarray(np.sqrt(np.nanmean(kept**2, axis=0)) / _KEPT_RMS / np.sqrt(2.0))


def _faults(
    flags: NDArray[Any],
    lost: float,
    saturated: float,
    noise: NDArray[Any],
    temperature: float,
) -> list[str]:
    share = {flag: float(((flags & flag) != 0).mean()) for flag in Flag}
    faults = []
    if lost == 1.0:
        faults.append("does not answer: check its cable and its address")
    elif lost > MOST_LOST:
        faults.append(f"lost in {100 * lost:.0f} % of the frames: a loose cable?")
    if share[Flag.UNKNOWN] > MOST_LOST and lost < 1.0:
        faults.append("its health is not known: the board tells no /status")
    if share[Flag.WRONG]:
        faults.append("another chip answers at its address, or another one than was calibrated")
    if share[Flag.FROZEN]:
        faults.append("its counts stand still: the chip is broken")
    if share[Flag.RESET] and lost < 1.0:
        faults.append("it reset itself: a weak supply or a loose cable")
    if saturated > MOST_SATURATED:
        axes = [name for name, bit in zip("xyz", (8, 9, 10), strict=True) if share[Flag(1 << bit)]]
        faults.append(
            f"clips in {' and '.join(axes)} for {100 * saturated:.1f} % of the time: raise the range"
        )
    if share[Flag.WRAPPED]:
        faults.append("counts wrap round: use resolution 2")
    if noise.max() > MOST_NOISE_UT:
        faults.append(
            f"noise of {noise.max():.0f} µT (usual: about 5): mains, a motor, or magnets in movement"
        )
    if not TEMPERATURES_C[0] <= temperature <= TEMPERATURES_C[1] and lost < 1.0:
        faults.append(f"{temperature:.0f} °C")
    return faults
