"""Convolutions of every size, streamed, against ONNX Runtime."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphs.tolerance import EXACT
from tests.support.graph_maker import GraphMaker
from tests.support.oracle import compare
from tests.support.synthetic import decoder

sizes = st.integers(1, 40)


@st.composite
def stacks(draw: st.DrawFn) -> tuple[onnx.ModelProto, int, int]:
    """One to four layers: history, strides, groups, residuals, transposed convolutions, activations."""
    g = GraphMaker()
    rng = np.random.default_rng(draw(st.integers(0, 1000)))
    channels, length = draw(sizes), draw(st.integers(1, 20))
    first = (channels, length)
    x = g.input("latent", [1, channels, length])
    for _ in range(draw(st.integers(1, 4))):
        group = draw(st.sampled_from([1, 1, 1, channels, 2 if channels % 2 == 0 else 1]))
        kind = draw(st.sampled_from(["conv", "padded", "strided", "transposed", "residual"]))
        out = draw(st.integers(1, 3)) * group if kind != "residual" else channels
        out = out if group > 1 else draw(sizes) if kind != "residual" else channels
        taps, dilation = draw(st.integers(1, 4)), draw(st.integers(1, 3))
        fan = channels // group * taps
        if kind == "transposed":
            ratio = draw(st.integers(1, 4))
            taps = draw(st.integers(ratio, 3 * ratio))
            weight = g.constant(rng.normal(0, 1 / np.sqrt(channels * 2), (channels, out // group, taps)))
            left = draw(st.integers(0, min(taps - 1, (length - 1) * ratio) // 2))
            x = g.node(
                "ConvTranspose",
                x,
                weight,
                g.constant(rng.normal(size=out)),
                strides=[ratio],
                group=group,
                pads=[left, left],
            )
            length = (length - 1) * ratio + taps - 2 * left
        else:
            weight = g.constant(rng.normal(0, 1 / np.sqrt(fan), (out, channels // group, taps)))
            reach = (taps - 1) * dilation
            stride = draw(st.integers(1, 3)) if kind == "strided" else 1
            pads = [draw(st.integers(0, 3)), reach] if kind == "padded" else [0, 0]
            whole = x if kind == "padded" else g.history(x, channels, reach, length)
            extra = {"pads": pads} if kind == "padded" else {}
            y = g.node(
                "Conv",
                whole,
                weight,
                g.constant(rng.normal(size=out)),
                group=group,
                dilations=[dilation],
                strides=[stride],
                **extra,
            )
            x = g.node("Add", y, x) if kind == "residual" else y
            length = (length + (sum(pads) - reach if kind == "padded" else 0) - 1) // stride + 1
        channels = out
        activation = draw(st.sampled_from(["", "LeakyRelu", "Tanh", "Sigmoid", "Relu"]))
        x = g.node(activation, x) if activation else x
    g.output(x, "audio", [1, channels, length])
    return g.model(), *first


@given(stacks(), st.sampled_from(["best", "portable"]))
@settings(max_examples=60, deadline=None)
def test_stacks(stack: tuple[onnx.ModelProto, int, int], kernels: str) -> None:
    model, channels, length = stack
    rng = np.random.default_rng(0)
    feeds = [{"latent": rng.normal(size=(1, channels, length)).astype(np.float32)} for _ in range(4)]
    difference = compare(model, feeds, kernels)
    assert difference.error <= EXACT * max(difference.peak, 0.1)


@pytest.mark.parametrize("form", ["transposed", "subpixel"])
@pytest.mark.parametrize(("capacity", "kernels"), [(4, "best"), (16, "best"), (16, "portable"), (16, "avx2")])
def test_decoder(capacity: int, kernels: str, form: str) -> None:
    if kernels == "avx2" and "avx2" not in Path("/proc/cpuinfo").read_text():
        pytest.skip("this processor has no AVX2")
    rng = np.random.default_rng(0)
    feeds = [{"latent": rng.normal(size=(1, 16, 1)).astype(np.float32)} for _ in range(12)]
    assert compare(decoder(capacity, form), feeds, kernels).relative < EXACT
