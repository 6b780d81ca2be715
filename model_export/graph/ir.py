"""Values and nodes: single assignment, single output, static shapes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Attribute = int | float | str | tuple[int, ...]


@dataclass(eq=False)
class Value:
    """One tensor of the graph: a constant, a graph input, or the output of a node."""

    shape: tuple[int, ...]
    dtype: np.dtype[np.generic]
    constant: Array | None = None
    node: Node | None = None
    name: str = ""

    @property
    def elements(self) -> int:
        """Number of elements."""
        return int(np.prod(self.shape, dtype=np.int64))


@dataclass(eq=False)
class Node:
    """One operator in ONNX's meaning, and the module path whose code asked for it."""

    op: str
    inputs: tuple[Value, ...]
    attributes: dict[str, Attribute]
    scope: str = ""

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
