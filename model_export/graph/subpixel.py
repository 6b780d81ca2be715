"""Transposed convolutions as ordinary ones followed by an interleave.

y[t r + j] = sum_i W[:, :, i r + j] x[t - i] for stride r: each of the r output phases j is a short
convolution over x. A streaming decoder keeps the overlap of its outputs as a state; here the state
becomes the last inputs instead, and the sum over i runs inside one convolution (exact, both start at zero).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from model_export.graph.builder import Builder
from model_export.graph.ir import Array, Graph, Node, State, Value
from model_export.graph.rebuild import Site, rewrite


def interleave(build: Builder, x: Value, rate: int, phase_major: bool = True) -> Value:
    """[B, rate C, T] -> [B, C, T rate]: channel j C + c (or c rate + j) at frame t goes to c, t rate + j."""
    batch, wide, frames = x.shape
    if rate == 1:
        return x
    channels = wide // rate
    if phase_major:
        apart = build.transpose(build.reshape(x, [batch, rate, channels, frames]), [0, 2, 3, 1])
    else:
        apart = build.transpose(build.reshape(x, [batch, channels, rate, frames]), [0, 1, 3, 2])
    return build.reshape(apart, [batch, channels, frames * rate])


def phase_weight(weight: Array, rate: int, groups: int, phase_major: bool = True) -> Array:
    """A transposed convolution's weight [in, out / groups, taps] as a plain one's with more outputs.

    Returns:
        [rate * out, in / groups, ceil(taps / rate)]: of its outputs the phase within `rate` is the slowest
        part, or within each group the fastest.
    """
    inputs, outputs, length = weight.shape
    taps = -(-length // rate)
    padded = np.zeros((inputs, outputs, taps * rate), weight.dtype)
    padded[:, :, :length] = weight
    # (group, in, out, tap, phase), the newest tap last
    split = padded.reshape(groups, inputs // groups, outputs, taps, rate)[:, :, :, ::-1]
    order = (4, 0, 2, 1, 3) if phase_major else (0, 2, 4, 1, 3)
    shape = (groups * outputs * rate, inputs // groups, taps)
    return np.ascontiguousarray(split.transpose(order)).reshape(shape)


def _upsampled(build: Builder, x: Value, node: Node) -> Value:
    """The interleaved convolution over x, which already holds taps - 1 frames of history."""
    rate, groups, weight = _geometry(node)
    kernel = build.constant(phase_weight(weight, rate, groups, groups == 1))
    return interleave(build, build.convolve(x, kernel, None, groups=groups), rate, groups == 1)


def _geometry(node: Node) -> tuple[int, int, Array]:
    weight = node.inputs[1].constant
    assert weight is not None
    return node.integer("stride"), node.integer("groups"), weight


def without_transposed(graph: Graph) -> Graph:
    """The graph with every ConvTranspose as a sub-pixel convolution."""
    return rewrite(_without_overlaps(graph), _lower_transposed)


def _lower_transposed(build: Builder, site: Site) -> Value | None:
    if site.node.op != "ConvTranspose" or site.node.inputs[1].constant is None:
        return None
    rate, _, weight = _geometry(site.node)
    x, length = site.inputs[0], site.old.shape[-1]
    taps = -(-weight.shape[2] // rate)
    silence = build.constant(np.zeros((*x.shape[:-1], taps - 1), x.dtype))
    y = _upsampled(build, build.concat([silence, x, silence], 2), site.node)
    return build.slice(y, 2, 0, length)


@dataclass(frozen=True)
class _Overlap:
    """A streamed overlap-add: `summed` is the transposed output with the state added to its head."""

    state: State
    summed: Value
    transposed: Value
    history: Value


def _without_overlaps(graph: Graph) -> Graph:
    """Overlap-add states replaced by input history, where the overlap is exactly K - stride."""
    readers: dict[int, list[Node]] = {}
    for node in graph.nodes():
        for source in node.inputs:
            readers.setdefault(id(source), []).append(node)
    found = [match for state in graph.states if (match := _overlap_of(state, readers)) is not None]
    if not found:
        return graph
    by_sum = {id(match.summed): match for match in found}
    outputs: dict[int, Value] = {}
    nexts: dict[int, Value] = {}

    def rule(build: Builder, site: Site) -> Value | None:
        if id(site.old) in by_sum:
            match = by_sum[id(site.old)]
            x = _input_of(site.inputs[1])
            outputs[id(site.old)], nexts[id(match.state)] = _streamed(build, match, x)
            return outputs[id(site.old)]
        if site.node.op == "Slice" and id(site.node.inputs[0]) in by_sum:
            match = by_sum[id(site.node.inputs[0])]
            if site.old is match.state.next:
                return nexts[id(match.state)]
            start, stop = site.node.integer("start"), site.node.integer("stop")
            return build.slice(outputs[id(match.summed)], 2, start, stop)
        return None

    result = rewrite(graph, rule)
    histories = {id(match.state.value): match.history for match in found}
    for state in result.states:
        state.value = histories.get(id(state.value), state.value)
    return result


def _input_of(tail: Value) -> Value:
    """The x of Slice(ConvTranspose(x))."""
    assert tail.node is not None
    transposed = tail.node.inputs[0].node
    assert transposed is not None
    return transposed.inputs[0]


def _streamed(build: Builder, match: _Overlap, x: Value) -> tuple[Value, Value]:
    node = match.transposed.node
    assert node is not None
    joined = build.concat([match.history, x], 2)
    length = joined.shape[2]
    return _upsampled(build, joined, node), build.slice(joined, 2, length - match.history.shape[2], length)


def _overlap_of(state: State, readers: dict[int, list[Node]]) -> _Overlap | None:
    """Recognises next = Slice(sum, -P:), sum = Concat(Slice(y, :P) + state, Slice(y, P:)), y transposed."""
    cut = state.next.node
    if cut is None or cut.op != "Slice" or len(readers.get(id(state.value), [])) != 1:
        return None
    summed, overlap = cut.inputs[0], state.value.shape[-1]
    join = summed.node
    if join is None or join.op != "Concat" or len(join.inputs) != 2 or join.attributes["axis"] != 2:
        return None
    head, tail = join.inputs[0].node, join.inputs[1].node
    if head is None or head.op != "Add" or not any(source is state.value for source in head.inputs):
        return None
    if tail is None or tail.op != "Slice" or tail.attributes["start"] != overlap:
        return None
    y = tail.inputs[0]
    if y.node is None or y.node.op != "ConvTranspose" or y.node.inputs[1].constant is None:
        return None
    length, kernel = y.shape[-1], y.node.inputs[1].shape[2]
    kept = length - overlap
    ends = [node.attributes.get("stop") for node in readers[id(summed)] if node is not cut]
    if kernel - overlap != y.node.attributes["stride"] or cut.attributes["start"] != kept:
        return None
    if any(not isinstance(end, int) or end > kept for end in ends):
        return None
    x = y.node.inputs[0]
    taps = -(-kernel // (kernel - overlap))
    return _Overlap(state, summed, y, Value((*x.shape[:-1], taps - 1), x.dtype))
