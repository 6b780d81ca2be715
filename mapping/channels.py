"""The wire: which touch channel each latent listens to before anything is entangled."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from calibration.model import AXES, CHANNELS, SENSORS

Array = npt.NDArray[np.float64]


def channel_order(latents: int) -> list[int]:
    """Which touch channel each latent listens to at e = 0.

    From 8 latents on as in the published instrument: attractor by attractor its x and y, then every z. With
    fewer, the attractors take turns, so that none is silent.

    Example:
        >>> channel_order(8)[:8]  # x and y, attractor by attractor
        [0, 1, 3, 4, 6, 7, 9, 10]
    """
    if latents < 8:
        return [sensor * AXES + axis for axis in range(AXES) for sensor in range(SENSORS)]
    across = [sensor * AXES + axis for sensor in range(SENSORS) for axis in (0, 1)]
    return across + [sensor * AXES + 2 for sensor in range(SENSORS)]


def wiring(latents: int) -> Array:
    """P [max(Z, 12), 12]: unit columns; with more latents than channels, a channel is shared and scaled."""
    size = max(latents, CHANNELS)
    order = channel_order(latents)
    chosen = [order[row % CHANNELS] for row in range(size)]
    matrix = np.zeros((size, CHANNELS))
    matrix[np.arange(size), chosen] = 1.0
    return np.asarray(matrix / np.sqrt(matrix.sum(axis=0)))
