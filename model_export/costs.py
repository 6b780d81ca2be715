"""What a graph costs, written on its card."""

from __future__ import annotations

from dataclasses import replace

from graphs.card import Card
from model_export.graph import Graph, totals
from model_export.graph.onnx_writer import initial_states


def with_costs(card: Card, graph: Graph) -> Card:
    """The card with what a graph costs: parameters, multiplications a second, bytes of state."""
    per_second = totals.multiplications(graph) * card.sample_rate / (card.hop * card.frames)
    return replace(
        card,
        parameters=totals.parameters(graph),
        macs_per_second=round(per_second),
        state_bytes=totals.state_bytes(graph),
        initial_state=initial_states(graph),
    )
