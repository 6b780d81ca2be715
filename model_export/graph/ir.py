"""Values and nodes, of the exporter and of the compiler: single assignment, static shapes.

The exporter's graph hangs together by its values (`Graph`); the compiler's is a list of nodes that passes
rewrite (`compiler/nodes.py`). Between the two stands an ONNX file, which may come from elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from graphs.errors import GraphError

Array = npt.NDArray[Any]
Attribute = int | float | str | tuple[int, ...]


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
    """One tensor of the graph: a constant, a graph input, or an output of a node.

    Attributes:
        constant: its numbers, where they are known now.
        node: what computes it.
        grid: of quantised weights the integers, with `constant` their values.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[np.generic]
    constant: Array | None = None
    node: Node | None = None
    name: str = ""
    grid: Grid | None = None

    def __post_init__(self) -> None:
        if self.node is not None:
            self.node.outputs.append(self)

    @property
    def elements(self) -> int:
        """Number of elements."""
        return int(np.prod(self.shape, dtype=np.int64))

    @property
    def kind(self) -> str:
        """ "float", "int" or "bool": in a plan every number is a float, and this is what it stands for."""
        return "bool" if self.dtype == np.bool_ else "int" if self.dtype.kind in "iu" else "float"

    def known(self, reader: Node) -> Array:
        """The constant. Raises GraphError where it is known only while the graph runs."""
        if self.constant is None:
            got = f"'{self.name}' changes at {reader.where}"
            raise GraphError("constant shapes, axes and weights", got, "export it fixed")
        return self.constant


ABSENT = Value((), np.dtype(np.float32))
"""An input that a node does without."""


@dataclass(eq=False)
class Node:
    """One operator in ONNX's meaning.

    Attributes:
        name: where it comes from: the path of the module whose code asked for it, or the ONNX node's name.
        outputs: in the exporter's graphs always one.
    """

    op: str
    inputs: list[Value]
    attributes: dict[str, Any] = field(default_factory=dict)
    name: str = ""
    outputs: list[Value] = field(default_factory=list)

    @property
    def where(self) -> str:
        """How messages call this node."""
        return f"{self.op} node '{self.name or self.outputs[0].name}'"

    @property
    def output(self) -> Value:
        """The first output."""
        return self.outputs[0]

    @property
    def present(self) -> list[Value]:
        """The inputs that are there."""
        return [value for value in self.inputs if value is not ABSENT]

    def give(self, outputs: Sequence[Value]) -> None:
        """From now on this node computes `outputs`."""
        self.outputs = list(outputs)
        for value in outputs:
            value.node = self

    def input(self, index: int) -> Value:
        """An input that must be there. Raises GraphError."""
        value = self.optional(index)
        if value is None:
            raise GraphError(f"input {index} of {self.where}", "none", "check the model")
        return value

    def optional(self, index: int) -> Value | None:
        """An input that may be absent."""
        value = self.inputs[index] if index < len(self.inputs) else ABSENT
        return None if value is ABSENT else value

    def integer(self, name: str) -> int:
        """An attribute that is one integer."""
        value = self.attributes[name]
        assert isinstance(value, int)
        return value

    def integers(self, name: str) -> tuple[int, ...]:
        """An attribute that is several integers."""
        value = self.attributes[name]
        assert isinstance(value, tuple)
        return value


@dataclass(eq=False)
class State:
    """Memory between calls: what comes in, what goes out; `initial` at the start, zero if None."""

    value: Value
    next: Value
    initial: Array | None = None


@dataclass(eq=False)
class Draw:
    """A random draw, given from outside: "normal" (mean 0, variance 1) or "uniform" (0 to 1)."""

    value: Value
    distribution: str


@dataclass(eq=False)
class Graph:
    """Inputs, outputs and memory of one traced method."""

    inputs: dict[str, Value]
    outputs: dict[str, Value]
    states: list[State] = field(default_factory=list)
    draws: list[Draw] = field(default_factory=list)

    def results(self) -> list[Value]:
        """Every value that must be computed: outputs, then the next states."""
        return [*self.outputs.values(), *(state.next for state in self.states)]

    def nodes(self) -> list[Node]:
        """The nodes that the results need, each after its inputs."""
        return [value.node for value in ordered(self.results()) if value.node is not None]


def ordered(results: Iterable[Value]) -> Iterator[Value]:
    """Every value that `results` depend on, each after what it is made of (no recursion)."""
    done: set[int] = set()
    for result in results:
        stack = [(result, False)]
        while stack:
            value, expanded = stack.pop()
            if id(value) in done:
                continue
            if expanded or value.node is None:
                done.add(id(value))
                yield value
                continue
            stack.append((value, True))
            stack.extend((source, False) for source in reversed(value.node.inputs) if id(source) not in done)
