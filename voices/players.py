"""Ways to hear a voice's graph without a board."""

from __future__ import annotations

import numpy as np
import onnx

from graphs.player import GraphPlayer
from voices.atlas import Player
from voices.descriptors import Audio, Floats


def graph_player(model: onnx.ModelProto) -> Player:
    """Plays a voice's graph with ONNX Runtime, one latent frame per call, caches silent and noise seeded."""
    stream = GraphPlayer(model)

    def play(latents: Floats) -> Audio:
        stream.reset()
        frames = latents.astype(np.float32)[:, None, :, None]
        return np.concatenate([stream.run({"latent": frame})["audio"][0, 0] for frame in frames])

    return play
