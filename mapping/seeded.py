"""Random choices of a mapping that are the same on every machine, to the last bit.

Linear algebra libraries round differently from machine to machine. What a mapping draws is therefore
rounded to a grid that is far coarser than those differences and far finer than anything heard.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

GRID = 2.0**-20


def settled(values: npt.ArrayLike) -> Array:
    """The values on the grid: exact in float32 up to 8, and free of a library's last bits."""
    return np.asarray(np.round(np.asarray(values, dtype=np.float64) / GRID) * GRID)


def draw(seed: int, purpose: str, *shape: int) -> Array:
    """Normal draws for one purpose of one mapping: another purpose is independent of it."""
    words = [seed % 2**32, *purpose.encode()]
    return settled(np.random.default_rng(words).standard_normal(shape))


def directions(seed: int, purpose: str, rows: int, columns: int) -> Array:
    """Random rows [rows, columns] of unit length."""
    raw = draw(seed, purpose, rows, columns)
    return settled(raw / np.linalg.norm(raw, axis=1, keepdims=True))
