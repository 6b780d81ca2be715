"""Draws bias, scale, residual and activation into the convolution that they follow."""

from __future__ import annotations

import numpy as np

from model_export.compiler.nodes import NodeList, constant
from model_export.graph.ir import ABSENT, Array, Node, Value

_ACTIVATIONS = {"LeakyRelu", "Relu", "Tanh", "Sigmoid"}


def fuse(graph: NodeList) -> None:
    """All fusions, until nothing changes; then activations."""
    changed = True
    while changed:
        changed = False
        readers = graph.consumers()
        for node in graph.nodes:
            if node.op == "Conv" and _fold_next(graph, node, readers):
                changed = True
                break
    readers = graph.consumers()
    for node in list(graph.nodes):
        if node.op == "Conv":
            _take_activation(graph, node, readers)


def _single_reader(graph: NodeList, value: Value, readers: dict[Value, list[Node]]) -> Node | None:
    users = readers.get(value, [])
    return users[0] if len(users) == 1 and value not in graph.outputs else None


def _fold_next(graph: NodeList, conv: Node, readers: dict[Value, list[Node]]) -> bool:
    follower = _single_reader(graph, conv.output, readers)
    if follower is None or "residual" in conv.attributes or follower.op not in ("Add", "Mul"):
        return False
    inputs = follower.inputs
    other = inputs[1] if inputs[0] is conv.output else inputs[0]
    if other is None or other is conv.output or follower.output.shape != conv.output.shape:
        return False
    if other.constant is not None:
        per_channel = _per_channel(other.constant, conv.output.shape[1])
        if per_channel is None:
            return False
        _scale_or_shift(conv, follower.op, np.tile(per_channel, conv.attributes.get("upsample", 1)))
    elif follower.op == "Add" and other.shape == conv.output.shape:
        conv.attributes["residual"] = other
        conv.inputs = [*conv.inputs, *([ABSENT] * (3 - len(conv.inputs))), other]
    else:
        return False
    conv.give([follower.output])
    # The convolution moves to its follower's place: everything that the follower needs is there by then.
    graph.nodes = [conv if n is follower else n for n in graph.nodes if n is not conv]
    return True


def _per_channel(data: Array, channels: int) -> Array | None:
    if data.size == 1:
        return np.full(channels, data.reshape(-1)[0], np.float32)
    shape = (1,) * (3 - data.ndim) + data.shape
    if data.ndim > 3 or shape[0] != 1 or shape[2] != 1 or shape[1] != channels:
        return None
    return data.reshape(-1).astype(np.float32)


def _scale_or_shift(conv: Node, op: str, per_channel: Array) -> None:
    weight, grid = conv.input(1).known(conv), conv.input(1).grid
    given = conv.optional(2)
    bias = np.zeros(weight.shape[0], np.float32) if given is None else given.known(conv)
    if op == "Mul":
        weight = (weight * per_channel[:, None, None]).astype(np.float32)
        bias = bias * per_channel
        grid = None if grid is None else grid.scaled(per_channel)
    else:
        bias = bias + per_channel
    name = conv.input(1).name
    keep = ABSENT if op == "Mul" and given is None else constant(bias.astype(np.float32), f"{name}.bias")
    scaled = constant(weight, name)
    scaled.grid = grid
    conv.inputs = [conv.inputs[0], scaled, keep, *conv.inputs[3:]]


def _take_activation(graph: NodeList, conv: Node, readers: dict[Value, list[Node]]) -> None:
    if "activation" in conv.attributes:
        return
    users = readers.get(conv.output, [])
    taken = next((user for user in users if _fits(user, conv)), None)
    if taken is None:
        return
    conv.attributes["activation"] = "LeakyRelu" if taken.op == "Relu" else taken.op
    conv.attributes["slope"] = float(taken.attributes.get("alpha", 0.01)) if taken.op == "LeakyRelu" else 0.0
    if taken.op == "Snake":
        alpha = taken.input(1).known(taken).reshape(-1)
        conv.attributes["alpha"] = np.tile(alpha, conv.attributes.get("upsample", 1))
    conv.attributes["active"] = taken.output
    raw_needed = len(users) > 1 or conv.output in graph.outputs
    conv.attributes["raw"] = conv.output if raw_needed else None
    conv.give([conv.output, taken.output])
    graph.remove([taken])


def _fits(user: Node, conv: Node) -> bool:
    if user.op in _ACTIVATIONS:
        return True
    if user.op != "Snake" or user.inputs[0] is not conv.output:
        return False
    alpha = user.input(1)
    return alpha.constant is not None and alpha.elements == conv.output.shape[1] and len(alpha.shape) >= 2
