"""8-bit weights with 16-bit input: the kernels against ONNX Runtime, and every processor against every
other.
"""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from bench import arm
from bench.oracle import compare
from bench.synthetic import decoder
from firmware import Engine, EngineError
from model_export.compiler import compile_plan


def layer(
    channels: int, out: int, taps: int, rows: int, dilation: int, seed: int, kind: type = np.int8
) -> onnx.ModelProto:
    """One quantised convolution with steps that are powers of two: exact in every arithmetic."""
    rng = np.random.default_rng(seed)
    top = np.iinfo(kind).max
    steps = rng.integers(-top, top + 1, (out, channels, taps)).astype(kind)
    scale = (2.0 ** -rng.integers(8, 12, out)).astype(np.float32)
    length = rows + (taps - 1) * dilation
    constants = {
        "steps": steps,
        "scale": scale,
        "step": np.float32(2.0**-12),
        "zero": np.int16(0),
        "bias": rng.integers(-8, 8, out).astype(np.float32),
    }
    nodes = [
        helper.make_node("QuantizeLinear", ["latent", "step", "zero"], ["heard16"]),
        helper.make_node("DequantizeLinear", ["heard16", "step", "zero"], ["heard"]),
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


@given(SIZES, st.sampled_from(["best", "portable"]), st.integers(0, 99))
@settings(max_examples=40, deadline=None)
def test_layers(sizes: tuple[int, int, int, int, int], kernels: str, seed: int) -> None:
    model = layer(*sizes, seed)
    heard = np.random.default_rng(seed).normal(0, 1.5, (1, sizes[0], sizes[3] + (sizes[2] - 1) * sizes[4]))
    assert compare(model, [{"latent": heard.astype(np.float32)}], kernels).relative < 2e-6


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
    plan = bytearray(compile_plan(layer(400, 16, 4, 3, 1, 5)))
    first, count = struct.unpack_from("<I", plan, 92)[0], struct.unpack_from("<I", plan, 80)[0]
    places = [first + 160 * i for i in range(count)]
    operation = next(at for at in places if struct.unpack_from("<I", plan, at)[0] == 6)
    assert (
        struct.unpack_from("<i", plan, operation + 28 * 4)[0] < 32767
    )  # the compiler has held the input back
    struct.pack_into("<i", plan, operation + 28 * 4, 32767)
    struct.pack_into("<I", plan, 20, zlib.crc32(bytes(plan[24:])))
    with pytest.raises(EngineError, match="31 bits"):
        Engine(bytes(plan))


@pytest.mark.parametrize("arch", ["armv7", "aarch64"])
def test_integer_layers_give_the_same_bits_on_every_processor(arch: str, tmp_path: Path) -> None:
    if not arm.available(arch):
        pytest.skip("no cross compiler or emulator here; .ci/run installs them")
    for number, sizes in enumerate([(16, 24, 3, 10, 1), (37, 19, 2, 1, 1), (64, 64, 3, 8, 3)]):
        model = layer(*sizes, seed=number)
        heard = np.random.default_rng(number).normal(
            0, 1, (1, sizes[0], sizes[3] + (sizes[2] - 1) * sizes[4])
        )
        path = tmp_path / f"{number}.plan"
        path.write_bytes(compile_plan(model))
        here = Engine.load(path).run({"latent": heard.astype(np.float32)})["audio"].reshape(-1)
        assert np.array_equal(arm.play(arch, path, heard.astype(np.float32), 1), here)


@pytest.mark.parametrize("arch", ["armv7", "aarch64"])
def test_float_voices_agree_on_every_processor(arch: str, tmp_path: Path) -> None:
    if not arm.available(arch):
        pytest.skip("no cross compiler or emulator here; .ci/run installs them")
    path = tmp_path / "voice.plan"
    path.write_bytes(compile_plan(decoder(8)))
    calls = np.random.default_rng(0).normal(size=(4, 1, 16, 1)).astype(np.float32)
    engine = Engine.load(path)
    here = np.concatenate([engine.run({"latent": call})["audio"].reshape(-1) for call in calls])
    there = arm.play(arch, path, calls, len(calls))
    assert np.abs(there - here).max() <= 1e-5 * np.abs(here).max()
