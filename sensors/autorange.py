"""The smallest range that play needs: a step of calibration, never done during play."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sensors.chips import mlx90393_codes as codes
from sensors.errors import SensorError

SATURATED_SHARE = 0.001
HEADROOM = 0.70
_TOP_COUNT = 1.0 - 2.0**-15  # of full scale, at resolution 2


@dataclass(frozen=True)
class RangeAdvice:
    """A range for an MLX90393 at resolution 2.

    Attributes:
        gain_sel: the finest GAIN_SEL that holds everything; 0 where none does.
        full_scale_mt: of x, y and z with it.
        used: largest share of full scale that the 99.5 % quantile of an axis takes.
        saturated_share: largest share of frames in which an axis is beyond full scale.
        enough: whether that is less than 0.1 % saturation and 70 % of full scale.
    """

    gain_sel: int
    full_scale_mt: tuple[float, float, float]
    used: float
    saturated_share: float
    enough: bool

    def words(self) -> str:
        """The advice as a sentence."""
        x, _, z = self.full_scale_mt
        scale = f"gain_sel {self.gain_sel} (±{x:.0f} mT in x and y, ±{z:.0f} mT in z)"
        if self.enough:
            return f"range: {scale} is enough; play takes {100 * self.used:.0f} % of it"
        return f"range: even {scale} is too small; put more space between magnets and sensors"


def full_scale_mt(gain_sel: int) -> tuple[float, float, float]:
    """Half the range of each axis at resolution 2, in mT."""
    x, y, z = (codes.full_scale_ut(axis, gain_sel, 2) * 1e-3 for axis in range(3))
    return x, y, z


def suggest_range(field_mt: NDArray[Any]) -> RangeAdvice:
    """The smallest range with less than 0.1 % saturation whose 70 % hold the 99.5 % quantile of every axis.

    Args:
        field_mt: [N, 4, 3] of play with tonight's magnets, recorded in a range that holds it.

    Raises:
        SensorError: nothing to judge by.
    """
    field = np.abs(np.asarray(field_mt, dtype=np.float64).reshape(-1, 4, 3))
    if len(field) < 200:
        raise SensorError("a second of play or more (200 frames)", f"{len(field)} frames", "play longer")
    for gain_sel in range(7, -1, -1):
        advice = _judge(field, gain_sel)
        if advice.enough:
            return advice
    return _judge(field, 0)


def _judge(field: NDArray[np.float64], gain_sel: int) -> RangeAdvice:
    scale = np.array(full_scale_mt(gain_sel))
    used = float((np.quantile(field, 0.995, axis=0) / scale).max())
    saturated = float((field >= scale * _TOP_COUNT).mean(axis=0).max())
    enough = used < HEADROOM and saturated < SATURATED_SHARE
    return RangeAdvice(gain_sel, full_scale_mt(gain_sel), used, saturated, enough)
