"""A calibration and a voice's card out of plain numbers, where nothing measured is needed."""

from __future__ import annotations

from typing import Any

import numpy as np

from calibration import Calibration, SensorIdentity
from calibration.model import Array, Play, Response, Rest
from calibration.stage.response import HALF_KNEES


def plain_calibration() -> Calibration:
    """23 mT at rest in z, 5 mT of reach, no dead zone, a filter so quick that touch follows at once."""
    offset = np.tile([0.1, -0.2, 23.0], (4, 1))
    zero = np.zeros((4, 3))
    return Calibration(
        created="2026-01-01T20:00:00Z",
        board="test",
        magnet_set="",
        frame_rate_hz=200.0,
        sensors=tuple(SensorIdentity("mlx90393", 0x0C + n, 1, {}, (49.2, 49.2, 79.3)) for n in range(4)),
        rest=Rest(offset, np.full((4, 3), 1e-6), zero, zero, 50.0, np.full(4, 25.0), zero, (1.0,), 5.0),
        play=Play(np.full(12, -5.0), np.full(12, 5.0), np.zeros(12), 1.0, 0.5, 40.0),
        response=Response(np.full(12, 5.0), np.zeros(12), min_cutoff_hz=1e6),
    )


def field_of(calibration: Calibration, touch: Array) -> Array:
    """[4, 3] mT of the plain board that give this touch [12] at a knee of 0.3 mT.

    Raises:
        ValueError: no field gives it: a sensor's three values are longer than the strongest field's.
    """
    half = HALF_KNEES * 0.3
    even = np.asarray(touch, np.float64).reshape(4, 3) / (1 + half / 5.0)
    length = np.linalg.norm(even, axis=1, keepdims=True)
    if (length >= 1).any():
        raise ValueError(
            f"wanted touch that a field can give, got {length.max() * (1 + half / 5.0):.2f} of a sensor"
        )
    return np.asarray(calibration.rest.offset_mt + even * half / (1 - length))


def gaussian_card(latents: int) -> dict[str, Any]:
    """The card of Z latents with unit normal statistics and no quantiles."""
    return {"name": "test", "latent": {"mean": [0.0] * latents, "std": [1.0] * latents}}
