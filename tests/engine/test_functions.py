"""The vector polynomials within the bounds that vec_math.h states, on every instruction set."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from firmware import Engine, EngineError
from model_export.compiler import compile_plan
from tests.support.graph_maker import GraphMaker

# function, range, largest relative error, largest absolute error: either may hold
CASES: list[tuple[str, Callable[[float], float], tuple[float, float], float, float]] = [
    ("Exp", math.exp, (-80.0, 88.0), 3e-7, 0.0),
    ("Log", math.log, (1e-30, 1e30), 2e-7, 1e-7),
    ("Sin", math.sin, (-8192.0, 8192.0), 0.0, 2e-7),
    ("Cos", math.cos, (-8192.0, 8192.0), 0.0, 2e-7),
    ("Tanh", math.tanh, (-12.0, 12.0), 3e-7, 0.0),
    ("Sigmoid", lambda x: 1 / (1 + math.exp(-x)), (-60.0, 60.0), 3e-7, 0.0),
]


@pytest.mark.parametrize("kernels", ["portable", "avx2", "avx512", "neon"])
@pytest.mark.parametrize("case", CASES, ids=[case[0] for case in CASES])
def test_error_bounds(
    case: tuple[str, Callable[[float], float], tuple[float, float], float, float], kernels: str
) -> None:
    name, exact, (low, high), relative, absolute = case
    g = GraphMaker()
    g.output(g.node(name, g.input("x", [20000])), "y", [20000])
    try:
        engine = Engine(compile_plan(g.model()), kernels)
    except EngineError:
        pytest.skip(f"this processor has no {kernels}")
    rng = np.random.default_rng(0)
    x = (
        rng.uniform(low, high, 20000)
        if name != "Log"
        else np.exp(rng.uniform(math.log(low), math.log(high), 20000))
    )
    x[:2000] = rng.uniform(0.01, 1.0, 2000)
    inputs = x.astype(np.float32)
    wanted = np.array([exact(float(value)) for value in inputs])
    apart = np.abs(engine.run({"x": inputs})["y"] - wanted)
    assert np.all(apart <= np.maximum(relative * np.abs(wanted), absolute))
