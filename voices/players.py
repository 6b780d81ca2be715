"""Ways to hear a voice: PyTorch on upstream's file (in `.venv-rave`), or ONNX Runtime on our export of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx

from voices.atlas import Player
from voices.descriptors import Audio, Floats


def torch_player(archive: Path, seed: int = 0) -> Player:
    """Plays a `.ts` with PyTorch, one latent frame per call, from silent caches."""
    import torch

    from voices.record_golden import zero_states

    model = torch.jit.load(str(archive), map_location="cpu").eval()

    def play(latents: Floats) -> Audio:
        with torch.no_grad():
            torch.manual_seed(seed)
            zero_states(model)
            frames = torch.from_numpy(latents.astype(np.float32))
            return np.concatenate([model.decode(frame.reshape(1, -1, 1))[0, 0].numpy() for frame in frames])

    return play


def graph_player(model: onnx.ModelProto) -> Player:
    """Plays a voice's graph with ONNX Runtime, one latent frame per call, caches silent and noise seeded."""
    from model_export.stream import OrtStream

    stream = OrtStream(model)

    def play(latents: Floats) -> Audio:
        stream.reset()
        frames = latents.astype(np.float32)[:, None, :, None]
        return np.concatenate([stream.run({"latent": frame})["audio"][0, 0] for frame in frames])

    return play
