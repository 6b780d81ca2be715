"""How the sensors sit, as a calibration with known spots tells its player."""

from __future__ import annotations

from typing import Any

import numpy as np

from calibration.board_model import Mounting
from calibration.model import Calibration


def told_mounting(calibration: Calibration) -> Mounting:
    """Out of its report: known spots and the lone marble of free play together, where there was one.

    Raises:
        TypeError: a calibration without known spots.
    """
    told: Any = calibration.report["mounting"]
    return Mounting(
        gain=np.array(told["gain"]),
        rotation=np.deg2rad(told["rotation_deg"]),
        height_mm=np.array(told["height_mm"]),
        sideways_mm=np.array(told["sideways_mm"]),
        cross=np.array(told["cross"]),
    )
