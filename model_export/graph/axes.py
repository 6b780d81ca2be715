"""The change of axes before the first layer (principal axes, mean, signs) folded into that layer.

The first layer convolves over zf = A v + b and remembers past zf. Folded, it convolves over v itself with
weights W A and bias W b, and remembers v. At the start zf was zero; the same start is v0 with A v0 + b = 0,
so the memory begins there. Where no such v0 exists (noise left out, fewer columns than rows) and b is not
zero, the layer stays as it is.
"""

from __future__ import annotations

import numpy as np

from model_export.graph.builder import Builder
from model_export.graph.cached import CachedConv, cached_convs, remake
from model_export.graph.ir import Array, Graph, Node, State, Value
from model_export.graph.rebuild import use_counts

SOLVED = 1e-6


def with_folded_axes(graph: Graph) -> Graph:
    """The graph with every 1 x 1 convolution before a streaming one made part of it, where that is exact."""
    uses = use_counts(graph)
    starts: dict[int, Array] = {}
    for match in cached_convs(graph):
        start = _start(match) if uses[id(_source(match))] == 1 else None
        if start is not None:
            starts[id(match.conv)] = start
    chosen = [match for match in cached_convs(graph) if id(match.conv) in starts]

    def remade(build: Builder, match: CachedConv, x: Value) -> tuple[State, Value]:
        mix = x.node
        assert mix is not None
        start, v = starts[id(match.conv)], mix.inputs[0]
        memory = Value((v.shape[0], v.shape[1], match.state.value.shape[2]), v.dtype)
        joined = build.concat([memory, v], 2)
        following = build.slice(joined, 2, v.shape[2], joined.shape[2])
        initial = np.broadcast_to(start[None, :, None], memory.shape).astype(np.float32)
        return State(memory, following, initial if start.any() else None), _folded(build, match, mix, joined)

    return remake(graph, chosen, remade)


def _folded(build: Builder, match: CachedConv, mix: Node, joined: Value) -> Value:
    weight, axes, offset = _arrays(match, mix)
    kernel = np.einsum("oik,iv->ovk", weight, axes)
    bias = np.einsum("oik,i->o", weight, offset)
    if len(match.node.inputs) > 2 and match.node.inputs[2].constant is not None:
        bias = bias + match.node.inputs[2].constant
    kernels = build.constant(kernel.astype(np.float32))
    constant = build.constant(bias.astype(np.float32)) if bias.any() else None
    return build.convolve(joined, kernels, constant, dilation=match.node.integer("dilation"))


def _source(match: CachedConv) -> Value:
    assert match.joined.node is not None
    return match.joined.node.inputs[1]


def _arrays(match: CachedConv, mix: Node) -> tuple[Array, Array, Array]:
    """(weight [Cout, C, K], axes [C, V], offset [C]) in double precision."""
    weight, axes = match.node.inputs[1].constant, mix.inputs[1].constant
    assert weight is not None
    assert axes is not None
    offset = mix.inputs[2].constant if len(mix.inputs) > 2 else None
    flat = np.zeros(len(axes)) if offset is None else offset.astype(np.float64)
    return weight.astype(np.float64), axes[:, :, 0].astype(np.float64), flat


def _start(match: CachedConv) -> Array | None:
    """v0 [V] with A v0 + b = 0, or None where the fold would not be exact or not apply."""
    mix = _source(match).node
    if mix is None or mix.op != "Conv" or mix.inputs[1].constant is None or mix.inputs[1].shape[2] != 1:
        return None
    if any(node.integer("groups") != 1 for node in (mix, match.node)) or mix.integer("stride") != 1:
        return None
    if any(len(node.inputs) > 2 and node.inputs[2].constant is None for node in (mix, match.node)):
        return None
    if mix.inputs[0].shape[1] > mix.inputs[1].shape[0]:
        return None  # more rows to remember than before
    _, axes, offset = _arrays(match, mix)
    start: Array = np.linalg.lstsq(axes, -offset, rcond=None)[0]
    missed = float(np.abs(axes @ start + offset).max())
    return start if missed <= SOLVED * max(1.0, float(np.abs(offset).max())) else None
