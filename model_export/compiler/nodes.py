"""The compiler's own graph: values with static shapes, nodes that passes may rewrite."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from model_export.compiler.errors import PlanError

Array = npt.NDArray[Any]


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


@dataclass(eq=False)
class Value:
    """One tensor: `data` when it is known now. Numbers of every type travel as float32 in a plan."""

    name: str
    shape: tuple[int, ...]
    kind: str  # "float", "int" or "bool"
    data: Array | None = None
    grid: Grid | None = None  # of quantised weights, with `data` their values

    @property
    def size(self) -> int:
        """Number of elements."""
        return int(np.prod(self.shape, dtype=np.int64))

    def known(self, node: Node) -> Array:
        """The data, or PlanError when it is known only while the plan runs."""
        if self.data is None:
            raise PlanError(
                "constant shapes, axes and weights",
                f"'{self.name}' changes at {node.where}",
                "export it fixed",
            )
        return self.data


@dataclass(eq=False)
class Node:
    """One operation. Rewritten convolutions carry `residual`, `activation`, `upsample` as attributes."""

    op: str
    inputs: list[Value | None]
    outputs: list[Value]
    attributes: dict[str, Any] = field(default_factory=dict)
    name: str = ""

    @property
    def where(self) -> str:
        """How messages call this node."""
        return f"{self.op} node '{self.name or self.outputs[0].name}'"

    def input(self, index: int) -> Value:
        """An input that must be there."""
        value = self.inputs[index] if index < len(self.inputs) else None
        if value is None:
            raise PlanError(f"input {index} of {self.where}", "none", "check the model")
        return value

    def optional(self, index: int) -> Value | None:
        """An input that may be absent."""
        return self.inputs[index] if index < len(self.inputs) else None

    @property
    def output(self) -> Value:
        """The first output."""
        return self.outputs[0]


@dataclass(eq=False)
class Graph:
    """Nodes in an order in which each comes after its inputs."""

    nodes: list[Node]
    inputs: list[Value]
    outputs: list[Value]

    def consumers(self) -> dict[Value, list[Node]]:
        """Who reads each value; a graph output is not a reader."""
        readers: dict[Value, list[Node]] = {}
        for node in self.nodes:
            for value in node.inputs:
                if value is not None:
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
                needed.update(value for value in node.inputs if value is not None)
        self.nodes = kept[::-1]


def constant(data: Sequence[float] | Array | float, name: str = "constant") -> Value:
    """A value known now."""
    array = np.asarray(data)
    kind = "bool" if array.dtype == bool else "int" if array.dtype.kind in "iu" else "float"
    return Value(name, tuple(array.shape), kind, array)


def like(value: Value, shape: Sequence[int], suffix: str) -> Value:
    """A new value of the same kind, named after `value`."""
    return Value(f"{value.name}{suffix}", tuple(int(n) for n in shape), value.kind)
