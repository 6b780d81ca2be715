"""Recognises a streaming convolution: Concat(state, x) -> Conv, with the end of the join as next state."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from model_export.graph.builder import Builder
from model_export.graph.ir import Graph, Node, State, Value, ordered
from model_export.graph.rebuild import Site, rewrite


@dataclass(frozen=True)
class CachedConv:
    """One streaming convolution and its memory; nothing else reads the join or the state."""

    state: State
    joined: Value
    conv: Value

    @property
    def node(self) -> Node:
        """The convolution."""
        assert self.conv.node is not None
        return self.conv.node


Remade = Callable[[Builder, CachedConv, Value], tuple[State, Value]]


def cached_convs(graph: Graph) -> list[CachedConv]:
    """Every streaming convolution of the graph."""
    readers: dict[int, list[Value]] = {}
    results = {id(value) for value in graph.results()}
    for value in ordered(graph.results()):
        for source in value.node.inputs if value.node else ():
            readers.setdefault(id(source), []).append(value)
    found = []
    for state in graph.states:
        match = _match(state, readers)
        if match is not None and id(match.joined) not in results:
            found.append(match)
    return found


def _match(state: State, readers: dict[int, list[Value]]) -> CachedConv | None:
    users = readers.get(id(state.value), [])
    if len(users) != 1 or users[0].node is None or users[0].node.op != "Concat":
        return None
    joined, join = users[0], users[0].node
    if len(join.inputs) != 2 or join.inputs[0] is not state.value or join.attributes["axis"] != 2:
        return None
    cut = state.next.node
    if cut is None or cut.op != "Slice" or cut.inputs[0] is not joined:
        return None
    if (
        cut.integer("start") != joined.shape[2] - state.value.shape[2]
        or cut.integer("stop") != joined.shape[2]
    ):
        return None
    others = [value for value in readers[id(joined)] if value is not state.next]
    if len(others) != 1 or others[0].node is None or others[0].node.op != "Conv":
        return None
    conv = others[0].node
    if conv.inputs[0] is not joined or conv.inputs[1].constant is None or conv.integer("stride") != 1:
        return None
    return CachedConv(state, joined, others[0])


def remake(graph: Graph, chosen: list[CachedConv], remade: Remade) -> Graph:
    """Replaces streaming convolutions and their states.

    Args:
        graph: left as it is.
        chosen: which ones.
        remade: given the builder, the old one and its new input x, makes (state, output).
    """
    if not chosen:
        return graph
    by_conv = {id(match.conv): match for match in chosen}
    states: dict[int, State] = {}

    def rule(build: Builder, site: Site) -> Value | None:
        match = by_conv.get(id(site.old))
        join = site.inputs[0].node
        if match is None or join is None:
            return None
        states[id(match.state.value)], output = remade(build, match, join.inputs[1])
        return output

    result = rewrite(graph, rule)
    result.states = [states.get(id(s.value), s) for s in result.states]
    return result
