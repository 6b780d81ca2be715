"""Host synthesis: latents from the board in, sound of the same voice out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from firmware import Engine

Audio = npt.NDArray[np.float32]


class HostVoice:
    """Plays a voice plan from the latest latents, as the board does, one hop at a time.

    The voice is always running: before the first latent arrives it plays the rest position, afterwards
    it holds the latest one, so that there is no trigger and no gap.

    Args:
        plan: path of a voice plan.
        rest: latents [Z] to play until the board has spoken.
    """

    def __init__(self, plan: Path, rest: npt.NDArray[np.float32]) -> None:
        self._engine = Engine.load(plan)
        self._latent = np.asarray(rest, dtype=np.float32).copy()
        self._pending: Audio = np.zeros(0, dtype=np.float32)

    def hear(self, latent: npt.NDArray[np.float32]) -> None:
        """Takes the latents [Z] that the board sent; the next hop plays them."""
        if latent.shape == self._latent.shape:
            self._latent = latent.astype(np.float32)

    def render(self, frames: int) -> Audio:
        """The next `frames` samples of the first channel, float32 [frames]."""
        while self._pending.size < frames:
            hop = self._engine.run({"latent": self._latent[None, :, None]})["audio"][0, 0]
            self._pending = np.concatenate([self._pending, hop])
        block, self._pending = self._pending[:frames], self._pending[frames:]
        return block
