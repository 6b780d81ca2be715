"""tract beside the engine: the same sound, and a graph that hands on what a call of it takes by itself."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime as ort
import pytest

from graphs.player import GraphPlayer
from tests.support import tract_peer
from tests.support.synthetic import low_hop


def test_handing_on_takes_and_gives_what_the_voice_does() -> None:
    model = low_hop("hop128", 2)
    made = tract_peer.handing_on(model)
    onnx.checker.check_model(made)
    session = ort.InferenceSession(made.SerializeToString(), providers=["CPUExecutionProvider"])
    rng = np.random.default_rng(0)
    given = {i.name: rng.normal(size=i.shape).astype(np.float32) for i in session.get_inputs()}
    names = [o.name for o in session.get_outputs()]
    assert names == [o.name for o in model.graph.output]
    for name, value in zip(names, session.run(None, given), strict=True):
        wanted = given[name.replace("next.", "state.")] if name != "audio" else np.zeros((1, 1, 128))
        np.testing.assert_array_equal(value, wanted)


@pytest.mark.skipif(not tract_peer.installed(), reason=tract_peer.MISSING)
def test_tract_sounds_as_onnx_runtime() -> None:
    model = low_hop("hop128", 4)
    bound, player = tract_peer.BoundTract(model), GraphPlayer(model)
    latent = bound.values[bound.order.index("latent")].to_numpy()
    for _ in range(12):
        bound()
        wanted = player.run({"latent": latent})["audio"]
        np.testing.assert_allclose(bound.audio(), wanted, atol=1e-5)
