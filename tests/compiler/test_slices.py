"""Slices of nothing end ONNX's shape inference and the process with it: they are refused before."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from model_export.compiler import PlanError, compile_plan, slices
from model_export.compiler.slices import check_slices


def sliced(rows: int, step: int = 1, depth: int = 1) -> onnx.ModelProto:
    """Slices, one behind the other, of a convolution of length 4 over so many rows."""
    info = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 1, rows]) for name in ("x", "y")]
    numbers = {"w": np.ones((1, 1, 4), np.float32)}
    numbers |= {name: np.array([k]) for name, k in (("from", 0), ("to", 9), ("axis", 2), ("step", step))}
    nodes = [helper.make_node("Conv", ["x", "w"], ["s0"])]
    for k in range(depth):
        nodes.append(helper.make_node("Slice", [f"s{k}", "from", "to", "axis", "step"], [f"s{k + 1}"]))
    nodes.append(helper.make_node("Relu", [f"s{depth}"], ["y"]))
    stored = [numpy_helper.from_array(value, name) for name, value in numbers.items()]
    graph = helper.make_graph(nodes, "g", info[:1], info[1:], stored)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


@pytest.mark.parametrize(("rows", "step"), [(1, 1), (2, 1), (3, -1)])
def test_a_slice_of_nothing_is_refused(rows: int, step: int) -> None:
    with pytest.raises(PlanError, match="a Slice of something"):
        compile_plan(sliced(rows, step, depth=3))


def test_slices_of_something_are_left_alone() -> None:
    check_slices(sliced(16, depth=40))
    check_slices(helper.make_model(helper.make_graph([], "none", [], [])))


def test_slices_behind_slices_end_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each pass costs; a stranger's chain of thousands is refused before it has cost half a minute."""
    monkeypatch.setattr(slices, "_MOST_WORK", 5_000)
    check_slices(sliced(16, depth=40))
    with pytest.raises(PlanError, match="slices in a row at most"):
        check_slices(sliced(16, depth=100))


def test_onnx_would_have_ended_the_process() -> None:
    """As long as this holds, the check is needed."""
    code = "import sys, onnx; onnx.shape_inference.infer_shapes(sys.stdin.buffer.read())"
    given = sliced(2).SerializeToString()
    done = subprocess.run([sys.executable, "-c", code], input=given, capture_output=True)
    assert done.returncode < 0
