"""Slices that ONNX's own shape inference cannot stand, found before it sees them.

It ends the whole process (an assertion in C++) at a Slice of a dimension below zero, as a convolution whose
kernel is longer than what it reads makes one. So the sizes that each Slice reads are found without it first.
"""

from __future__ import annotations

import onnx

from model_export.compiler.errors import PlanError
from model_export.compiler.header import shown

_LARGE = 1024
"""Constants of more numbers are weights: of these the shape is enough."""
_MOST_WORK = 500_000
"""Nodes times passes, some ten seconds; the largest real graph has 3,000 nodes, and one pass for each slice
that reads what another has cut."""


def check_slices(model: onnx.ModelProto) -> None:
    """Raises PlanError where a Slice reads a dimension of size 0 or below."""
    if all(node.op_type != "Slice" for node in model.graph.node):
        return
    bare = _without_weights(model)
    nodes = list(model.graph.node)
    waiting = {number for number, node in enumerate(nodes) if node.op_type == "Slice"}
    for _ in range(1 + _MOST_WORK // len(nodes)):
        ready, late = [], set[str]()
        del bare.graph.node[:]
        for number, node in enumerate(nodes):
            if late.intersection(node.input):
                late.update(node.output)
            elif number in waiting:
                ready.append(number)
                late.update(node.output)
            else:
                bare.graph.node.append(node)
        if not ready:
            return
        sizes = _sizes(bare)
        for number in ready:
            _check(nodes[number], sizes)
        waiting.difference_update(ready)
    got = f"more in a graph of {len(nodes)} nodes"
    raise PlanError(f"{1 + _MOST_WORK // len(nodes)} slices in a row at most", got, "export the model again")


def _check(node: onnx.NodeProto, sizes: dict[str, list[int]]) -> None:
    least = min(sizes.get(node.input[0], []), default=1) if node.input else 1
    if least < 1:
        wanted = f"a Slice of something, as {shown(node.output[0] if node.output else '')}"
        raise PlanError(wanted, f"a size of {least}", "export the model again")


def _without_weights(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model without nodes, outputs and the numbers of its weights."""
    bare = onnx.ModelProto(ir_version=model.ir_version)
    bare.opset_import.extend(model.opset_import)
    bare.graph.name = "sizes"
    bare.graph.input.extend(model.graph.input)
    bare.graph.value_info.extend(model.graph.value_info)
    for tensor in model.graph.initializer:
        count = 1
        for size in tensor.dims:
            count *= max(size, 0)
        if count <= _LARGE:
            bare.graph.initializer.append(tensor)
        else:
            shape = onnx.helper.make_tensor_value_info(tensor.name, tensor.data_type, tensor.dims)
            bare.graph.input.append(shape)
    return bare


def _sizes(bare: onnx.ModelProto) -> dict[str, list[int]]:
    """The dimensions that are known, by value; none where the inference refuses, as it then does again."""
    try:
        graph = onnx.shape_inference.infer_shapes(bare).graph
    except Exception:
        graph = bare.graph
    sizes = {tensor.name: list(tensor.dims) for tensor in graph.initializer}
    for value in (*graph.input, *graph.value_info):
        dims = value.type.tensor_type.shape.dim
        sizes[value.name] = [d.dim_value for d in dims if d.HasField("dim_value")]
    return sizes
