"""Finds the interleaving of sub-pixel convolutions: reshape, transpose, reshape become the convolution's
`upsample`.
"""

from __future__ import annotations

import numpy as np

from model_export.compiler.nodes import NodeList, constant
from model_export.graph.ir import Node, Value


def interleave(graph: NodeList) -> None:
    """Lets every convolution whose channels are spread over time write its rows in place."""
    readers = graph.consumers()
    gone: list[Node] = []
    for conv in graph.nodes:
        if conv.op == "Conv" and "upsample" not in conv.attributes and "residual" not in conv.attributes:
            chain = _chain(graph, conv, readers)
            if chain is not None and _absorb(conv, *chain):
                gone += chain
    graph.remove(gone)


def _chain(graph: NodeList, conv: Node, readers: dict[Value, list[Node]]) -> tuple[Node, Node, Node] | None:
    found = []
    value = conv.output
    for op in ("Reshape", "Transpose", "Reshape"):
        users = readers.get(value, [])
        if len(users) != 1 or users[0].op != op or value in graph.outputs:
            return None
        found.append(users[0])
        value = users[0].output
    return found[0], found[1], found[2]


def _absorb(conv: Node, split: Node, turn: Node, merge: Node) -> bool:
    """Rewrites `conv` when the chain spreads channels over time; row j of the new rows holds channels
    order[j].
    """
    if len(conv.output.shape) != 3 or int(conv.attributes.get("group", 1)) != 1:
        return False
    batch, channels, rows = conv.output.shape
    target = merge.output.shape
    if len(target) != 3 or target[0] != batch or target[1] * target[2] != channels * rows or target[2] % rows:
        return False
    ratio = target[2] // rows
    numbers = np.arange(channels * rows).reshape(channels, rows)
    perm = turn.attributes.get("perm", [])
    if split.output.shape[0] != batch or not perm or perm[0] != 0 or (batch != 1 and len(perm) != 4):
        return False
    spread = numbers.reshape(split.output.shape[1:]).transpose([p - 1 for p in perm[1:]])
    result = spread.reshape(target[1], rows, ratio)  # [channel, row of the convolution, row within it]
    order = (result[:, 0, :] // rows).T.reshape(-1)
    if not np.array_equal(
        result, order.reshape(ratio, target[1]).T[:, None, :] * rows + np.arange(rows)[:, None]
    ):
        return False
    weight, bias = conv.input(1), conv.optional(2)
    reordered = constant(np.ascontiguousarray(weight.known(conv)[order]), weight.name)
    reordered.grid = None if weight.grid is None else weight.grid.reordered(order)
    conv.inputs[1] = reordered
    if bias is not None:
        conv.inputs[2] = constant(np.ascontiguousarray(bias.known(conv)[order]), bias.name)
    conv.attributes["upsample"] = ratio
    conv.give([merge.output])
    return True
