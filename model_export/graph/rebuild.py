"""Rebuilds a graph from its inputs to its results, one rule applied at each node on the way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from model_export.graph.builder import Builder
from model_export.graph.ir import Graph, Node, State, Value, ordered


@dataclass(frozen=True)
class Site:
    """A node being rebuilt: as it was, with its new inputs, and how often its inputs were used."""

    old: Value
    node: Node
    inputs: tuple[Value, ...]
    uses: Counter[int]

    def sole(self, index: int) -> Node | None:
        """The new node behind an input, if this node is the only reader of it."""
        return self.inputs[index].node if self.uses[id(self.node.inputs[index])] == 1 else None


Rule = Callable[[Builder, Site], Value | None]


def use_counts(graph: Graph) -> Counter[int]:
    """How often each value (by identity) is read by nodes or is a result."""
    counts: Counter[int] = Counter(id(value) for value in graph.results())
    for node in graph.nodes():
        counts.update(id(value) for value in node.inputs)
    return counts


def rewrite(graph: Graph, *rules: Rule, replaced: dict[int, Value] | None = None) -> Graph:
    """A new graph in which each node is what the first rule that answers makes of it.

    Args:
        graph: left as it is.
        rules: called in order; None means "not mine".
        replaced: new values for old ones (by identity), decided beforehand.
    """
    build = Builder()
    new: dict[int, Value] = dict(replaced or {})
    uses = use_counts(graph)
    for value in ordered(graph.results()):
        if id(value) not in new:
            new[id(value)] = _rebuilt(build, value, new, uses, rules)
    outputs = {name: new[id(value)] for name, value in graph.outputs.items()}
    states = [State(s.value, new[id(s.next)], s.initial) for s in graph.states]
    return Graph(dict(graph.inputs), outputs, states, list(graph.draws))


def _rebuilt(
    build: Builder, value: Value, new: dict[int, Value], uses: Counter[int], rules: tuple[Rule, ...]
) -> Value:
    node = value.node
    if node is None:
        return value
    build.scope = node.name
    site = Site(value, node, tuple(new[id(source)] for source in node.inputs), uses)
    for rule in rules:
        answer = rule(build, site)
        if answer is not None:
            return answer
    return build.emit(node.op, site.inputs, value.shape, value.dtype, None, **node.attributes)
