"""What a calibration is: frozen, in millitesla, seconds and degrees Celsius, sensor by sensor."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

SENSORS, AXES = 4, 3
CHANNELS = SENSORS * AXES
AXIS_NAMES = ("x", "y", "z")


def channel_name(channel: int) -> str:
    """`sensor 2 z` for channel 5: sensors count from 1, as on the board.

    Example:
        >>> channel_name(5)
        'sensor 2 z'
    """
    return f"sensor {channel // AXES + 1} {AXIS_NAMES[channel % AXES]}"


@dataclass(frozen=True)
class SensorIdentity:
    """Which chip stood at a position, and how it was set: a calibration holds for exactly this."""

    chip: str
    address: int
    serial: int
    settings: dict[str, int]
    full_scale_mt: tuple[float, float, float]


@dataclass(frozen=True)
class Warmth:
    """What a warm-up of the empty board told, chip and magnets apart.

    Attributes:
        chip_mt_per_k: [4, 3] that follow each chip's thermometer at once.
        magnet_mt_per_k: [4, 3] that follow it as the magnets warm, `lag_s` [4] behind.
        sensitivity_per_k: [4] part by which a chip shows any field stronger per kelvin (-0.005: weaker).
        behind_k: [4] how much warmer the magnets would have become had the temperature of the rest been kept.
        warmed_k: how far the chips warmed in it.
        left_mt: [4, 3] root mean square of what stays unexplained.
    """

    chip_mt_per_k: Array
    magnet_mt_per_k: Array
    sensitivity_per_k: Array
    lag_s: Array
    behind_k: Array
    warmed_k: float
    left_mt: Array


@dataclass(frozen=True)
class Rest:
    """The empty board.

    Attributes:
        offset_mt: [4, 3] median field.
        noise_mt: [4, 3] standard deviation by the median absolute deviation.
        drift_mt_per_min: [4, 3] Theil-Sen slope.
        mains_mt: [4, 3] amplitude of the mains line; `mains_hz` is 50 or 60.
        temperature_c: [4] of the chips while the offset was taken.
        tempco_mt_per_k: [4, 3] what one degree adds to the offset.
        mains_taps: weights of the newest, the last, ... frame that silence the hum; (1.0,) where there is
            none. `noise_mt` is what remains behind them.
        seconds: how long was listened.
        warmth: what a warm-up told of heat; None: `tempco_mt_per_k` is what neodymium does.
    """

    offset_mt: Array
    noise_mt: Array
    drift_mt_per_min: Array
    mains_mt: Array
    mains_hz: float
    temperature_c: Array
    tempco_mt_per_k: Array
    mains_taps: tuple[float, ...]
    seconds: float
    warmth: Warmth | None = None


@dataclass(frozen=True)
class Play:
    """Free play with tonight's magnets, after offset and correction.

    Attributes:
        low_mt, high_mt: [12] quantiles 0.005 and 0.995.
        saturation: [12] part of the frames at a rail.
        coverage: part of the board that was visited, 0..1.
        touch_rms: root mean square of all twelve touch values: what the mapping's gain divides by.
        seconds: how long was played.
    """

    low_mt: Array
    high_mt: Array
    saturation: Array
    coverage: float
    touch_rms: float
    seconds: float


@dataclass(frozen=True)
class Response:
    """How corrected field becomes touch; everything that the touch stage needs besides the rest.

    Attributes:
        reach_mt: [12] field that counts as 1.
        dead_zone_mt: [12] field that counts as nothing.
        knee_mt: default of the knob `reach`: below it the response is straight, above it ever flatter.
        min_cutoff_hz, beta, derivative_cutoff_hz: of the 1-euro filter.
    """

    reach_mt: Array
    dead_zone_mt: Array
    knee_mt: float = 0.3
    min_cutoff_hz: float = 9.5
    beta: float = 1.0
    derivative_cutoff_hz: float = 1.0


@dataclass(frozen=True)
class Carry:
    """What carries the field of sensors at a wrong place to the right one; see `calibration.carry`.

    Attributes:
        shift_mm: [4, 3] from each sensor's nominal place to its own, in the board's axes.
        weights: [3, 78, 3] of the terms of what a sensor sees, for a shift outward, along the ring, and up.
    """

    shift_mm: Array
    weights: Array

    @property
    def height_mm(self) -> Array:
        """[4] how much too high each sensor sits."""
        return np.asarray(self.shift_mm[:, 2])


@dataclass(frozen=True)
class Calibration:
    """One board on one evening."""

    created: str
    board: str
    magnet_set: str
    frame_rate_hz: float
    sensors: tuple[SensorIdentity, ...]
    rest: Rest
    play: Play
    response: Response
    correction: Array = field(default_factory=lambda: np.eye(CHANNELS))
    carry: Carry | None = None
    report: dict[str, object] = field(default_factory=dict)

    @property
    def corrected(self) -> bool:
        """Whether the axes are corrected at all: upright by the tilt, or by known spots."""
        return not np.array_equal(self.correction, np.eye(CHANNELS))
