"""Loudness by ITU-R BS.1770-4: K-weighting, blocks of 400 ms, gates at -70 LUFS and 10 LU below the rest."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def weighted(sound: Floats, rate: int) -> Floats:
    """The two filters of the recommendation, designed for this rate from their analogue figures."""
    from scipy.signal import lfilter  # a second and a half that most commands do without

    out = np.asarray(sound, float)
    for kind, hertz, q, gain_db in (
        ("shelf", 1681.974450955533, 0.7071752369554196, 3.999843853973347),
        ("high", 38.13547087602444, 0.5003270373238773, 0.0),
    ):
        k = np.tan(np.pi * hertz / rate)
        a = [1 + k / q + k * k, 2 * (k * k - 1), 1 - k / q + k * k]
        if kind == "shelf":
            high = 10 ** (gain_db / 20)
            middle = high**0.4996667741545416
            b = [high + middle * k / q + k * k, 2 * (k * k - high), high - middle * k / q + k * k]
        else:
            b = [a[0], -2 * a[0], a[0]]  # its numerator is 1, -2, 1 after division by a[0]
        out = np.asarray(lfilter(np.array(b) / a[0], np.array(a) / a[0], out))
    return out


def integrated(sound: Floats, rate: int) -> float:
    """LUFS of a mono sound; -inf where nothing passes the gates."""
    size, step = int(0.4 * rate), int(0.1 * rate)
    heard = weighted(sound, rate)
    power = np.array(
        [np.mean(np.square(heard[s : s + size])) for s in range(0, max(len(heard) - size, 1), step)]
    )
    loud = -0.691 + 10 * np.log10(power + 1e-20)
    first = power[loud > -70.0]
    if not len(first):
        return float("-inf")
    gate = -0.691 + 10 * np.log10(first.mean()) - 10.0
    kept = power[(loud > -70.0) & (loud > gate)]
    return float(-0.691 + 10 * np.log10(kept.mean())) if len(kept) else float("-inf")
