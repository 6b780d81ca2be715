"""The compiler's graph: nodes in their order, which passes rewrite."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from model_export.graph.ir import ABSENT, Array, Node, Value


@dataclass(eq=False)
class NodeList:
    """Nodes in an order in which each comes after its inputs."""

    nodes: list[Node]
    inputs: list[Value]
    outputs: list[Value]

    def consumers(self) -> dict[Value, list[Node]]:
        """Who reads each value; a graph output is not a reader."""
        readers: dict[Value, list[Node]] = {}
        for node in self.nodes:
            for value in node.present:
                readers.setdefault(value, []).append(node)
        return readers

    def producers(self) -> dict[Value, Node]:
        """Who computes each value."""
        return {value: node for node in self.nodes for value in node.outputs}

    def replace(self, old: Value, new: Value) -> None:
        """Lets everybody who reads `old` read `new`."""
        for node in self.nodes:
            node.inputs = [new if value is old else value for value in node.inputs]
        self.outputs = [new if value is old else value for value in self.outputs]

    def remove(self, gone: Iterable[Node]) -> None:
        """Takes nodes out."""
        out = {id(node) for node in gone}
        self.nodes = [node for node in self.nodes if id(node) not in out]

    def prune(self) -> None:
        """Drops nodes whose results nobody needs."""
        needed = set(self.outputs)
        kept = []
        for node in reversed(self.nodes):
            if any(value in needed for value in node.outputs):
                kept.append(node)
                needed.update(node.present)
        self.nodes = kept[::-1]


def new_node(
    op: str,
    inputs: Sequence[Value | None],
    outputs: Sequence[Value],
    attributes: Mapping[str, Any] | None = None,
    name: str = "",
) -> Node:
    """A node that computes `outputs`; an input of None is absent."""
    node = Node(op, [ABSENT if value is None else value for value in inputs], dict(attributes or {}), name)
    node.give(outputs)
    return node


def constant(data: Sequence[float] | Array | float, name: str = "constant") -> Value:
    """A value known now."""
    array = np.asarray(data)
    return Value(tuple(array.shape), array.dtype, array, name=name)


def like(value: Value, shape: Sequence[int], suffix: str) -> Value:
    """A new value of the same type, named after `value`."""
    return Value(tuple(int(n) for n in shape), value.dtype, name=f"{value.name}{suffix}")
