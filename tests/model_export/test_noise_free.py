"""A voice without its noise branch sounds as the whole one does while its draws stand still."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
import pytest

import model_export
from firmware import Engine
from graphs.card import read_card
from graphs.player import GraphPlayer
from model_export.compiler import compile_plan
from model_export.errors import ExportError
from model_export.graph.silence import MIDDLE, without_draws
from model_export.graph.stored import multiplications, static_shapes
from model_export.noise_free import without_noise
from model_export.quantise import quantise
from tests.model_export.conftest import NOISY
from tests.support import rave_voices
from tests.support.graph_maker import GraphMaker
from voices.voice_graph import export_voice

FloatArray = npt.NDArray[np.float32]
Unpack = Callable[[str], Path]
CALLS = 12
TOLERANCE = 1e-6
SOUND_BY_NOISE_ALONE = [
    "discrete",
    "discrete_v3",
]  # their codebooks are empty: what fills the other latents sounds
WITH_A_BRANCH = ["v1_noise", "v2_noise", "v2_small"]  # the others draw what fills their latents


@pytest.fixture(scope="module")
def water() -> onnx.ModelProto:
    return export_voice(rave_voices.find("water").path)


def quiet(model: onnx.ModelProto) -> dict[str, FloatArray]:
    return {
        n: np.full(shape, MIDDLE[kind], np.float32) for n, (kind, shape) in read_card(model).noise.items()
    }


def require_the_same(whole: onnx.ModelProto, sounds: bool = True) -> onnx.ModelProto:
    """Both forms in ONNX Runtime and on the engine, on latents up to three times what they were made for."""
    made = without_noise(whole)
    assert not [i.name for i in made.graph.input if i.name.startswith("noise.")]
    card, held = read_card(whole), quiet(whole)
    assert card.latent is not None
    dice = np.random.default_rng(4)
    shape = GraphPlayer(whole).inputs["latent"]
    walk = card.latent.mean[:, None] + 3 * card.latent.std[:, None] * dice.standard_normal((CALLS, *shape))
    for make in (GraphPlayer, lambda model: Engine(compile_plan(model))):
        exact, cheaper = make(whole), make(made)
        wanted, got = [], []
        for latent in walk.astype(np.float32):
            wanted.append(exact.run({"latent": latent, **held})["audio"])
            got.append(cheaper.run({"latent": latent})["audio"])
        peak = np.abs(wanted).max()
        assert (peak > 0) == sounds
        assert np.abs(np.subtract(wanted, got)).max() <= TOLERANCE * peak
    return made


@pytest.mark.parametrize("name", NOISY)
def test_it_sounds_as_the_whole_voice_without_its_noise(archive: Unpack, name: str) -> None:
    whole = model_export.export(archive(name))
    made = require_the_same(whole, name not in SOUND_BY_NOISE_ALONE)
    before, after = read_card(whole), read_card(made)
    assert before.macs_per_second == round(multiplications(whole) * before.sample_rate / before.hop)
    assert (after.macs_per_second < 0.9 * before.macs_per_second) == (name in WITH_A_BRANCH)
    assert after.noise == {}


def test_water(water: onnx.ModelProto) -> None:
    made = require_the_same(water)
    before, after = read_card(water), read_card(made)
    assert after.name == "water-without-noise"
    assert (after.latents, after.delay_samples, after.source_sha256) == (
        before.latents, before.delay_samples, before.source_sha256
    )  # fmt: skip
    assert after.macs_per_second < before.macs_per_second
    assert after.parameters < before.parameters
    assert after.state_bytes == 4 * sum(
        prod(s) for n, s in GraphPlayer(made).inputs.items() if n[:6] == "state."
    )
    assert after.state_bytes < before.state_bytes


def test_water_in_8_bits(water: onnx.ModelProto) -> None:
    narrow = quantise(water, "w8a16", target_db=30.0).model
    made = require_the_same(narrow)
    assert "DequantizeLinear" in {node.op_type for node in made.graph.node}
    assert read_card(made).parameters == read_card(without_noise(water)).parameters


def test_the_filter_itself_is_the_least_of_the_branch(water: onnx.ModelProto) -> None:
    """So fewer taps would save next to nothing: it is the network behind them that costs."""
    shapes, constants = static_shapes(water), {tensor.name for tensor in water.graph.initializer}
    filters = [n for n in water.graph.node if n.op_type == "Conv" and n.input[1] not in constants]
    assert len(filters) == 1
    taps = prod(shapes[filters[0].input[1]]) * shapes[filters[0].output[0]][2]
    branch = multiplications(water) - multiplications(without_noise(water))
    assert 0 < taps < 0.1 * branch


def test_a_voice_without_noise_is_refused() -> None:
    glass = export_voice(rave_voices.find("glass").path)
    with pytest.raises(ExportError, match="glass, which has none"):
        without_noise(glass)


def memories() -> onnx.ModelProto:
    """Memories of what nothing hears, of noise alone, of noise that started at one, and of the sound."""
    g = GraphMaker()
    z, draw = g.input("latent", [1, 2, 1]), g.input("noise.0", [1, 2, 1])
    noise = g.node("Sub", g.node("Mul", draw, g.constant(2.0)), g.constant(1.0))
    states = [g.input(f"state.{k}", [1, 2, 1]) for k in range(4)]
    unheard = g.node("Add", states[0], z)
    hiss = g.node("Conv", g.node("Concat", states[1], noise, axis=2), g.constant(np.ones((2, 2, 2))))
    fading = g.node("Mul", g.node("Add", states[2], noise), g.constant(0.5))
    tone = g.node("Add", states[3], g.node("Tanh", z))
    shaped = g.node("Conv", g.node("Mul", hiss, z), g.constant(np.ones((2, 2, 1))), g.constant([0.25, 0.5]))
    sound = g.node("Sub", g.node("Add", shaped, tone), g.node("MatMul", g.constant(np.eye(2)[None]), hiss))
    g.output(g.node("Add", sound, fading), "audio", [1, 2, 1])
    nexts = (unheard, noise, fading, g.node("Mul", tone, g.constant(0.5)))
    for k, value in enumerate(nexts):
        g.output(value, f"next.{k}", [1, 2, 1])
    return g.model("")


def test_only_what_is_heard_and_not_silent_is_remembered() -> None:
    whole = memories()
    made, states = without_draws(whole, {"noise.0": "uniform"}, ["state.2"])
    assert states == ["state.2", "state.3"]
    onnx.checker.check_model(made, full_check=True)
    assert [i.name for i in made.graph.input] == ["latent", "state.0", "state.1"]
    assert [o.name for o in made.graph.output] == ["audio", "next.0", "next.1"]
    assert {node.op_type for node in made.graph.node} == {"Add", "Identity", "Mul", "Tanh"}
    exact, cheaper = GraphPlayer(whole), GraphPlayer(made)
    exact.states["state.2"][:] = cheaper.states["state.0"][:] = 1.0
    dice = np.random.default_rng(2)
    for _ in range(6):
        latent = dice.standard_normal((1, 2, 1)).astype(np.float32)
        wanted = exact.run({"latent": latent, "noise.0": np.full((1, 2, 1), 0.5, np.float32)})["audio"]
        assert np.allclose(cheaper.run({"latent": latent})["audio"], wanted, rtol=0, atol=TOLERANCE)


def test_a_draw_that_is_not_there_is_refused() -> None:
    for draws in ({"noise.7": "uniform"}, {"noise.0": "triangular"}):
        with pytest.raises(ExportError, match="draws that are inputs"):
            without_draws(memories(), draws)
