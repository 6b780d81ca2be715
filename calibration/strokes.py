"""A calibration for strokes: the touch answers sooner, and is noisier. The player's data stay."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from calibration.model import CHANNELS, Calibration

MIN_CUTOFF_HZ = 40.0
BETA = 5.0
DERIVATIVE_CUTOFF_HZ = 4.0
LARGEST_DEAD_ZONE = 0.5
"""Of the reach."""


def for_strokes(calibration: Calibration) -> Calibration:
    """The same board without the average over a mains period, and with a quicker 1-euro filter.

    The noise that the average took away is back: the dead zone grows with it, and what counts as rest.

    Example:
        >>> from tests.support.plain_board import plain_calibration
        >>> for_strokes(plain_calibration()).rest.mains_taps
        (1.0,)
    """
    rest, response = calibration.rest, calibration.response
    noise = rest.noise_mt / np.sqrt(np.sum(np.square(rest.mains_taps)))
    if len(rest.mains_taps) > 1:
        noise = np.sqrt(noise**2 + rest.mains_mt**2 / 2.0)
    dead = response.dead_zone_mt * (noise / rest.noise_mt).reshape(CHANNELS)
    return replace(
        calibration,
        rest=replace(rest, noise_mt=noise, mains_taps=(1.0,)),
        response=replace(
            response,
            dead_zone_mt=np.minimum(dead, LARGEST_DEAD_ZONE * response.reach_mt),
            min_cutoff_hz=MIN_CUTOFF_HZ,
            beta=BETA,
            derivative_cutoff_hz=DERIVATIVE_CUTOFF_HZ,
        ),
    )
