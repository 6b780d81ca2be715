"""Quantised files: no byte that they can do without, a quarter of the weights, and the same sound."""

from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from firmware import Engine
from graphs.card import Card, LatentStatistics, Reference, attach_card, read_card
from graphs.player import GraphPlayer
from model_export.compiler import compile_plan
from model_export.quantise import integers, quantise
from model_export.quantise.compact import compact
from model_export.quantise.heard_inputs import latent_walk
from model_export.verify import verify
from tests.support.graph_maker import GraphMaker
from tests.support.synthetic import decoder
from voices.catalogue import shipped
from voices.voice_graph import SEARCH_DB, export_voice

LARGEST_SHARE = 0.28
BESIDE_WEIGHTS = 22_000  # card, nodes and what stays exact: much of a small voice


def rounded_to_nearest(model: onnx.ModelProto) -> onnx.ModelProto:
    """Every layer in w8a16 by plain rounding: as large as a voice whose rounding took its time."""
    arrays = {i.name: numpy_helper.to_array(i) for i in model.graph.initializer}
    layers = integers.quantisable(model, 64)
    weights = {}
    for node in layers:
        weight = arrays[node.input[1]]
        scale = np.abs(weight).max((1, 2)) / 127
        steps = np.round(weight / scale[:, None, None]).astype(np.int8)
        weights[node.output[0]] = integers.IntegerWeights(steps, scale.astype(np.float32))
    inputs = dict.fromkeys(weights, integers.as_words(-9.0, 9.0))
    return integers.quantised(integers.modern(model), weights, inputs)


@pytest.mark.parametrize("name", [voice.name for voice in shipped()])
def test_shipped_voices(name: str) -> None:
    exact = export_voice(next(voice for voice in shipped() if voice.name == name).path)
    made = quantise(exact, "w8a16", SEARCH_DB)
    narrow, whole = (len(model.SerializeToString()) for model in (made.model, exact))
    share = narrow / whole
    assert narrow <= LARGEST_SHARE * whole + BESIDE_WEIGHTS
    assert abs(share - made.report.size_share) < 1e-3
    assert made.report.snr_db >= 45.0
    card = read_card(made.model)
    assert card.reference is not None
    assert verify(made.model, card) <= card.reference.tolerance


@pytest.mark.parametrize("capacity", [32, 64])
def test_random_weights(capacity: int) -> None:
    exact = decoder(capacity)
    made = rounded_to_nearest(exact)
    compact(made)
    assert len(made.SerializeToString()) <= 0.27 * len(exact.SerializeToString())


def test_nothing_changes_but_the_bytes() -> None:
    model = rounded_to_nearest(decoder(8))
    small = copy.deepcopy(model)
    compact(small)
    onnx.checker.check_model(small)
    assert small.ByteSize() < model.ByteSize() - 10_000
    feeds = latent_walk(model, 3, 1)
    players = [GraphPlayer(m) for m in (model, small)]
    for feed in feeds:
        before, after = ({**player.run(feed), **player.states} for player in players)
        assert all(np.array_equal(before[name], after[name]) for name in before)
    engines = [Engine(compile_plan(m)) for m in (model, small)]
    for feed in feeds:
        first, second = (engine.run(feed)["audio"] for engine in engines)
        assert np.array_equal(first, second)


def test_names_of_inputs_outputs_and_layers_stay() -> None:
    model = decoder(4)
    layers = [node.output[0] for node in model.graph.node if node.op_type == "Conv"]
    ends = [[v.name for v in values] for values in (model.graph.input, model.graph.output)]
    compact(model)
    assert [node.name for node in model.graph.node if node.op_type == "Conv"] == layers
    assert [[v.name for v in values] for values in (model.graph.input, model.graph.output)] == ends


def test_only_small_whole_numbers_become_bytes() -> None:
    g = GraphMaker()
    signs = np.where(np.arange(512) % 2, -1.0, 1.0).astype(np.float32)
    halves, negative_zeros = signs / 2, signs * 0.0
    total = g.input("x", [512])
    for array in (signs, halves, negative_zeros):
        total = g.node("Add", total, g.constant(array))
    g.output(total, "y", [512])
    model = integers.modern(g.model())
    compact(model)
    kinds = sorted(i.data_type for i in model.graph.initializer if np.prod(i.dims) == 512)
    assert kinds == [onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT, onnx.TensorProto.INT8]
    assert [node.op_type for node in model.graph.node].count("DequantizeLinear") == 1


def test_equal_constants_are_stored_once() -> None:
    constants = [np.float32([1, 2]), np.float32([1, 2]), np.float32([[1, 2]]), np.int64([1, 2])]
    stored = [numpy_helper.from_array(array, f"c{i}") for i, array in enumerate(constants)]
    value = helper.make_tensor_value_info
    nodes = [helper.make_node("Add", ["c0", "c1"], ["y"]), helper.make_node("Add", ["c2", "c2"], ["z"])]
    ends = [value("y", 1, [2]), value("z", 1, [1, 2])]
    model = helper.make_model(helper.make_graph(nodes, "g", [], ends, stored))
    compact(model)
    assert len(model.graph.initializer) == 3
    assert model.graph.node[0].input[0] == model.graph.node[0].input[1]


def test_loose_references_take_half_the_room_and_latents_few_digits() -> None:
    sound = np.random.default_rng(0).normal(size=(1, 1, 2048)).astype(np.float32)
    numbers = np.float32([0.1, 1 / 3, 12345.678, -0.0])
    latent = LatentStatistics("prior", numbers, numbers, numbers, np.stack([numbers] * 4))
    model = decoder(4)
    card = read_card(model)
    sizes = []
    for tolerance in (1e-5, 5e-3):
        reference = Reference({}, {}, {"audio": sound}, tolerance)
        attach_card(model, replace(card, latent=latent, reference=reference))
        read = read_card(model)
        assert read.reference is not None
        assert read.latent is not None
        assert np.array_equal(read.latent.quantiles, latent.quantiles)
        apart = np.abs(read.reference.output["audio"] - sound).max()
        assert apart <= (0.0 if tolerance < 1e-3 else np.abs(sound).max() / 65000)
        assert read.to_json() == Card.from_json(read.to_json()).to_json()
        sizes.append(len(read.to_json()))
    assert sizes[0] - sizes[1] > 5000
