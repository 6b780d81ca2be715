"""Reading the sound that the simulated board wrote."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.io import wavfile


def read(path: Path) -> tuple[int, npt.NDArray[np.float32]]:
    """Samples per second, and samples [N, channels] in −1..1 as float32."""
    rate, samples = wavfile.read(path)
    if samples.dtype == np.int16:
        samples = samples.astype(np.float32) / 32768.0
    elif samples.dtype != np.float32:
        samples = samples.astype(np.float32)
    return int(rate), samples.reshape(len(samples), -1)
