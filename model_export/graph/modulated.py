"""Streaming filter banks of modulated form in two steps: bands to directions, then each row by itself.

What such a bank is, and how it is found: model_export/filter_bank.py.
"""

from __future__ import annotations

import numpy as np

from model_export.filter_bank import factored
from model_export.graph.builder import Builder
from model_export.graph.cached import CachedConv, cached_convs, remake
from model_export.graph.ir import Array, Graph, State, Value


def with_fast_banks(graph: Graph) -> Graph:
    """The graph with every streaming filter bank of modulated form in two steps."""
    factors: dict[int, tuple[Array, Array]] = {}
    for match in cached_convs(graph):
        found = _factored(match)
        if found is not None:
            factors[id(match.conv)] = found
    chosen = [match for match in cached_convs(graph) if id(match.conv) in factors]

    def remade(build: Builder, match: CachedConv, x: Value) -> tuple[State, Value]:
        mix, taps = factors[id(match.conv)]
        build.scope = match.node.name
        rows = build.convolve(x, build.constant(mix), None)
        memory = Value((x.shape[0], rows.shape[1], taps.shape[2] - 1), x.dtype)
        joined = build.concat([memory, rows], 2)
        length = joined.shape[2]
        both = build.convolve(joined, build.constant(taps), None, groups=rows.shape[1])
        half = rows.shape[1] // 2
        output = build.binary("Add", build.slice(both, 1, 0, half), build.slice(both, 1, half, 2 * half))
        if len(match.node.inputs) > 2:
            bias = match.node.inputs[2]
            output = build.binary("Add", output, build.reshape(bias, [*bias.shape, 1]))
        following = build.slice(joined, 2, length - taps.shape[2] + 1, length)
        return State(memory, following), output

    return remake(graph, chosen, remade)


def _factored(match: CachedConv) -> tuple[Array, Array] | None:
    """(mix [2 Cout, Cin, 1], taps [2 Cout, 1, K]) when both parities have rank one everywhere."""
    weight = match.node.inputs[1].constant
    if weight is None or match.node.integer("groups") != 1 or match.node.integer("dilation") != 1:
        return None
    if match.state.value.shape[2] != weight.shape[2] - 1:
        return None
    found = factored(weight)
    if found is None:
        return None
    mix, taps = (np.concatenate(list(part)) for part in found)
    return mix[:, :, None].astype(np.float32), taps[:, None].astype(np.float32)
