"""The fast form of a cosine-modulated filter bank.

A synthesis bank sums, for every output phase m, filters p[n] c_k[n] over the bands k. The cosine of band k
repeats with alternating sign after two polyphase steps, so the taps of one parity share one combination
of the bands: H[m, :, parity] = u_m s_m^T. The bands are combined first (a 1 x 1 convolution to 2 M rows),
then each row is filtered by itself. This is found in the numbers (a rank of one), not by a name, and used
only where the product gives the filters back to 1e-6 of their norm; float32 rounding in the file is 9e-7.
(P. P. Vaidyanathan, Multirate Systems and Filter Banks, 1993, section 8.5.)
"""

from __future__ import annotations

import numpy as np

from model_export.graph.builder import Builder
from model_export.graph.cached import CachedConv, cached_convs, remake
from model_export.graph.ir import Array, Graph, State, Value

EXACT = 1e-6
SHORTEST = 8  # taps; below, the plain form costs as little


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
        build.scope = match.node.scope
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
    outputs, inputs, length = weight.shape
    if length < SHORTEST or inputs < 2 or match.state.value.shape[2] != length - 1:
        return None
    mixes, rows = [], []
    for parity in (0, 1):
        mix, taps = _rank_one(weight.astype(np.float64), parity)
        mixes.append(mix)
        rows.append(taps)
    mix, taps = np.concatenate(mixes), np.concatenate(rows)
    again = mix[:outputs, :, None] * taps[:outputs, None] + mix[outputs:, :, None] * taps[outputs:, None]
    if np.linalg.norm(again - weight) > EXACT * np.linalg.norm(weight):
        return None
    return mix[:, :, None].astype(np.float32), taps[:, None].astype(np.float32)


def _rank_one(weight: Array, parity: int) -> tuple[Array, Array]:
    """The best u_m s_m^T of the taps of one parity: u [Cout, Cin], s [Cout, K] (zero at the other parity)."""
    u, sizes, v = np.linalg.svd(weight[:, :, parity::2], full_matrices=False)
    share = np.sqrt(sizes[:, :1])
    taps = np.zeros((weight.shape[0], weight.shape[2]))
    taps[:, parity::2] = share * v[:, 0]
    return share * u[:, :, 0], taps
