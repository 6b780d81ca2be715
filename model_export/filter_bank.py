"""What makes a cosine-modulated filter bank cheap, found in its numbers.

The synthesis filter of band b is p[n] cos(φ_b + (2b + 1) π n / 2M): a prototype times a cosine that
returns, but for its sign, every 2M samples. As a convolution with output phases m (n = M k + m), the
weights of one phase at every second tap k are therefore multiples of one vector over the bands: H[m, :,
parity] = u_m s_m^T. Two matrices of rank one per phase replace the dense kernel: M bands to 2M directions
once per row, then one multiplication per tap and phase; for 16 bands and 33 taps an eighth of the work. (P.
P. Vaidyanathan, Multirate Systems and Filter Banks, 1993, section 8.5.)
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
PARITIES = 2  # taps after which the directions return
EXACT = 1e-6  # of the filters' norm, which the product has to give back; rounding to float32 leaves 9e-7
SHORTEST = 8  # taps; below, the plain form costs as little


def factored(weight: Array) -> tuple[Array, Array] | None:
    """Directions [2, out, in] and taps [2, out, K] (zero at the other parity) of weights [out, in, K].

    The product of the two, summed over the parities, is the weights; None where these are no such bank.
    """
    outputs, inputs, length = weight.shape
    if min(outputs, inputs) < 2 or length < SHORTEST:
        return None
    pairs = [_rank_one(weight.astype(np.float64), parity) for parity in range(PARITIES)]
    again = sum(mix[:, :, None] * taps[:, None] for mix, taps in pairs)
    if np.linalg.norm(again - weight) > EXACT * np.linalg.norm(weight):
        return None
    return np.stack([mix for mix, _ in pairs]), np.stack([taps for _, taps in pairs])


def _rank_one(weight: Array, parity: int) -> tuple[Array, Array]:
    """The best u_m s_m^T of the taps of one parity: u [out, in], s [out, K]."""
    u, sizes, v = np.linalg.svd(weight[:, :, parity::PARITIES], full_matrices=False)
    share = np.sqrt(sizes[:, :1])
    taps = np.zeros((weight.shape[0], weight.shape[2]))
    taps[:, parity::PARITIES] = share * v[:, 0]
    return share * u[:, :, 0], taps
