"""Shapes and costs of a model as it is stored, where `cost` counts on the graph that it was made from."""

from __future__ import annotations

from math import prod

import onnx

from graphs.shapes import inferred

Shape = tuple[int, ...]
_WEIGHTS = {onnx.TensorProto.FLOAT, onnx.TensorProto.INT8, onnx.TensorProto.INT16}
_GRIDS = {"DequantizeLinear", "QuantizeLinear"}


def static_shapes(model: onnx.ModelProto) -> dict[str, Shape]:
    """Shape of every value and constant, by name."""
    graph = inferred(model).graph
    shapes = {tensor.name: tuple(tensor.dims) for tensor in graph.initializer}
    for value in (*graph.input, *graph.output, *graph.value_info):
        shapes[value.name] = tuple(d.dim_value for d in value.type.tensor_type.shape.dim)
    return shapes


def multiplications(model: onnx.ModelProto) -> int:
    """Multiply-adds of one call, as `cost.multiplications` counts them."""
    shapes = static_shapes(model)
    return sum(_of(node, [shapes.get(n, ()) for n in node.input], shapes) for node in model.graph.node)


def _of(node: onnx.NodeProto, inputs: list[Shape], shapes: dict[str, Shape]) -> int:
    made = shapes[next(name for name in node.output if name)]
    if node.op_type == "Conv":
        return prod(inputs[1]) * made[0] * made[2]
    if node.op_type == "ConvTranspose":
        return prod(inputs[1]) * made[0] * inputs[0][2]
    if node.op_type == "MatMul":
        return prod(made) * inputs[0][-1]
    if node.op_type == "GRU":
        return (prod(inputs[1]) + prod(inputs[2])) * inputs[0][0] * inputs[0][1]
    return 0


def state_bytes(model: onnx.ModelProto) -> int:
    """Memory between calls."""
    shapes = static_shapes(model)
    return sum(4 * prod(shapes[i.name]) for i in model.graph.input if i.name.startswith("state."))


def dropped_weights(before: onnx.ModelProto, after: onnx.ModelProto) -> int:
    """Numbers in constants that only the first has; steps of integer weights count, their scales do not."""
    grids = {name for node in before.graph.node if node.op_type in _GRIDS for name in node.input[1:]}
    kept = {tensor.name for tensor in after.graph.initializer}
    counted = [t for t in before.graph.initializer if t.data_type in _WEIGHTS and t.name not in grids | kept]
    return sum(prod(tensor.dims) for tensor in counted)
