"""Operators that only look at their input differently: views where possible, a copy where not."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from model_export.compiler.lower import Lowering, Operators
from model_export.compiler.views import View, dense, same_place
from model_export.graph.ir import Node


def _ints(node: Node, index: int, attribute: str) -> list[int] | None:
    value = node.optional(index)
    if value is not None:
        return [int(n) for n in value.known(node).reshape(-1)]
    given = node.attributes.get(attribute)
    return None if given is None else [int(n) for n in given]


def _same(lowering: Lowering, node: Node) -> None:
    lowering.views[node.output] = lowering.view(node.input(0))


def _reshape(lowering: Lowering, node: Node) -> None:
    source = lowering.view(node.input(0))
    view = source.reshape(node.output.shape)
    if view is None:
        view = _copied_rows(lowering, source, node.output.shape)
    if view is None:
        view = lowering.dense_copy(source).reshape(node.output.shape)
    assert view is not None
    lowering.views[node.output] = view


def _copied_rows(lowering: Lowering, source: View, shape: tuple[int, ...]) -> View | None:
    """A copy with adjacent channels, as its readers want it, where the old shape can be seen in it."""
    order = lowering.order_for(shape)
    if order == tuple(range(len(shape))):
        return None
    home = dense(lowering.buffer(source.size), 0, shape, order)
    seen = home.reshape(source.dims)
    if seen is None:
        return None
    lowering.copy(seen, source)
    return home


def _transpose(lowering: Lowering, node: Node) -> None:
    source = lowering.view(node.input(0))
    order = node.attributes.get("perm", list(range(len(source.dims)))[::-1])
    lowering.views[node.output] = source.transpose(order)


def _slice(lowering: Lowering, node: Node) -> None:
    view = lowering.view(node.input(0))
    starts, ends = _ints(node, 1, "starts") or [], _ints(node, 2, "ends") or []
    axes = _ints(node, 3, "axes") or list(range(len(starts)))
    steps = _ints(node, 4, "steps") or [1] * len(starts)
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        picked = range(*slice(start, end, step).indices(view.dims[axis]))
        if step < 0 and end <= -view.dims[axis] - 1:
            picked = range(view.dims[axis])[start::step]
        first = picked[0] if len(picked) else 0
        view = view.slice(axis % len(view.dims), first, len(picked), step)
    lowering.views[node.output] = view


def _split(lowering: Lowering, node: Node) -> None:
    view = lowering.view(node.input(0))
    axis = node.attributes.get("axis", 0) % len(view.dims)
    start = 0
    for output in node.outputs:
        lowering.views[output] = view.slice(axis, start, output.shape[axis])
        start += output.shape[axis]


def _expand(lowering: Lowering, node: Node) -> None:
    lowering.views[node.output] = lowering.view(node.input(0)).expand(node.output.shape)


def _concat(lowering: Lowering, node: Node) -> None:
    like = [lowering.view(v) for v in node.inputs if v.constant is None and v in lowering.views]
    whole = lowering.home(node.output, like)
    axis, start = node.attributes["axis"] % len(whole.dims), 0
    for value in node.inputs:
        to = whole.slice(axis, start, value.shape[axis])
        if value.elements and not same_place(lowering.views.get(value), to):
            source = (
                lowering.view(value)
                if value.constant is None
                else lowering.constant(value.constant, to.order())
            )
            lowering.copy(to, source)
        start += value.shape[axis]
    lowering.views[node.output] = whole


def _tile(lowering: Lowering, node: Node) -> None:
    source, whole = lowering.view(node.input(0)), lowering.home(node.output)
    repeats = _ints(node, 1, "repeats") or []
    for place in np.ndindex(*repeats):
        to = whole
        for axis, i in enumerate(place):
            to = to.slice(axis, i * source.dims[axis], source.dims[axis])
        lowering.copy(to, source)
    lowering.views[node.output] = whole


def taken(view: View, indices: list[int], axis: int) -> View | None:
    """The view of evenly spaced indices, or None when they are not."""
    if not indices:
        return None
    step = indices[1] - indices[0] if len(indices) > 1 else 1
    if any(b - a != step for a, b in pairwise(indices)):
        return None
    return view.slice(axis, indices[0], len(indices), step)


OPERATORS: Operators = {
    "Identity": _same,
    "Dropout": _same,
    "Reshape": _reshape,
    "Flatten": _reshape,
    "Squeeze": _reshape,
    "Unsqueeze": _reshape,
    "Transpose": _transpose,
    "Slice": _slice,
    "Split": _split,
    "Expand": _expand,
    "Concat": _concat,
    "Tile": _tile,
}
