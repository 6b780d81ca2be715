"""Quantised voices: near the exact one, small, playable by ONNX Runtime and by the engine alike."""

from __future__ import annotations

import json

import numpy as np
import onnx
import pytest

from graphs.card import read_card
from model_export.compiler import compile_plan
from model_export.compiler.plan_reader import read_plan
from model_export.errors import ExportError
from model_export.quantise import Quantised, quantise
from model_export.quantise.rounding import best_scale, compensated
from model_export.verify import verify
from tests.support.oracle import compare
from tests.support.synthetic import decoder


@pytest.fixture(scope="module")
def exact() -> onnx.ModelProto:
    return decoder(8)


@pytest.fixture(scope="module")
def made(exact: onnx.ModelProto) -> Quantised:
    return quantise(exact, "w8a16", target_db=38.0)


def test_random_weights_keep_38_db(made: Quantised) -> None:
    assert made.report.snr_db >= 38.0
    difference = made.exact.astype(np.float64) - made.played
    measured = 10 * np.log10(np.mean(made.exact**2) / np.mean(difference**2))
    assert abs(measured - made.report.snr_db) < 1e-3
    assert made.report.log_spectral_distance_db < 1.0


def test_weights_take_a_quarter_in_the_plan(exact: onnx.ModelProto, made: Quantised) -> None:
    weights = [read_plan(compile_plan(model)).header["weight_bytes"] for model in (made.model, exact)]
    assert (
        weights[0] < 0.34 * weights[1]
    )  # the filter bank's share stays exact, and is large in so small a voice


def test_engine_and_onnxruntime_play_the_same_graph(made: Quantised) -> None:
    rng = np.random.default_rng(0)
    feeds = [{"latent": rng.normal(size=(1, 16, 1)).astype(np.float32)} for _ in range(6)]
    # One step of 16 bits apart here and there, where a float lies on the edge between two.
    assert compare(made.model, feeds).relative < 2e-3


def test_weights_alone(exact: onnx.ModelProto) -> None:
    voice = quantise(exact, "w8", target_db=30.0)
    assert voice.report.snr_db >= 30.0
    assert not any(node.op_type == "QuantizeLinear" for node in voice.model.graph.node)
    rng = np.random.default_rng(0)
    feeds = [{"latent": rng.normal(size=(1, 16, 1)).astype(np.float32)} for _ in range(4)]
    assert compare(voice.model, feeds).relative < 1e-5


@pytest.fixture(scope="module")
def in_bytes(exact: onnx.ModelProto) -> Quantised:
    return quantise(exact, "w8a8")


def test_bytes_reach_their_target_with_some_layers_wider(in_bytes: Quantised) -> None:
    assert in_bytes.report.snr_db >= 35.5  # wanted on other latents: 36
    widths = {layer.input_bits for layer in in_bytes.report.layers.values()}
    assert 8 in widths
    assert 16 in widths
    graph = in_bytes.model.graph
    zeros = {node.input[2] for node in graph.node if node.op_type == "QuantizeLinear"}
    kinds = {i.data_type for i in graph.initializer if i.name in zeros}
    assert kinds == {onnx.TensorProto.UINT8, onnx.TensorProto.INT16}


def test_engine_and_onnxruntime_play_the_same_bytes(in_bytes: Quantised) -> None:
    rng = np.random.default_rng(0)
    feeds = [{"latent": rng.normal(size=(1, 16, 1)).astype(np.float32)} for _ in range(6)]
    # A step of 8 bits apart here and there; the quantisation itself is 1.6e-2.
    assert compare(in_bytes.model, feeds).relative < 1e-2


def test_compensation_beats_plain_rounding() -> None:
    rng = np.random.default_rng(0)
    mixing = rng.normal(size=(48, 48))
    heard = rng.normal(size=(400, 48)) @ mixing
    covariance, weight = heard.T @ heard, rng.normal(size=(20, 48))
    scale = best_scale(weight, np.diag(covariance), 127)
    plain = np.clip(np.round(weight / scale[:, None]), -127, 127) * scale[:, None]
    better = compensated(weight, covariance, scale, 127) * scale[:, None]
    noise = [float(np.mean((heard @ (weight - w).T) ** 2)) for w in (plain, better)]
    assert noise[1] < 0.5 * noise[0]


def test_wrong_modes_are_named(exact: onnx.ModelProto) -> None:
    with pytest.raises(ExportError, match="w4"):
        quantise(exact, "w4")


def test_the_card_tells_of_it_and_its_reference_run_still_holds(made: Quantised) -> None:
    card = read_card(made.model)
    assert card.latents == 16
    stored = json.loads(next(p.value for p in made.model.metadata_props if p.key == "lodestone.card"))
    assert stored["quantisation"]["mode"] == "w8a16"
    assert abs(stored["quantisation"]["snr_db"] - made.report.snr_db) < 1e-9
    if card.reference is not None:
        assert verify(made.model, card) <= card.reference.tolerance
