"""An encoder of ours: the graph hears what numpy hears, at every hop and in any blocks."""

from __future__ import annotations

import numpy as np
import pytest
from onnx import numpy_helper

from model_export.encoder import Encoder
from tests.support.tiny_voice import RATE, tiny_encoder
from training import hearing


def convolved(x: np.ndarray, weights: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """[C', T'] of x [C, T]."""
    taps = weights.shape[2]
    return np.asarray(
        sum(weights[:, :, k] @ x[:, k : x.shape[1] - taps + 1 + k] for k in range(taps)) + bias[:, None]
    )


@pytest.mark.parametrize("hop", [128, 2048])
def test_the_graph_hears_what_numpy_hears(hop: int) -> None:
    random = np.random.default_rng(hop)
    model = tiny_encoder(latents=5, seed=2, hop=hop)
    frames = 37  # not a whole number of blocks
    sound = (0.1 * random.standard_normal(frames * hop)).astype(np.float32)
    got = Encoder(model).encode(sound)
    silence = np.repeat(hearing.features(np.zeros((1, hearing.MELS), np.float32)), hearing.CONTEXT, axis=0)
    x = np.concatenate([silence, hearing.features(hearing.mel_powers(sound, hop, RATE))]).T
    weights = {i.name: numpy_helper.to_array(i) for i in model.graph.initializer}
    convs = [node for node in model.graph.node if node.op_type == "Conv"]
    assert len(convs) == len(hearing.WEIGHTS)
    for node in convs:
        x = convolved(x, weights[node.input[1]], weights[node.input[2]])
        x = x if node is convs[-1] else np.where(x > 0, x, hearing.SLOPE * x)
    assert got.shape == (frames, 5)
    assert got == pytest.approx(x.T, abs=1e-4)


def test_a_window_is_two_frames_or_23_ms_and_the_latent_lies_in_its_middle() -> None:
    assert [hearing.window_of(hop) for hop in (128, 512, 2048)] == [1024, 1024, 4096]
    assert [hearing.late_frames(hop) for hop in (128, 512, 2048)] == [4, 1, 1]
