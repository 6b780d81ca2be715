"""Filter banks in both forms in which graphs bring them: the work becomes small, the sound stays."""

from __future__ import annotations

import numpy as np
import onnx
import pytest

from model_export.compiler import compile_plan
from model_export.compiler.cost import convolutions
from model_export.compiler.plan_reader import read_plan
from tests.support.graph_maker import GraphMaker
from tests.support.oracle import compare

TAPS, ROWS = 33, 12


def bank(bands: int, phases: tuple[int, int], extra: float = 0.0) -> onnx.ModelProto:
    """Two halves of a depthwise convolution, each with taps in every second place, added up."""
    rng = np.random.default_rng(bands)
    g = GraphMaker()
    heard = g.history(g.input("latent", [1, 2 * bands, ROWS]), 2 * bands, TAPS - 1, ROWS)
    weight = rng.normal(size=(2 * bands, 1, TAPS))
    for half, phase in enumerate(phases):
        weight[half * bands : (half + 1) * bands, :, 1 - phase :: 2] = extra
    y = g.node("Conv", heard, g.constant(weight), group=2 * bands)
    halves = g.slice(y, 1, 0, bands), g.slice(y, 1, bands, 2 * bands)
    g.output(g.node("Add", *halves), "audio", [1, bands, ROWS])
    return g.model()


@pytest.mark.parametrize("bands", [16, 5])
@pytest.mark.parametrize("phases", [(0, 1), (1, 0), (1, 1)])
def test_zero_taps_are_left_out(bands: int, phases: tuple[int, int]) -> None:
    model = bank(bands, phases)
    assert sorted(c.taps for c in convolutions(compile_plan(model))) == sorted(17 - p for p in phases)
    assert all(c.dilation == 2 for c in convolutions(compile_plan(model)))
    rng = np.random.default_rng(0)
    feeds = [{"latent": rng.normal(size=(1, 2 * bands, ROWS)).astype(np.float32)} for _ in range(5)]
    for kernels in ("best", "portable"):
        assert compare(model, feeds, kernels).relative < 1e-6


def test_a_bank_with_taps_everywhere_stays_whole() -> None:
    plan = compile_plan(bank(4, (0, 1), extra=0.1))
    assert [c.taps for c in convolutions(plan)] == [TAPS]
    assert len(read_plan(plan).operations) >= 2  # and the halves are still added
