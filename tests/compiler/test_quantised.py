"""8-bit weights with 16-bit or 8-bit input: the kernels against ONNX Runtime, and every processor against
every other.
"""

from __future__ import annotations

import struct
import zlib
from itertools import product
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from firmware import Engine, EngineError
from model_export.compiler import PlanError, compile_plan
from model_export.compiler.plan import INT8
from tests.support import arm
from tests.support.arm_builds import compiler_of
from tests.support.oracle import compare
from tests.support.synthetic import decoder


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
    plan = bytearray(compile_plan(layer(400, 16, 4, 3, 1, 5)))
    limit = convolution_of(plan) + 28 * 4
    assert struct.unpack_from("<i", plan, limit)[0] < 32767  # the compiler has held the input back
    with pytest.raises(EngineError, match="31 bits"):
        Engine(changed(plan, limit, 32767))


def test_bytes_are_summed_in_32_bits_at_every_depth_that_fits() -> None:
    deep = layer(2100, 8, 15, 2, 1, 5, heard=np.uint8)
    loudest = np.full((1, 2100, 16), 1e9, np.float32)
    assert compare(deep, [{"latent": loudest}, {"latent": -loudest}]).relative < 2e-6


def test_a_plan_of_bytes_whose_sums_could_overflow_is_refused() -> None:
    deep = layer(2267, 8, 15, 2, 1, 5, heard=np.uint8)
    plan = bytearray(compile_plan(deep))
    assert Engine(bytes(plan))
    size, at = struct.unpack_from("<I", plan, 68)[0], struct.unpack_from("<I", plan, 104)[0]
    plan[at : at + size] = b"\x7f" * size
    with pytest.raises(EngineError, match="31 bits"):
        Engine(changed(plan, convolution_of(plan) + 29 * 4, 0))


def test_layers_too_deep_for_bytes_are_computed_in_floats() -> None:
    deep = layer(4600, 8, 15, 2, 1, 5, heard=np.uint8)
    plan = bytearray(compile_plan(deep))
    assert struct.unpack_from("<I", plan, convolution_of(plan) + 25 * 4)[0] == INT8
    assert Engine(bytes(plan))


def test_a_zero_that_is_no_byte_is_refused() -> None:
    plan = bytearray(compile_plan(layer(8, 8, 1, 2, 1, 5, heard=np.uint8)))
    zero = convolution_of(plan) + 29 * 4
    assert Engine(changed(plan, zero, 255))
    with pytest.raises(EngineError, match="within their bits"):
        Engine(changed(plan, zero, 256))


def convolution_of(plan: bytearray) -> int:
    """Where the first convolution's words begin."""
    first, count = struct.unpack_from("<I", plan, 92)[0], struct.unpack_from("<I", plan, 80)[0]
    places = [first + 160 * i for i in range(count)]
    return next(at for at in places if struct.unpack_from("<I", plan, at)[0] == 6)


def changed(plan: bytearray, at: int, word: int) -> bytes:
    """The plan with another word and a fitting checksum."""
    other = bytearray(plan)
    struct.pack_into("<I", other, at, word)
    struct.pack_into("<I", other, 20, zlib.crc32(bytes(other[24:])))
    return bytes(other)


@pytest.mark.parametrize(("ends", "wanted"), [("int8", "as bytes, or in 16 bits"), ("apart", "both ends")])
def test_inputs_that_the_engine_has_not_are_named(ends: str, wanted: str) -> None:
    model = layer(8, 8, 1, 2, 1, 5, heard=np.uint8)
    kind = np.int8(3) if ends == "int8" else np.uint8(7)
    model.graph.initializer.append(numpy_helper.from_array(np.asarray(kind), "other"))
    for node in model.graph.node[: 2 if ends == "int8" else 1]:
        node.input[2] = "other"
    with pytest.raises(PlanError, match=wanted):
        compile_plan(model)


@pytest.mark.parametrize("family", ["gcc", "clang"])
@pytest.mark.parametrize("arch", ["armv7", "aarch64"])
def test_integer_layers_give_the_same_bits_on_every_processor(arch: str, family: str, tmp_path: Path) -> None:
    compiler = compiler_of(arch, family)
    if compiler is None:
        pytest.skip("no cross compiler or emulator here; .ci/run installs them")
    layers = [(16, 24, 3, 10, 1), (37, 19, 2, 1, 1), (64, 64, 3, 8, 3)]
    for number, (sizes, kind) in enumerate(product(layers, (np.int16, np.uint8))):
        heard = input_of(sizes, number)
        path = tmp_path / f"{number}.plan"
        path.write_bytes(compile_plan(layer(*sizes, seed=number, heard=kind)))
        here = Engine.load(path).run({"latent": heard})["audio"].reshape(-1)
        assert np.array_equal(arm.play(compiler, path, heard, 1), here)


@pytest.mark.parametrize("family", ["gcc", "clang"])
@pytest.mark.parametrize("arch", ["armv7", "aarch64"])
def test_float_voices_agree_on_every_processor(arch: str, family: str, tmp_path: Path) -> None:
    compiler = compiler_of(arch, family)
    if compiler is None:
        pytest.skip("no cross compiler or emulator here; .ci/run installs them")
    path = tmp_path / "voice.plan"
    path.write_bytes(compile_plan(decoder(8)))
    calls = np.random.default_rng(0).normal(size=(4, 1, 16, 1)).astype(np.float32)
    engine = Engine.load(path)
    here = np.concatenate([engine.run({"latent": call})["audio"].reshape(-1) for call in calls])
    there = arm.play(compiler, path, calls, len(calls))
    assert np.abs(there - here).max() <= 1e-5 * np.abs(here).max()
