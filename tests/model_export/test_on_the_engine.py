"""Every exported decoder compiles and sounds the same on Lodestone's own engine as in ONNX Runtime."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import firmware
import model_export
from graphs.player import GraphPlayer
from graphs.tolerance import EXACT
from model_export.compiler import compile_plan
from tests.model_export.conftest import FOREIGN_MODELS, MODELS, NOISY
from tests.model_export.golden_vectors import relative_error


@pytest.mark.parametrize("name", [*MODELS, *FOREIGN_MODELS])
def test_engine_and_onnx_runtime_agree(archive: Callable[[str], Path], tmp_path: Path, name: str) -> None:
    model = model_export.export(archive(name))
    plan = tmp_path / "voice.plan"
    plan.write_bytes(compile_plan(model))
    engine, stream = firmware.Engine.load(str(plan)), GraphPlayer(model)
    dice = np.random.default_rng(5)
    shapes = {key: shape for key, shape in stream.inputs.items() if not key.startswith("state.")}
    assert ("noise.0" in shapes) == (name in NOISY)
    got, wanted = [], []
    for _ in range(12):
        call = {key: dice.random(shape).astype(np.float32) for key, shape in shapes.items()}
        got.append(engine.run(call)["audio"])
        wanted.append(stream.run(call)["audio"])
    assert relative_error(np.stack(got), np.stack(wanted)) <= EXACT
