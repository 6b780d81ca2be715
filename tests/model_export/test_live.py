"""With PyTorch installed: fresh latents through the archive itself and through the exported voice."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import model_export
from graphs.player import GraphPlayer
from graphs.tolerance import EXACT
from tests.model_export.golden_vectors import relative_error

torch = pytest.importorskip("torch")
STATES = ("pad", "cache", "last_z")


@pytest.mark.parametrize("name", ["v1", "v2", "v3", "brave", "raspberry", "onnx"])
def test_live(archive: Callable[[str], Path], name: str) -> None:
    model = torch.jit.load(str(archive(name))).eval()
    for label, buffer in model.named_buffers():
        if label.rsplit(".", 1)[-1] in STATES:
            buffer.data.zero_()
    stream = GraphPlayer(model_export.export(archive(name)))
    latents = np.random.default_rng().standard_normal((40, *stream.inputs["latent"])).astype(np.float32)
    with torch.no_grad():
        wanted = np.stack([model.decode(torch.from_numpy(z)).numpy() for z in latents])
    got = np.stack([stream.run({"latent": z})["audio"] for z in latents])
    assert relative_error(got, wanted) <= EXACT
