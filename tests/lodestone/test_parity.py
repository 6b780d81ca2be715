"""What ships, played by our engine and by ONNX Runtime: one sound, one touch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest

import calibration
import mapping
import sensors
from calibration.session import calibrate_simulated
from firmware import Engine
from graphs.card import read_card
from graphs.player import GraphPlayer
from lodestone.voice_files import voice_graph
from model_export.compiler import compile_plan
from voices import catalogue

FRAMES = 48
TOLERANCE = 1e-5  # of the peak
VOICES = catalogue.shipped()


def _plan(model: onnx.ModelProto | Path, folder: Path) -> Engine:
    path = folder / "graph.plan"
    path.write_bytes(compile_plan(model))
    return Engine.load(path)


@pytest.mark.parametrize("voice", VOICES, ids=[voice.name for voice in VOICES])
def test_a_shipped_voice_sounds_the_same_in_engine_and_onnx_runtime(
    voice: catalogue.Voice, tmp_path: Path
) -> None:
    graph = voice_graph(voice.path, tmp_path)
    engine, oracle = _plan(graph, tmp_path), GraphPlayer(onnx.load(graph))
    card = read_card(graph)
    rng = np.random.default_rng(5)
    ours, theirs = [], []
    for _ in range(FRAMES):
        latent = (voice.mean + voice.std * rng.standard_normal(voice.latents)).astype(np.float32)
        inputs = {"latent": latent[None, :, None]}
        for name, (distribution, shape) in card.noise.items():
            draw = rng.standard_normal(shape) if distribution == "normal" else rng.random(shape)
            inputs[name] = draw.astype(np.float32)
        ours.append(engine.run(inputs)["audio"])
        theirs.append(oracle.run(inputs)["audio"])
    peak = np.abs(theirs).max()
    assert peak > 0.01
    assert np.abs(np.array(ours) - np.array(theirs)).max() <= TOLERANCE * peak


def test_the_touch_graph_of_a_real_calibration_is_the_same_in_both(tmp_path: Path) -> None:
    file = tmp_path / "board.calibration.json"
    calibrate_simulated(file, seed=2)
    card = read_card(voice_graph(VOICES[0].path, tmp_path))
    model = mapping.touch_graph(calibration.load(file), card)
    engine, oracle = _plan(model, tmp_path), GraphPlayer(model)
    defaults = {f"knob.{name}": np.float32(knob.default) for name, knob in read_card(model).knobs.items()}
    with sensors.open_source("sim:first-sound?seed=2") as source:
        for index, frame in zip(range(2400), source, strict=False):
            inputs = {
                "field": frame.field_mt.astype(np.float32),
                "valid": frame.valid.astype(np.float32),
                "temperature": frame.temperature_c.astype(np.float32),
                "dt": np.float32(0.005),
                "knob.entanglement": np.float32(0.5 + 0.5 * np.sin(index / 200)),
            }
            ours = engine.run(inputs)
            theirs = oracle.run({**defaults, **inputs})
            for name in ("touch", "latent"):
                scale = max(1.0, float(np.abs(theirs[name]).max()))
                assert np.abs(ours[name] - theirs[name]).max() <= TOLERANCE * scale, (index, name)
