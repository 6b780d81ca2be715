"""What no output ever hears is left out: states that feed only themselves, draws that nothing reads."""

from __future__ import annotations

from model_export.graph.ir import Graph, State, ordered


def pruned(graph: Graph) -> Graph:
    """The graph with only the states and draws that reach an output, now or in a later call."""
    live: list[State] = []
    while True:
        roots = [*graph.outputs.values(), *(state.next for state in live)]
        reached = {id(value) for value in ordered(roots)}
        more = [state for state in graph.states if id(state.value) in reached]
        if len(more) == len(live):
            break
        live = more
    draws = [draw for draw in graph.draws if id(draw.value) in reached]
    return Graph(dict(graph.inputs), dict(graph.outputs), live, draws)
