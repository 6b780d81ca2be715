"""The operator of the recipe, from serialized code to the kernel: the engine and ONNX Runtime agree."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

import firmware
from graphs.player import GraphPlayer
from model_export.compiler import compile_plan
from model_export.graph.onnx_writer import to_onnx
from model_export.symbolic import trace
from model_export.torchscript.archive import Archive
from model_export.torchscript.reader import read_script
from tests.model_export import archives, handmade

CODE = """def decode(self: __torch__.Voice,
    z: Tensor) -> Tensor:
  return torch.acos(torch.mul(z, 0.5))"""

path = archives.write(Path(sys.argv[1]) / "acos.ts", handmade.voice(CODE, {}, {}))
with Archive(path) as archive:
    script = read_script(archive)
    model = to_onnx(trace(script, script.root, "decode", (1, 2, 3), "latent", "audio"), "voice")
assert "Acos" in [node.op_type for node in model.graph.node]
latent = np.linspace(-2.0, 2.0, 6, dtype=np.float32).reshape(1, 2, 3)
wanted = GraphPlayer(model).run({"latent": latent})["audio"]
np.testing.assert_allclose(wanted, np.arccos(0.5 * latent), atol=1e-6)
for kernels in ("portable", "best"):
    got = firmware.Engine(compile_plan(model), kernels).run({"latent": latent})["audio"]
    np.testing.assert_allclose(got, wanted, atol=1e-6)
print("operator of the extended tree", firmware.__file__)
