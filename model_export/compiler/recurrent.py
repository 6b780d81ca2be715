"""The GRU as plain operators: one matrix product per step and gate block, then element-wise arithmetic."""

from __future__ import annotations

import numpy as np

from model_export.compiler.errors import PlanError
from model_export.compiler.nodes import constant, like, new_node
from model_export.graph.ir import Array, Node, Value


def unrolled(node: Node) -> list[Node]:
    """Nodes that compute what an ONNX GRU does (forward, tanh and sigmoid, gate order update, reset, new)."""
    a = node.attributes
    if (
        a.get("direction", "forward") != "forward"
        or a.get("layout", 0)
        or a.get("activations")
        or node.optional(4)
    ):
        raise PlanError("a plain forward GRU", node.where, "export it so")
    if not a.get("linear_before_reset", 0):
        raise PlanError("a GRU with linear_before_reset, as torch has it", node.where, "export it so")
    return _Unroll(node).nodes


class _Unroll:
    def __init__(self, node: Node) -> None:
        self.nodes: list[Node] = []
        x, w, r = node.input(0), node.input(1).known(node)[0], node.input(2).known(node)[0]
        hidden = r.shape[1]
        given = node.optional(3)
        bias = np.zeros(6 * hidden, np.float32) if given is None else given.known(node)[0]
        steps, batch, depth = x.shape
        start = node.optional(5)
        h = constant(np.zeros((batch, hidden), np.float32)) if start is None else start
        h = self.reshape(h, (batch, hidden))
        flat = self.reshape(x, (steps * batch, depth))
        ahead = self.gemm(flat, w.T, bias[: 3 * hidden])  # all steps of the input's share at once
        outs = []
        for step in range(steps):
            mine = self.slice(ahead, 0, step * batch, batch)
            h = self.step(mine, self.gemm(h, r.T, bias[3 * hidden :]), h, hidden)
            outs.append(self.reshape(h, (1, 1, batch, hidden)))
        if node.outputs[0].name:
            self.nodes.append(new_node("Concat", list(outs), [node.outputs[0]], {"axis": 0}))
        if len(node.outputs) > 1:
            self.nodes.append(self._reshape_node(h, node.outputs[1]))

    def step(self, x: Value, inner: Value, h: Value, hidden: int) -> Value:
        """h' = (1 - z) n + z h with z, r = sigmoid(x + inner) and n = tanh(x + r inner)."""
        part = [
            (self.slice(x, 1, i * hidden, hidden), self.slice(inner, 1, i * hidden, hidden)) for i in range(3)
        ]
        z = self.make("Sigmoid", self.make("Add", *part[0]))
        r = self.make("Sigmoid", self.make("Add", *part[1]))
        n = self.make("Tanh", self.make("Add", part[2][0], self.make("Mul", r, part[2][1])))
        return self.make("Add", n, self.make("Mul", z, self.make("Sub", h, n)))

    def make(self, op: str, *inputs: Value) -> Value:
        out = like(inputs[0], inputs[0].shape, f".{len(self.nodes)}")
        self.nodes.append(new_node(op, list(inputs), [out]))
        return out

    def gemm(self, x: Value, matrix: Array, bias: Array) -> Value:
        out = like(x, (x.shape[0], matrix.shape[1]), f".{len(self.nodes)}")
        self.nodes.append(new_node("Gemm", [x, constant(matrix), constant(bias)], [out]))
        return out

    def slice(self, x: Value, axis: int, start: int, count: int) -> Value:
        shape = list(x.shape)
        shape[axis] = count
        out = like(x, shape, f".{len(self.nodes)}")
        bounds = [constant(np.array([n], np.int64)) for n in (start, start + count, axis)]
        self.nodes.append(new_node("Slice", [x, *bounds], [out]))
        return out

    def reshape(self, x: Value, shape: tuple[int, ...]) -> Value:
        out = like(x, shape, f".{len(self.nodes)}")
        self.nodes.append(self._reshape_node(x, out))
        return out

    @staticmethod
    def _reshape_node(x: Value, out: Value) -> Node:
        return new_node("Reshape", [x, constant(np.array(out.shape, np.int64))], [out])
