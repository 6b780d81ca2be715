"""Every operator of the engine against ONNX Runtime, on every instruction set of this machine."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from onnx import TensorProto, helper

from firmware import Engine, EngineError
from graphs.player import GraphPlayer
from model_export.compiler import PlanError, compile_plan
from tests.support.graph_maker import GraphMaker
from tests.support.oracle import compare

UNARY = (
    "Neg Abs Sign Sqrt Exp Log Sin Cos Tan Atan Tanh Sigmoid Asinh Erf Floor Ceil Round Reciprocal Identity "
    "Relu Softplus"
)
POSITIVE = {"Sqrt", "Log", "Reciprocal"}
BINARY = "Add Sub Mul Div Min Max"
COMPARE = "Less LessOrEqual Greater GreaterOrEqual Equal"
SHAPES = [
    ((12,), (12,)),
    ((4, 3), (3,)),
    ((4, 3), (4, 1)),
    ((1, 5, 7), (5, 1)),
    ((2, 3, 1, 5), (3, 4, 1)),
    ((), (4, 3)),
    ((40,), ()),
]


def available() -> list[str]:
    plan, found = compile_plan(_unary("Neg", (1,))), []
    for name in ("portable", "avx2", "avx512", "neon"):
        try:
            found.append(Engine(plan, name).kernels)
        except EngineError:
            continue
    return found


def _unary(op: str, shape: tuple[int, ...]) -> object:
    g = GraphMaker()
    g.output(g.node(op, g.input("a", list(shape))), "y", list(shape))
    return g.model()


KERNELS = available()


@pytest.mark.parametrize("kernels", KERNELS)
@pytest.mark.parametrize("op", UNARY.split())
def test_unary(op: str, kernels: str) -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(0, 4, (3, 37)).astype(np.float32)
    values[0, :8] = [0.5, 1.5, 2.5, -0.5, -1.5, -3.0, 1e-3, 20.0]
    feed = {"a": np.abs(values) + np.float32(0.01) if op in POSITIVE else values}
    assert compare(_unary(op, (3, 37)), [feed], kernels).relative < 3e-6


@pytest.mark.parametrize("shapes", SHAPES)
@pytest.mark.parametrize(
    "op", [*BINARY.split(), *COMPARE.split(), "Pow", "Mod", "And", "Or", "Where", "Clip"]
)
def test_broadcasting(op: str, shapes: tuple[tuple[int, ...], tuple[int, ...]]) -> None:
    g = GraphMaker()
    a, b = g.input("a", list(shapes[0])), g.input("b", list(shapes[1]))
    out = list(np.broadcast_shapes(*shapes))
    if op in COMPARE.split():
        y = g.node("Cast", g.node(op, a, b), to=TensorProto.FLOAT)
    elif op in ("And", "Or"):
        y = g.node(
            "Cast",
            g.node(op, g.node("Cast", a, to=TensorProto.BOOL), g.node("Greater", b, a)),
            to=TensorProto.FLOAT,
        )
    elif op == "Where":
        y = g.node("Where", g.node("Not", g.node("Less", a, b)), a, b)
    elif op == "Clip":
        y = g.node("Clip", g.node("Sub", a, b), g.constant(-0.5), g.constant(0.75))
    elif op == "Pow":
        y = g.node("Pow", g.node("Abs", a), b)
    elif op == "Mod":
        y = g.node("Mod", a, b, fmod=1)
    else:
        y = g.node(op, a, b)
    g.output(y, "y", out)
    rng = np.random.default_rng(1)
    feeds = [
        {
            n: np.asarray(rng.integers(-3, 4, s) + 0.25 * (n == "b"), np.float32)
            for n, s in zip("ab", shapes, strict=True)
        }
    ]
    assert compare(g.model(), feeds).error < 2e-4


@pytest.mark.parametrize("keep", [0, 1])
@pytest.mark.parametrize("axes", [[0], [1], [-1], [0, 2], [0, 1, 2]])
@pytest.mark.parametrize("op", ["ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin"])
def test_reductions(op: str, axes: list[int], keep: int) -> None:
    g = GraphMaker()
    a = g.node("Transpose", g.input("a", [5, 3, 4]), perm=[1, 2, 0])
    kept = [1 if i in [x % 3 for x in axes] else n for i, n in enumerate((3, 4, 5))]
    shape = kept if keep else [n for i, n in enumerate((3, 4, 5)) if i not in [x % 3 for x in axes]]
    if op == "ReduceSum":
        y = g.node(op, a, g.constant(axes, np.int64), keepdims=keep)
    else:
        y = g.node(op, a, axes=axes, keepdims=keep)
    g.output(y, "y", shape)
    feed = {"a": np.random.default_rng(2).normal(size=(5, 3, 4)).astype(np.float32)}
    assert compare(g.model(), [feed]).relative < 1e-6


def _shapes(g: GraphMaker) -> None:
    a = g.input("a", [4, 6])
    y = g.node("Reshape", g.node("Transpose", a, perm=[1, 0]), g.constant([2, 3, 4], np.int64))
    y = g.node(
        "Unsqueeze",
        g.node("Slice", y, *[g.constant([n], np.int64) for n in (-1, -(2**62), 1, -1)]),
        g.constant([1], np.int64),
    )
    y = g.node("Squeeze", y, g.constant([1], np.int64))
    g.output(g.node("Concat", y, g.node("Flatten", y, axis=0) and y, axis=2), "y", [2, 3, 8])
    g.output(g.node("Expand", g.slice(a, 0, 1, 2), g.constant([3, 6], np.int64)), "expanded", [3, 6])
    g.output(g.node("Flatten", y, axis=2), "flat", [6, 4])


def _gather(g: GraphMaker) -> None:
    a = g.input("a", [4, 6])
    g.output(g.node("Gather", a, g.constant([3, 0, 2], np.int64), axis=0), "rows", [3, 6])
    g.output(g.node("Gather", a, g.constant([5, 3, 1], np.int64), axis=1), "columns", [4, 3])
    g.output(g.node("Gather", a, g.constant([[0, 5], [1, 1]], np.int64), axis=1), "block", [4, 2, 2])
    g.output(g.node("Gather", a, g.constant(2, np.int64), axis=0), "row", [6])


def _look_up(g: GraphMaker) -> None:
    table = g.constant(np.random.default_rng(3).normal(size=(9, 5)))
    index = g.node(
        "Clip", g.node("Mul", g.input("a", [4, 6]), g.constant(3.0)), g.constant(0.0), g.constant(8.0)
    )
    g.output(g.node("Gather", table, g.node("Cast", index, to=TensorProto.INT64), axis=0), "y", [4, 6, 5])


def _products(g: GraphMaker) -> None:
    rng = np.random.default_rng(4)
    a = g.input("a", [4, 6])
    g.output(g.node("MatMul", a, g.constant(rng.normal(size=(6, 5)))), "right", [4, 5])
    g.output(g.node("MatMul", g.constant(rng.normal(size=(3, 4))), a), "left", [3, 6])
    g.output(g.node("MatMul", a, g.node("Transpose", a, perm=[1, 0])), "both", [4, 4])
    row = g.node("Reshape", g.slice(a, 0, 0, 1), g.constant([6], np.int64))
    g.output(g.node("MatMul", g.constant(rng.normal(size=(7, 6))), row), "matrix_vector", [7])
    g.output(g.node("MatMul", a, row), "changing_vector", [4])
    g.output(g.node("MatMul", row, g.constant(rng.normal(size=(6, 2)))), "vector_matrix", [2])
    c = g.constant(rng.normal(size=(5,)))
    g.output(
        g.node("Gemm", a, g.constant(rng.normal(size=(5, 6))), c, transB=1, alpha=0.5, beta=2.0),
        "gemm",
        [4, 5],
    )
    batch = g.node("Reshape", a, g.constant([2, 3, 4], np.int64))
    g.output(g.node("MatMul", batch, g.node("Transpose", batch, perm=[0, 2, 1])), "batch", [2, 3, 3])


def _sums(g: GraphMaker) -> None:
    a = g.input("a", [4, 6])
    g.output(g.node("CumSum", a, g.constant(1, np.int64)), "along", [4, 6])
    g.output(g.node("CumSum", a, g.constant(0, np.int64)), "down", [4, 6])
    g.output(g.node("Softmax", a, axis=1), "soft", [4, 6])
    g.output(g.node("Softmax", a, axis=0), "softer", [4, 6])
    g.output(g.node("Max", a, g.constant(0.1), g.node("Neg", a)), "max", [4, 6])


def _gru(g: GraphMaker) -> None:
    rng = np.random.default_rng(5)
    x = g.node("Reshape", g.input("a", [4, 6]), g.constant([4, 1, 6], np.int64))
    w, r, b = (g.constant(rng.normal(0, 0.5, s)) for s in ((1, 24, 6), (1, 24, 8), (1, 48)))
    h = g.input("state.0", [1, 1, 8])
    g.nodes.append(
        helper.make_node("GRU", [x, w, r, b, "", h], ["all", "last"], hidden_size=8, linear_before_reset=1)
    )
    g.output("all", "y", [4, 1, 1, 8])
    g.output("last", "next.0", [1, 1, 8])


@pytest.mark.parametrize("build", [_shapes, _gather, _look_up, _products, _sums, _gru])
@pytest.mark.parametrize("kernels", KERNELS)
def test_structure(build: Callable[[GraphMaker], None], kernels: str) -> None:
    g = GraphMaker()
    build(g)
    rng = np.random.default_rng(6)
    feeds = [{"a": rng.normal(size=(4, 6)).astype(np.float32)} for _ in range(3)]
    assert compare(g.model(), feeds, kernels).relative < 2e-6


def test_states_that_feed_states_keep_their_order() -> None:
    """next.1 is the old state.0: a delay of two calls, whatever order the states are written in."""
    g = GraphMaker()
    x = g.input("a", [3])
    first, second = g.input("state.0", [3]), g.input("state.1", [3])
    g.output(x, "next.0", [3])
    g.output(first, "next.1", [3])
    g.output(second, "y", [3])
    feeds = [{"a": np.full(3, i, np.float32)} for i in range(1, 6)]
    engine, oracle = Engine(compile_plan(g.model())), GraphPlayer(g.model())
    for feed in feeds:
        assert np.array_equal(engine.run(feed)["y"], oracle.run(feed)["y"])


def test_views_that_others_expect_elsewhere_are_copied() -> None:
    """Casts and even look-ups cost nothing, so they are not where a Concat or an output wants them."""
    g = GraphMaker()
    a = g.input("a", [3, 4])
    truth = g.node("Cast", g.node("Greater", a, g.constant(0.0)), to=TensorProto.FLOAT)
    picked = g.node("Gather", a, g.constant([0, 2], np.int64), axis=0)
    g.output(g.node("Concat", truth, picked, g.node("Neg", a), axis=0), "y", [8, 4])
    feed = {"a": np.random.default_rng(7).normal(size=(3, 4)).astype(np.float32)}
    assert compare(g.model(), [feed]).error == 0


def test_an_operator_that_the_engine_has_not_is_named() -> None:
    g = GraphMaker()
    a = g.input("a", [4])
    g.output(g.node("Hardmax", a), "y", [4])
    with pytest.raises(PlanError, match="Hardmax node"):
        compile_plan(g.model())
