"""Reads QDQ graphs: weights stay on their integer grid, quantised inputs become an attribute of their
convolution.
"""

from __future__ import annotations

import numpy as np

from model_export.compiler.errors import PlanError
from model_export.compiler.nodes import NodeList
from model_export.graph.ir import Grid, Node, Value

# What QuantizeLinear makes when it is given no zero point, by its attribute output_dtype (0: not given).
_ABSENT_ZERO = {0: np.uint8, 2: np.uint8, 5: np.int16}


def dequantise(graph: NodeList) -> None:
    """Replaces DequantizeLinear and QuantizeLinear nodes."""
    gone: list[Node] = []
    for node in graph.nodes:
        if node.op == "DequantizeLinear" and node.input(0).constant is not None:
            _constant(node)
            gone.append(node)
    producers = graph.producers()
    for node in graph.nodes:
        if node.op != "DequantizeLinear" or node in gone:
            continue
        source = producers.get(node.input(0))
        if source is None or source.op != "QuantizeLinear":
            raise PlanError("QuantizeLinear before DequantizeLinear", node.where, "export QDQ pairs")
        scale = node.input(1).known(node)
        zero = _zero_of_inputs(node, source)
        if scale.size != 1:
            raise PlanError("one scale for all inputs", node.where, "quantise per tensor")
        readers = [n for n in graph.nodes if node.output in n.inputs]
        for reader in readers:
            if reader.op != "Conv" or reader.inputs[0] is not node.output:
                raise PlanError(
                    "quantised inputs at convolutions only",
                    reader.where,
                    "quantise with 'lodestone quantize'",
                )
            reader.inputs[0] = source.input(0)
            reader.attributes["input_scale"] = float(scale.reshape(-1)[0])
            if zero is not None:
                reader.attributes["input_zero"] = zero
        gone += [node, source]
    graph.remove(gone)


def _zero_of_inputs(node: Node, source: Node) -> int | None:
    """The byte that means zero where inputs are bytes; None where they take 16 bits, symmetrically."""
    zeros = [pair.optional(2) for pair in (source, node)]
    absent = np.zeros(1, _ABSENT_ZERO.get(int(source.attributes.get("output_dtype", 0)), np.float32))
    given = [absent if zero is None else zero.known(node).reshape(-1) for zero in zeros]
    if given[0].dtype != given[1].dtype or given[0].size != 1 or given[0][0] != given[1][0]:
        raise PlanError("one zero point at both ends of a QDQ pair", node.where, "export QDQ pairs")
    if given[0].dtype == np.uint8:
        return int(given[0][0])
    if given[0].dtype != np.int16 or given[0][0] != 0:
        raise PlanError(
            "inputs as bytes, or in 16 bits without zero point",
            f"{given[0].dtype} with zero point {given[0][0]} at {node.where}",
            "quantise with 'lodestone quantize'",
        )
    return None


def _constant(node: Node) -> None:
    steps, scale = node.input(0).known(node), node.input(1).known(node)
    zero = node.optional(2)
    if zero is not None and zero.known(node).any():
        raise PlanError("weights without zero point", node.where, "quantise symmetrically")
    axis = int(node.attributes.get("axis", 1))
    shape = [1] * steps.ndim
    if scale.size > 1:
        shape[axis] = -1
    out: Value = node.output
    out.constant = (steps.astype(np.float32) * scale.reshape(shape)).astype(np.float32)
    if steps.ndim == 3 and (scale.size == 1 or axis == 0):
        per_output = np.broadcast_to(scale.reshape(-1), (steps.shape[0],)).astype(np.float32)
        out.grid = Grid(steps, per_output)
