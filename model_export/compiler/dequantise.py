"""Reads QDQ graphs: weights stay on their integer grid, quantised inputs become an attribute of their
convolution.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from model_export.compiler.errors import PlanError
from model_export.compiler.ir import Array, Graph, Node, Value


@dataclass(frozen=True)
class Grid:
    """Integer weights [out, in, taps] (int8 or int16) and the value of one step per output."""

    steps: Array
    scale: Array

    def reordered(self, order: Array) -> Grid:
        """Outputs in another order."""
        return Grid(self.steps[order], self.scale[order])

    def scaled(self, factor: Array) -> Grid:
        """Every output times a factor."""
        return Grid(self.steps, (self.scale * factor).astype(np.float32))


def dequantise(graph: Graph) -> None:
    """Replaces DequantizeLinear and QuantizeLinear nodes."""
    gone: list[Node] = []
    for node in graph.nodes:
        if node.op == "DequantizeLinear" and node.input(0).data is not None:
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
        zero = node.optional(2)
        if scale.size != 1 or (zero is not None and zero.known(node).any()):
            raise PlanError("one scale and no zero point for inputs", node.where, "quantise symmetrically")
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
        gone += [node, source]
    graph.remove(gone)


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
    out.data = (steps.astype(np.float32) * scale.reshape(shape)).astype(np.float32)
    if steps.ndim == 3 and (scale.size == 1 or axis == 0):
        per_output = np.broadcast_to(scale.reshape(-1), (steps.shape[0],)).astype(np.float32)
        out.grid = Grid(steps, per_output)
