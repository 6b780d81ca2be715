"""Convolutions by pairs of rows (AVX-512) against ONNX Runtime: runs of taps, dilations, cuts and endings."""

from __future__ import annotations

import numpy as np
import onnx
import pytest

from firmware import Engine, EngineError
from model_export.compiler import compile_plan
from tests.support.graph_maker import GraphMaker
from tests.support.oracle import compare

# rows, taps, dilation, channels in and out
SHAPES = [
    (8, 2, 1, 64, 128),
    (8, 3, 1, 32, 32),
    (26, 3, 1, 16, 16),  # one tile of thirteen pairs
    (27, 3, 1, 16, 16),  # the last row has no partner
    (32, 3, 9, 40, 24),  # five pairs have none; channels that do not fill a vector
    (32, 2, 3, 17, 33),
    (60, 4, 2, 16, 48),
    (64, 5, 1, 20, 16),
    (128, 6, 1, 16, 16),
    (128, 7, 1, 16, 32),
    (150, 8, 3, 16, 17),
]


def _layers(rows: int, taps: int, dilation: int, channels: int, out: int, ending: str) -> onnx.ModelProto:
    g, rng = GraphMaker(), np.random.default_rng(taps)

    def conv(x: str, wide: int, reach: int, spread: int, to: int) -> str:
        history = g.history(x, wide, (reach - 1) * spread, rows)
        weight = g.constant(rng.normal(0, 1 / np.sqrt(wide * reach), (to, wide, reach)))
        return g.node("Conv", history, weight, g.constant(rng.normal(size=to)), dilations=[spread])

    x = g.input("latent", [1, channels, rows])
    y = conv(x, channels, taps, dilation, out)
    if ending == "residual":  # raw to the next sum, active to the next layer
        y = g.node("Add", y, conv(g.node("LeakyRelu", y, alpha=0.2), out, 3, 1, out))
    elif ending:
        y = g.node(ending, y)
    g.output(y, "audio", [1, out, rows])
    return g.model()


def _engine(model: onnx.ModelProto) -> Engine:
    try:
        return Engine(compile_plan(model), "avx512")
    except EngineError:
        pytest.skip("this processor has no AVX-512")


@pytest.mark.parametrize("ending", ["", "LeakyRelu", "Tanh", "residual"])
@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: "x".join(map(str, shape)))
def test_pairs_of_rows_give_what_single_rows_give(shape: tuple[int, int, int, int, int], ending: str) -> None:
    model = _layers(*shape, ending)
    engine = _engine(model)
    rng = np.random.default_rng(0)
    feeds = [{"latent": rng.normal(size=engine.inputs["latent"]).astype(np.float32)} for _ in range(3)]
    assert compare(model, feeds, "avx512").relative < 3e-6


def test_slices_of_pairs_give_the_same_bits() -> None:
    model = _layers(128, 3, 3, 16, 40, "Tanh")
    whole, sliced = _engine(model), _engine(model)
    latent = np.random.default_rng(0).normal(size=(1, 16, 128)).astype(np.float32)
    for engine in (whole, sliced):
        engine.run({"latent": latent})
    sliced.run_sliced(1)
    assert np.array_equal(sliced.outputs_now()["audio"], whole.run({"latent": latent})["audio"])


def _slices(*shape: int) -> int:
    engine = _engine(_layers(*shape, ""))  # type: ignore[arg-type]
    engine.run({"latent": np.zeros(engine.inputs["latent"], np.float32)})
    return engine.run_sliced(1)


def test_a_tile_holds_thirteen_pairs() -> None:
    # 26 rows: one tile of pairs, or two of fourteen single rows, which shallow layers keep.
    assert _slices(26, 3, 1, 15, 16) == _slices(26, 3, 1, 16, 16) + 1


def test_layers_that_come_from_memory_are_read_once_and_not_enlarged() -> None:
    # Eight rows: one tile of pairs, or a tile for each of six panels of 32 channels.
    assert _slices(8, 3, 1, 256, 192) == _slices(8, 3, 1, 256, 160) + 5
