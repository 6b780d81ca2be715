"""Prints the polynomial coefficients of firmware/engine/vec_math.h.

Least squares on Chebyshev nodes, iteratively re-weighted towards the
smallest largest relative error (Lawson's algorithm).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Function = Callable[[NDArray[np.float64]], NDArray[np.float64]]

# name: (function of u that the polynomial stands for, range of u, degree, error weight)
FITS: dict[str, tuple[Function, tuple[float, float], int, Function]] = {
    "exp: (e^r - 1 - r) / r^2": (
        lambda r: np.where(np.abs(r) < 1e-3, 0.5 + r / 6 + r * r / 24, (np.expm1(r) - r) / (r * r + 1e-300)),
        (-0.3466, 0.3466),
        4,
        lambda r: r * r,
    ),
    "log: (log(1 + f) - f + f^2 / 2) / f^3": (
        lambda f: np.where(
            np.abs(f) < 1e-3, 1 / 3 - f / 4 + f * f / 5, (np.log1p(f) - f + f * f / 2) / (f**3 + 1e-300)
        ),
        (np.sqrt(0.5) - 1, np.sqrt(2) - 1),
        8,
        lambda f: f * f,
    ),
    "sin: (sin(sqrt u) / sqrt u - 1) / u": (
        lambda u: (np.sinc(np.sqrt(u) / np.pi) - 1) / u,
        (1e-5, (np.pi / 4) ** 2),
        2,
        lambda u: u,
    ),
    "cos: (cos(sqrt u) - 1 + u / 2) / u^2": (
        lambda u: np.where(
            u < 1e-2, 1 / 24 - u / 720 + u * u / 40320, (np.cos(np.sqrt(u)) - 1 + u / 2) / (u * u)
        ),
        (1e-5, (np.pi / 4) ** 2),
        2,
        lambda u: u * u,
    ),
    "tanh: (tanh(sqrt u) / sqrt u - 1) / u": (
        lambda u: (np.tanh(np.sqrt(u)) / np.sqrt(u) - 1) / u,
        (1e-5, 0.625**2),
        4,
        lambda u: u,
    ),
}


def fit(
    function: Function, limits: tuple[float, float], degree: int, weight: Function
) -> NDArray[np.float64]:
    """Coefficients, lowest power first, with nearly the smallest largest weighted error on `limits`."""
    low, high = limits
    u = (low + high) / 2 + (high - low) / 2 * np.cos(np.pi * (np.arange(2000) + 0.5) / 2000)
    basis, target, lawson = np.vander(u, degree + 1, increasing=True), function(u), np.ones_like(u)
    for _ in range(200):
        w = np.sqrt(lawson) * weight(u)
        coefficients: NDArray[np.float64] = np.linalg.lstsq(basis * w[:, None], target * w, rcond=None)[0]
        error = np.abs((basis @ coefficients - target) * weight(u))
        lawson *= error / error.max() + 1e-12
        lawson /= lawson.sum()
    return coefficients


if __name__ == "__main__":
    for name, (function, limits, degree, weight) in FITS.items():
        print(name, ", ".join(f"{c:.10g}f" for c in fit(function, limits, degree, weight)))
