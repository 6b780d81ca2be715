"""The noise branch of a decoder, as upstream has it, against ONNX Runtime on every instruction set."""

from __future__ import annotations

import numpy as np
import onnx
import pytest

from firmware import Engine, EngineError
from model_export.compiler import compile_plan
from model_export.compiler.cost import map_functions
from tests.support.graph_maker import GraphMaker
from tests.support.oracle import compare

KERNELS = ["portable", "avx2", "avx512", "neon"]
# frames, channels, samples of a frame
SIZES = [(16, 16, 8), (4, 16, 64), (3, 5, 8), (16, 20, 6), (32, 2, 13)]


def _branch(frames: int, channels: int, samples: int) -> onnx.ModelProto:
    g, rng, bands, long = GraphMaker(), np.random.default_rng(0), 5, frames * samples

    def layer(name: str, wide: int, length: int) -> str:
        weight = rng.normal(0, 1 / np.sqrt(wide), (wide, wide, 1))
        return g.node("Conv", g.input(name, [1, wide, length]), g.constant(weight))

    wave, amplitudes = layer("wave", 2 * channels, long), layer("amplitudes", channels * bands, frames)
    uniform = g.input("noise.0", [1, frames, channels, samples])
    noise = g.node("Add", g.node("Mul", uniform, g.constant(2.0)), g.constant(-1.0))
    noise = g.node("Reshape", noise, g.constant([1, frames * channels, samples], np.int64))
    padded = g.node("Concat", g.constant(np.zeros((1, frames * channels, samples - 1))), noise, axis=2)
    power = g.node("Pow", g.node("Sigmoid", amplitudes), g.constant(2.3))
    power = g.node("Add", g.node("Mul", power, g.constant(2.0)), g.constant(1e-7))
    power = g.node("Transpose", power, perm=[0, 2, 1])
    power = g.node("Reshape", power, g.constant([1, frames, channels, bands], np.int64))
    response = g.node(
        "MatMul", power, g.constant(rng.normal(0, 1 / np.sqrt(bands * samples), (bands, samples)))
    )
    response = g.node("Reshape", response, g.constant([frames * channels, 1, samples], np.int64))
    y = g.node("Conv", padded, response, group=frames * channels)
    y = g.node("Reshape", y, g.constant([1, frames, channels, samples], np.int64))
    y = g.node("Transpose", y, perm=[0, 2, 1, 3])
    y = g.node("Reshape", y, g.constant([1, channels, long], np.int64))
    gate = g.node("Sigmoid", g.slice(wave, 1, channels, 2 * channels))
    product = g.node("Mul", g.slice(wave, 1, 0, channels), gate)
    signs = g.constant(np.sign(rng.normal(size=(1, channels, long))))
    out = g.node("Mul", g.node("Tanh", g.node("Add", product, y)), signs)
    rows = g.node("Transpose", g.node("Conv", out, g.constant(np.eye(channels)[:, :, None])), perm=[0, 2, 1])
    g.output(
        g.node("Reshape", rows, g.constant([1, 1, channels * long], np.int64)),
        "audio",
        [1, 1, channels * long],
    )
    return g.model()


def _feed(model: onnx.ModelProto) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(1)
    shapes = Engine(compile_plan(model)).inputs
    return {name: rng.uniform(-2, 2, shape).astype(np.float32) for name, shape in shapes.items()}


@pytest.mark.parametrize("kernels", KERNELS)
@pytest.mark.parametrize("sizes", SIZES, ids=lambda sizes: "x".join(map(str, sizes)))
def test_noise_branch(sizes: tuple[int, int, int], kernels: str) -> None:
    model = _branch(*sizes)
    try:
        assert compare(model, [_feed(model)], kernels).relative < 3e-6
    except EngineError:
        pytest.skip(f"this processor has no {kernels}")


def test_a_noise_branch_is_few_passes() -> None:
    """No pass of its own for a scale, a sum in front of tanh, a reordering of the result, or the output."""
    wanted = ["MulAdd", "PowPositive", "MulAdd", "NoisyGate", "Mul"]
    passes = map_functions(compile_plan(_branch(16, 16, 8)))
    assert sorted(name for name in passes if name != "Copy") == sorted(wanted)
    assert passes.count("Copy") == 4  # two inputs and the filtered noise as rows, zeros in front of the noise


@pytest.mark.parametrize("kernels", KERNELS)
def test_power_of_a_sigmoid_is_within_its_bound(kernels: str) -> None:
    g = GraphMaker()
    x = g.input("x", [1, 1, 4000])
    conv = g.node("Conv", x, g.constant(np.ones((1, 1, 1))))  # a voice
    g.output(g.node("Pow", g.node("Sigmoid", conv), g.constant(2.3)), "y", [1, 1, 4000])
    assert "PowPositive" in map_functions(compile_plan(g.model()))
    try:
        engine = Engine(compile_plan(g.model()), kernels)
    except EngineError:
        pytest.skip(f"this processor has no {kernels}")
    inputs = np.random.default_rng(0).uniform(-30, 30, (1, 1, 4000)).astype(np.float32)
    base = 1 / (1 + np.exp(-inputs.astype(np.float64)))
    wanted = base**2.3
    bound = (2.3 * 3e-7 + 3e-7 * (1 + np.abs(2.3 * np.log(base)))) * wanted
    assert np.all(np.abs(engine.run({"x": inputs})["y"] - wanted) <= bound)
