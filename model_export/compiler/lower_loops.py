"""Reductions, running sums, look-ups, softmax and matrix products of two changing matrices."""

from __future__ import annotations

import numpy as np

from model_export.compiler.errors import PlanError
from model_export.compiler.lower import Lower, Lowering, Operators
from model_export.compiler.lower_shape import taken
from model_export.compiler.views import View, dense
from model_export.graph.ir import Array, Node


def _axes(node: Node, rank: int) -> list[int]:
    value = node.optional(1)
    axes = node.attributes.get("axes") if value is None else [int(n) for n in value.known(node).reshape(-1)]
    if not axes:
        return [] if node.attributes.get("noop_with_empty_axes", 0) else list(range(rank))
    return [axis % rank for axis in axes]


def reduce_to(lowering: Lowering, function: str, out: View, source: View, axes: list[int]) -> None:
    """`out` has the source's axes, those reduced with length one."""
    if len(source.dims) > 4:
        raise PlanError("reductions of at most four axes", f"{len(source.dims)}", "reshape first")
    steps = [0 if a in axes or source.dims[a] == 1 else s for a, s in enumerate(out.strides)]
    target = View(out.buffer, out.offset, source.dims, tuple(steps))
    count = int(np.prod([source.dims[a] for a in axes], dtype=np.int64))
    lowering.loops("Reduce", function, source.dims, [target, source], (1.0 / max(count, 1), 0.0))


def _reduce(function: str) -> Lower:
    def lower(lowering: Lowering, node: Node) -> None:
        source = lowering.view(node.input(0))
        axes = _axes(node, len(source.dims))
        home = lowering.home(node.output)
        kept = [1 if a in axes else n for a, n in enumerate(source.dims)]
        out = home if list(home.dims) == kept else home.reshape(kept)
        target = out if out is not None else dense(lowering.buffer(node.output.elements), 0, kept)
        if axes:
            reduce_to(lowering, function, target, source, axes)
        else:
            lowering.copy(target, source)
        if out is None:
            again = target.reshape(home.dims)
            assert again is not None
            lowering.copy(home, again)
        lowering.views[node.output] = home

    return lower


def _softmax(lowering: Lowering, node: Node) -> None:
    source = lowering.view(node.input(0))
    axis = node.attributes.get("axis", -1) % len(source.dims)
    home = lowering.home(node.output, [source])
    kept = [1 if a == axis else n for a, n in enumerate(source.dims)]
    row = dense(lowering.buffer(int(np.prod(kept))), 0, kept)
    reduce_to(lowering, "Max", row, source, [axis])
    lowering.map("Sub", home, source, row)
    lowering.map("Exp", home, home)
    reduce_to(lowering, "Sum", row, home, [axis])
    lowering.map("Div", home, home, row)
    lowering.views[node.output] = home


def scan(lowering: Lowering, function: str, out: View, source: View, axis: int) -> None:
    """Running sum or product along one axis."""
    order = [a for a in range(len(source.dims)) if a != axis] + [axis]
    to, of = out.transpose(order), source.transpose(order)
    lowering.loops("Scan", function, of.dims, [to, of])


def _cumsum(lowering: Lowering, node: Node) -> None:
    if node.attributes.get("exclusive", 0) or node.attributes.get("reverse", 0):
        raise PlanError("a running sum from the front", node.where, "export it without exclusive and reverse")
    source = lowering.view(node.input(0))
    axis = int(node.input(1).known(node).reshape(-1)[0]) % len(source.dims)
    home = lowering.home(node.output, [source])
    scan(lowering, "Sum", home, source, axis)
    lowering.views[node.output] = home


def _gather(lowering: Lowering, node: Node) -> None:
    table, index = node.input(0), node.input(1)
    source = lowering.view(table)
    axis = node.attributes.get("axis", 0) % len(source.dims)
    if index.constant is not None:
        _gather_known(lowering, node, source, axis, index.constant)
        return
    if axis != 0 or len(source.dims) > 2:
        raise PlanError("look-ups in the rows of a table", node.where, "transpose the table")
    where = lowering.view(index)
    flat = where.reshape([index.elements]) or lowering.dense_copy(where).reshape([index.elements])
    assert flat is not None
    width = source.dims[1] if len(source.dims) == 2 else 1
    step = source.strides[1] if len(source.dims) == 2 else 0
    home = lowering.home(node.output)
    out = home.reshape([index.elements, width])
    target = dense(lowering.buffer(node.output.elements), 0, (index.elements, width)) if out is None else out
    dims = (index.elements, width)
    views = [
        target,
        View(source.buffer, source.offset, dims, (0, step)),
        View(flat.buffer, flat.offset, dims, (flat.strides[0], 0)),
    ]
    lowering.loops("Gather", "", dims, views, (float(source.dims[0]), float(source.strides[0])))
    if out is None:
        again = target.reshape(home.dims)
        assert again is not None
        lowering.copy(home, again)
    lowering.views[node.output] = home


def _gather_known(lowering: Lowering, node: Node, source: View, axis: int, index: Array) -> None:
    indices = [int(i) % source.dims[axis] for i in index.reshape(-1)]
    even = taken(source, indices, axis)
    if even is not None:
        view = even.reshape(node.output.shape) if index.ndim != 1 else even
        if view is None:
            view = lowering.dense_copy(even).reshape(node.output.shape)
        assert view is not None
        lowering.views[node.output] = view
        return
    shape = (*source.dims[:axis], len(indices), *source.dims[axis + 1 :])
    home = lowering.home(node.output)
    out = home if index.ndim == 1 else dense(lowering.buffer(node.output.elements), 0, shape)
    for place, i in enumerate(indices):
        lowering.copy(out.slice(axis, place, 1), source.slice(axis, i, 1))
    if index.ndim != 1:
        again = out.reshape(home.dims)
        assert again is not None
        lowering.copy(home, again)
    lowering.views[node.output] = home


def contract(lowering: Lowering, out: View, a: View, b: View) -> None:
    """out[..., m, n] = sum over k of a[..., m, k] b[..., k, n]; at most one leading axis longer than one."""
    lead = list(out.dims[:-2])
    batch = int(np.prod(lead, dtype=np.int64)) if lead else 1
    a, b = a.expand([*lead, *a.dims[-2:]]), b.expand([*lead, *b.dims[-2:]])
    m, k, n = a.dims[-2], a.dims[-1], b.dims[-1]
    merged = [view.reshape([batch, *view.dims[-2:]]) if lead else view for view in (out, a, b)]
    if any(view is None for view in merged) or not lead:
        merged = [View(v.buffer, v.offset, (1, *v.dims[-2:]), (0, *v.strides[-2:])) for v in (out, a, b)]
        if batch != 1:
            raise PlanError("matrix products with one batch axis", f"{lead}", "reshape first")
    (o, x, y) = (view for view in merged if view is not None)
    dims = (o.dims[0], m, n, k)
    views = [
        View(o.buffer, o.offset, dims, (*o.strides, 0)),
        View(x.buffer, x.offset, dims, (x.strides[0], x.strides[1], 0, x.strides[2])),
        View(y.buffer, y.offset, dims, (y.strides[0], 0, y.strides[2], y.strides[1])),
    ]
    lowering.loops("Contract", "", dims, views)


OPERATORS: Operators = {
    "ReduceSum": _reduce("Sum"),
    "ReduceMean": _reduce("Mean"),
    "ReduceMax": _reduce("Max"),
    "ReduceMin": _reduce("Min"),
    "ReduceProd": _reduce("Product"),
    "Softmax": _softmax,
    "CumSum": _cumsum,
    "Gather": _gather,
}
