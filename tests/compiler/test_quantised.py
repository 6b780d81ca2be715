"""8-bit weights with 16-bit or 8-bit input: the kernels against ONNX Runtime, and every processor against
every other.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from firmware import Engine, EngineError
from model_export.compiler import compile_plan
from model_export.compiler.cost import convolutions
from model_export.compiler.plan_reader import Operation, changed, read_plan
from tests.support.oracle import compare


def layer(
    channels: int,
    out: int,
    taps: int,
    rows: int,
    dilation: int,
    seed: int,
    kind: type = np.int8,
    heard: type = np.int16,
) -> onnx.ModelProto:
    """One quantised convolution with steps that are powers of two: exact in every arithmetic."""
    rng = np.random.default_rng(seed)
    zero = heard(rng.integers(0, 256) if heard is np.uint8 else 0)
    top = np.iinfo(kind).max
    steps = rng.integers(-top, top + 1, (out, channels, taps)).astype(kind)
    scale = (2.0 ** -rng.integers(8, 12, out)).astype(np.float32)
    length = rows + (taps - 1) * dilation
    constants = {
        "steps": steps,
        "scale": scale,
        "step": np.float32(2.0**-12 if heard is np.int16 else 2.0**-5),
        "zero": zero,
        "bias": rng.integers(-8, 8, out).astype(np.float32),
    }
    nodes = [
        helper.make_node("QuantizeLinear", ["latent", "step", "zero"], ["taken"]),
        helper.make_node("DequantizeLinear", ["taken", "step", "zero"], ["heard"]),
        helper.make_node("DequantizeLinear", ["steps", "scale"], ["weight"], axis=0),
        helper.make_node("Conv", ["heard", "weight", "bias"], ["audio"], dilations=[dilation]),
    ]
    graph = helper.make_graph(
        nodes,
        "layer",
        [helper.make_tensor_value_info("latent", TensorProto.FLOAT, [1, channels, length])],
        [helper.make_tensor_value_info("audio", TensorProto.FLOAT, [1, out, rows])],
        [numpy_helper.from_array(np.asarray(array), name) for name, array in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)


SIZES = st.tuples(
    st.integers(2, 70), st.integers(1, 70), st.integers(1, 4), st.integers(1, 30), st.integers(1, 4)
)


HEARD = st.sampled_from([np.int16, np.uint8])


def input_of(sizes: tuple[int, int, int, int, int], seed: int) -> npt.NDArray[np.float32]:
    """What a layer hears: some of it beyond its range."""
    channels, _, taps, rows, dilation = sizes
    drawn = np.random.default_rng(seed).normal(0, 1.5, (1, channels, rows + (taps - 1) * dilation))
    return drawn.astype(np.float32)


@given(SIZES, HEARD, st.sampled_from(["best", "portable"]), st.integers(0, 99))
@settings(max_examples=60, deadline=None)
def test_layers(sizes: tuple[int, int, int, int, int], heard: type, kernels: str, seed: int) -> None:
    model = layer(*sizes, seed, heard=heard)
    assert compare(model, [{"latent": input_of(sizes, seed)}], kernels).relative < 2e-6


@given(SIZES, HEARD, st.integers(0, 99))
@settings(max_examples=40, deadline=None)
def test_every_instruction_set_here_gives_the_same_bits(
    sizes: tuple[int, int, int, int, int], heard: type, seed: int
) -> None:
    plan, x = compile_plan(layer(*sizes, seed, heard=heard)), input_of(sizes, seed)
    flags = Path("/proc/cpuinfo").read_text()
    sets = {"portable": "", "avx2": "avx2", "avx512": "avx512_vnni"}
    sounds = [Engine(plan, k).run({"latent": x})["audio"] for k, flag in sets.items() if flag in flags]
    assert all(np.array_equal(sound, sounds[0]) for sound in sounds)


def test_wide_weights() -> None:
    model = layer(24, 40, 3, 9, 2, 1, np.int16)
    heard = np.random.default_rng(2).normal(0, 1, (1, 24, 13)).astype(np.float32)
    assert (
        compare(model, [{"latent": heard}]).relative < 5e-4
    )  # 16-bit input in ONNX Runtime, floats in the engine


def test_inputs_beyond_the_calibrated_range_are_held_and_sums_cannot_overflow() -> None:
    model = layer(64, 16, 4, 3, 1, 5)
    loud = np.full((1, 64, 6), 1e9, np.float32)
    engine = Engine(compile_plan(model))
    held = engine.run({"latent": np.full((1, 64, 6), 8.0 - 2.0**-12, np.float32)})["audio"]
    assert np.array_equal(engine.run({"latent": loud})["audio"], held)


def test_a_plan_whose_sums_could_overflow_is_refused() -> None:
    plan = compile_plan(layer(400, 16, 4, 3, 1, 5))
    conv = convolution_of(plan)
    assert conv["input_limit"] < 32767  # the compiler has held the input back
    with pytest.raises(EngineError, match="31 bits"):
        Engine(changed(plan, "Conv", conv.at, input_limit=32767))


def test_bytes_are_summed_in_32_bits_at_every_depth_that_fits() -> None:
    deep = layer(2100, 8, 15, 2, 1, 5, heard=np.uint8)
    loudest = np.full((1, 2100, 16), 1e9, np.float32)
    assert compare(deep, [{"latent": loudest}, {"latent": -loudest}]).relative < 2e-6


def test_a_plan_of_bytes_whose_sums_could_overflow_is_refused() -> None:
    deep = layer(2267, 8, 15, 2, 1, 5, heard=np.uint8)
    plan = compile_plan(deep)
    assert Engine(plan)
    size, at = (read_plan(plan).header[name] for name in ("weight_bytes", "weights_at"))
    loud = plan[:at] + b"\x7f" * size + plan[at + size :]
    with pytest.raises(EngineError, match="31 bits"):
        Engine(changed(loud, "Conv", convolution_of(plan).at, input_zero=0))


def test_layers_too_deep_for_bytes_are_computed_in_floats() -> None:
    deep = layer(4600, 8, 15, 2, 1, 5, heard=np.uint8)
    plan = compile_plan(deep)
    assert [conv.format for conv in convolutions(plan)] == ["Int8"]
    assert Engine(plan)


def test_a_zero_that_is_no_byte_is_refused() -> None:
    plan = compile_plan(layer(8, 8, 1, 2, 1, 5, heard=np.uint8))
    at = convolution_of(plan).at
    assert Engine(changed(plan, "Conv", at, input_zero=255))
    with pytest.raises(EngineError, match="within their bits"):
        Engine(changed(plan, "Conv", at, input_zero=256))


def convolution_of(plan: bytes) -> Operation:
    """The first convolution."""
    return next(op for op in read_plan(plan).operations if op.kind == "Conv")
