"""What a graph costs, counted on its nodes."""

from __future__ import annotations

import numpy as np

from model_export.graph.ir import Graph, Value, ordered


def multiplications(graph: Graph) -> int:
    """Multiply-adds of one call: convolutions, matrix products, recurrent layers."""
    return sum(_of(value) for value in ordered(graph.results()))


def _of(value: Value) -> int:
    node = value.node
    if node is None:
        return 0
    if node.op in ("Conv", "ConvTranspose"):
        weight = node.inputs[1]
        positions = value.shape[0] * (value.shape[2] if node.op == "Conv" else node.inputs[0].shape[2])
        return weight.elements * positions
    if node.op == "MatMul":
        return value.elements * node.inputs[0].shape[-1]
    if node.op == "GRU":
        return (node.inputs[1].elements + node.inputs[2].elements) * value.shape[0] * value.shape[2]
    return 0


def parameters(graph: Graph) -> int:
    """Numbers in the constants, each counted once."""
    constants = {id(v): v for v in ordered(graph.results()) if v.constant is not None}
    return sum(v.elements for v in constants.values() if v.dtype == np.float32)


def state_bytes(graph: Graph) -> int:
    """Memory between calls."""
    return sum(4 * state.value.elements for state in graph.states)
