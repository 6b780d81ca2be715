"""From one sample rate to another, as a stream: soxr's best quality, without a step between blocks."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from errors import LodestoneError

Audio = npt.NDArray[np.float32]


class ResampleError(LodestoneError):
    """The library for other sample rates is not there."""


class Resampler:
    """Blocks [frames, channels] at one rate in, at another out.

    Args:
        rate: of what comes in, Hz.
        to: of what goes out, Hz.
        channels: of every block.

    Raises:
        ResampleError: soxr is not installed.
    """

    def __init__(self, rate: int, to: int, channels: int) -> None:
        try:
            import soxr
        except ImportError as missing:
            wanted = f"the Python package soxr, to play {rate} Hz at {to} Hz"
            raise ResampleError(
                wanted, str(missing), "install it beside Lodestone: `pip install soxr`"
            ) from None
        self.rate, self.to, self._channels = rate, to, channels
        # "HQ" is transparent to 20 bits, and its delay of some milliseconds is half that of "VHQ".
        self._stream = soxr.ResampleStream(rate, to, channels, dtype="float32", quality="HQ")

    def process(self, block: Audio) -> Audio:
        """As much as there is to give for the block so far; the filter keeps the rest."""
        made = self._stream.resample_chunk(np.ascontiguousarray(block, np.float32))
        return np.asarray(made, np.float32).reshape(-1, self._channels)
