"""Rewrites into plainer operators: paddings become concatenations, transposed convolutions plain ones."""

from __future__ import annotations

import numpy as np

from model_export.compiler.dequantise import dequantise
from model_export.compiler.errors import PlanError
from model_export.compiler.nodes import NodeList, constant, like, new_node
from model_export.graph.ir import Array, Node, Value
from model_export.graph.subpixel import phase_weight


def rewrite(graph: NodeList) -> None:
    """All rewrites of this module, in order."""
    dequantise(graph)
    graph.prune()
    share_equal_nodes(graph)
    graph.nodes = [new for node in graph.nodes for new in _plainer(node)]
    _forget_identities(graph)


def _forget_identities(graph: NodeList) -> None:
    for node in [n for n in graph.nodes if n.op in ("Identity", "Dropout")]:
        graph.replace(node.output, node.input(0))
    graph.remove([n for n in graph.nodes if n.op in ("Identity", "Dropout")])


def share_equal_nodes(graph: NodeList) -> None:
    """Nodes that compute the same from the same are kept once."""
    known: dict[tuple[object, ...], Node] = {}
    gone = []
    for node in graph.nodes:
        attributes = tuple(sorted((k, _hashable(v)) for k, v in node.attributes.items()))
        inputs = tuple(_identity(value) for value in node.inputs)
        first = known.setdefault((node.op, inputs, attributes, len(node.outputs)), node)
        if first is node or any(value in graph.outputs for value in node.outputs):
            continue
        for old, new in zip(node.outputs, first.outputs, strict=True):
            graph.replace(old, new)
        gone.append(node)
    graph.remove(gone)


def _identity(value: Value) -> object:
    if value.constant is None or value.elements > 64:
        return id(value)
    return (value.shape, value.constant.tobytes(), value.constant.dtype.str)


def _hashable(value: object) -> object:
    if isinstance(value, np.ndarray):
        return value.tobytes()
    return tuple(value) if isinstance(value, list) else value


def _plainer(node: Node) -> list[Node]:
    if node.op == "Pad":
        return _pad(node)
    if node.op == "Conv":
        return _padded_conv(node)
    if node.op == "ConvTranspose":
        return _transposed_conv(node)
    if node.op == "GRU":
        from model_export.compiler.recurrent import unrolled

        return unrolled(node)
    return [node]


def _zeros(shape: tuple[int, ...]) -> Value:
    return constant(np.zeros(shape, np.float32), "zeros")


def pad_axis(x: Value, axis: int, left: int, right: int) -> tuple[list[Node], Value]:
    """Nodes that put zeros around one axis (or cut it where a count is negative), and the result."""
    nodes: list[Node] = []
    if left < 0 or right < 0:
        shape = list(x.shape)
        shape[axis] += min(left, 0) + min(right, 0)
        cut = like(x, shape, ".cut")
        bounds = [[max(-left, 0)], [x.shape[axis] - max(-right, 0)], [axis]]
        inputs: list[Value | None] = [x, *(constant(np.array(b, np.int64)) for b in bounds)]
        nodes.append(new_node("Slice", inputs, [cut]))
        x = cut
    parts: list[Value | None] = [x]
    for place, count in ((0, left), (2, right)):
        if count > 0:
            zeros = _zeros((*x.shape[:axis], count, *x.shape[axis + 1 :]))
            parts = [zeros, *parts] if place == 0 else [*parts, zeros]
    if len(parts) == 1:
        return nodes, x
    shape = list(x.shape)
    shape[axis] += max(left, 0) + max(right, 0)
    whole = like(x, shape, ".padded")
    nodes.append(new_node("Concat", parts, [whole], {"axis": axis}))
    return nodes, whole


def _pad(node: Node) -> list[Node]:
    x, pads = node.input(0), [int(n) for n in node.input(1).known(node)]
    fill = node.optional(2)
    if node.attributes.get("mode", "constant") != "constant" or (fill is not None and fill.known(node).any()):
        raise PlanError("padding with zeros", node.where, "export the model with zero padding")
    axes_value = node.optional(3)
    rank = len(x.shape)
    axes = list(range(rank)) if axes_value is None else [int(a) % rank for a in axes_value.known(node)]
    nodes: list[Node] = []
    for i, axis in enumerate(axes):
        more, x = pad_axis(x, axis, pads[i], pads[i + len(axes)])
        nodes += more
    nodes.append(new_node("Identity", [x], node.outputs))
    return nodes


def _padded_conv(node: Node) -> list[Node]:
    pads = [int(n) for n in node.attributes.get("pads", [0, 0])]
    if node.attributes.get("auto_pad", "NOTSET") != "NOTSET":
        raise PlanError(
            "explicit padding", f"auto_pad at {node.where}", "export the model with explicit pads"
        )
    if not any(pads) or len(node.input(0).shape) != 3:
        return [node]
    nodes, padded = pad_axis(node.input(0), 2, pads[0], pads[1])
    node.inputs[0] = padded
    node.attributes.pop("pads")
    return [*nodes, node]


def _transposed_conv(node: Node) -> list[Node]:
    x, weight = node.input(0), node.input(1).known(node)
    a = node.attributes
    stride, groups = int((a.get("strides") or [1])[0]), int(a.get("group", 1))
    if (
        weight.ndim != 3
        or int((a.get("dilations") or [1])[0]) != 1
        or a.get("auto_pad", "NOTSET") != "NOTSET"
    ):
        raise PlanError(
            "transposed convolutions over one axis", node.where, "export the model with 1-D convolutions"
        )
    begin, end = [int(n) for n in a["pads"]] if "pads" in a else (0, 0)
    extra = int((a.get("output_padding") or [0])[0])
    plain = phase_weight(weight, stride, groups)
    reach = plain.shape[2]
    nodes, padded = pad_axis(x, 2, reach - 1, reach - 1)
    rows = x.shape[2] + reach - 1
    out_channels = weight.shape[1] * groups
    bias = node.optional(2)
    inputs: list[Value | None] = [padded, constant(plain.astype(np.float32), node.input(1).name)]
    if bias is not None:
        inputs.append(constant(np.tile(bias.known(node), stride), bias.name))
    whole = like(node.output, (x.shape[0], out_channels, rows * stride), ".whole")
    # Grouped outputs interleave, which one kernel call cannot write: dense weights with zeros do.
    inputs[1] = constant(_ungrouped(plain, groups, out_channels).astype(np.float32), node.input(1).name)
    conv = new_node("Conv", inputs, [whole], {"upsample": stride}, node.name)
    length = (x.shape[2] - 1) * stride + weight.shape[2]
    more, result = pad_axis(whole, 2, -begin, length - rows * stride - end + extra)
    if extra and length - rows * stride - end + extra > 0:
        raise PlanError(
            "output padding within the result", node.where, "export the model without output_padding"
        )
    return [*nodes, conv, *more, new_node("Identity", [result], node.outputs)]


def _ungrouped(weight: Array, groups: int, out_channels: int) -> Array:
    if groups == 1:
        return weight
    rows, each, taps = weight.shape
    dense = np.zeros((rows, each * groups, taps), weight.dtype)
    per_group = out_channels // groups
    for row in range(rows):
        group = row % out_channels // per_group
        dense[row, group * each : (group + 1) * each] = weight[row]
    return dense
