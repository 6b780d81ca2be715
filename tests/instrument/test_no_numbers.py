"""Graphs that give no numbers, as others' may: what was before them is held, and play goes on."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import pytest

from firmware import Engine
from lodestone.board import encode
from model_export.compiler import compile_plan
from tests.instrument.hears import Hears
from tests.support.graph_maker import GraphMaker
from tests.support.tiny import image, play, scene, voice_model


def poisoned_touch() -> onnx.ModelProto:
    """Latents that gather the field: a knob at 0 puts "no number" into the state, which keeps it."""
    g = GraphMaker()
    field, before = g.input("field", [4, 3]), g.input("state.0", [4, 3])
    root = g.node("Sqrt", g.node("Sub", g.input("knob.depth", []), g.constant(0.5)))
    now = g.node(
        "Add",
        g.node("Mul", before, g.constant(0.9)),
        g.node("Mul", field, g.node("Mul", root, g.constant(0.01))),
    )
    g.output(now, "next.0", [4, 3])
    touch = g.node("Reshape", g.node("Tanh", now), g.constant([12], np.int64))
    g.output(touch, "touch", [12])
    g.output(g.slice(touch, 0, 0, 2), "latent", [2])
    knobs = {"depth": {"minimum": 0, "maximum": 1, "default": 1}}
    return g.model(json.dumps({"kind": "touch", "name": "poisoned", "latents": 2, "knobs": knobs}))


def poisoned_voice() -> onnx.ModelProto:
    """The tiny voice, whose phase is no number for ever after latent 1 has been below zero."""
    model = voice_model(512, title="poisoned")
    poison = [
        onnx.helper.make_node("Slice", ["latent", "from1", "to2", "axis1"], ["level"]),
        onnx.helper.make_node("Sqrt", ["level"], ["root"]),
        onnx.helper.make_node("Mul", ["root", "nothing"], ["poison"]),
        onnx.helper.make_node("Add", ["poison", "state.0"], ["poisoned"]),
    ]
    for node in model.graph.node:
        node.input[:] = ["poisoned" if name == "state.0" else name for name in node.input]
    numbers = {
        "from1": np.array([1]),
        "to2": np.array([2]),
        "axis1": np.array([1]),
        "nothing": np.float32([[[0]]]),
    }
    model.graph.initializer.extend(onnx.numpy_helper.from_array(v, k) for k, v in numbers.items())
    for at, node in enumerate(poison):
        model.graph.node.insert(at, node)
    return model


def test_a_touch_that_gives_no_numbers_is_held_and_comes_back(tmp_path: Path) -> None:
    made = scene(tmp_path / "plans", "one")
    made.touch_plan.write_bytes(compile_plan(poisoned_touch()))
    hears = Hears({1.0: encode("/knob/depth", 0.0), 2.0: encode("/knob/depth", 1.0)})
    run = play(tmp_path / "a", image(tmp_path, made), seconds=9.0, outside=hears)
    assert np.isfinite(run.samples()).all()
    latents = np.array([values for *_, values in run.latents])
    assert np.isfinite(latents).all()
    times = hears.times("/latent")
    rows = np.array(hears.values("/latent"))
    assert np.isfinite(rows).all()
    held, after = rows[(times > 1.1) & (times < 1.9)], rows[times > 2.5]
    assert len(np.unique(held, axis=0)) == 1
    assert len(np.unique(after, axis=0)) > 100
    texts = [text for _, _, name, text in hears.values("/trouble") if name == "touch"]
    assert texts
    assert "wanted numbers from the touch poisoned" in texts[0]
    assert hears.values("/trouble")[-1][1] == 0  # cured


def test_a_voice_that_gives_no_numbers_is_held_and_comes_back(tmp_path: Path) -> None:
    made = scene(tmp_path / "plans", "one")
    made.voice_plan.write_bytes(compile_plan(poisoned_voice()))
    hears = Hears({})
    run = play(tmp_path / "a", image(tmp_path, made), seconds=9.0, outside=hears)
    samples = run.samples()[:, 0]
    assert np.isfinite(samples).all()
    assert np.abs(samples[-44100:]).max() > 0.05
    assert any(name == "voice" for _, _, name, _ in hears.values("/trouble"))
    # A sine of this pitch and level, its fades, and no step.
    assert np.abs(np.diff(samples[4410:])).max() < 2 * np.pi * 0.008 * 0.4 * 1.5


@pytest.mark.parametrize("kernels", ["portable", "best"])
@pytest.mark.parametrize("operator", ["Tanh", "Sigmoid", "Exp", "Clip", "Softplus"])
def test_no_kernel_makes_a_number_of_what_is_none(operator: str, kernels: str) -> None:
    g = GraphMaker()
    x = g.input("field", [4, 3])
    bounds = (g.constant(-1.0), g.constant(1.0)) if operator == "Clip" else ()
    y = g.node(operator, x, *bounds)
    g.output(g.node("Reshape", y, g.constant([12], np.int64)), "touch", [12])
    g.output(g.slice(g.node("Flatten", x, axis=0), 1, 0, 2), "latent", [1, 2])
    engine = Engine(compile_plan(g.model(json.dumps({"kind": "touch", "latents": 2}))), kernels=kernels)
    field = np.full((4, 3), np.nan, np.float32)
    field[1] = 0.5
    given = engine.run({"field": field})["touch"].reshape(4, 3)
    assert np.isfinite(given[1]).all()
    assert np.isnan(given[[0, 2, 3]]).all()
