"""Shapes of strangers' graphs are found in time, also where the graph computes them for itself."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from graphs.errors import GraphError
from graphs.shapes import inferred
from model_export.compiler import PlanError, compile_plan


def grown(nodes: list[onnx.NodeProto], **numbers: list[int]) -> onnx.ModelProto:
    """A graph of these nodes from x [4] to y [4], and constants."""
    info = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [4]) for name in ("x", "y")]
    stored = [numpy_helper.from_array(np.array(value, np.int64), name) for name, value in numbers.items()]
    nodes.append(helper.make_node("Relu", ["x"], ["y"]))
    graph = helper.make_graph(nodes, "g", info[:1], info[1:], stored)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def test_a_vector_of_two_thousand_million_numbers_is_refused_at_once() -> None:
    """ONNX's data propagation would lay out each of them."""
    nodes = [helper.make_node("ConstantOfShape", ["many"], ["v"])]
    nodes += [helper.make_node("Cast", ["v"], ["w"], to=TensorProto.INT64)]
    with pytest.raises(PlanError, match="tensors of at most"):
        compile_plan(grown(nodes, many=[2**31]))


def computed() -> list[onnx.NodeProto]:
    """Sizes that the graph makes itself: those of x, times so many."""
    made = [helper.make_node("Shape", ["x"], ["s"]), helper.make_node("Mul", ["s", "many"], ["size"])]
    return [*made, helper.make_node("ConstantOfShape", ["size"], ["v"])]


def test_sizes_that_a_graph_computes_are_followed() -> None:
    values = inferred(grown(computed(), many=[3])).graph.value_info
    sizes = {value.name: [size.dim_value for size in value.type.tensor_type.shape.dim] for value in values}
    assert sizes["v"] == [12]


def test_what_onnx_refuses_is_told_in_a_line() -> None:
    with pytest.raises(GraphError, match="a valid ONNX model") as refused:
        inferred(grown([helper.make_node("MatMul", ["x", "many"], ["v"])], many=[3, 3, 3, 3]))
    assert "\n" not in str(refused.value)
