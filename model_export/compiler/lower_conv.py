"""Convolutions over time-major rows; matrix products with a constant matrix are the same with one tap."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from definitions.operations import OPERATIONS
from model_export.compiler import plan
from model_export.compiler.errors import PlanError
from model_export.compiler.lower import Lowering, Operators
from model_export.compiler.lower_loops import contract
from model_export.compiler.views import View, dense
from model_export.graph.ir import Array, Node, Value

PANEL: int = OPERATIONS.plan["panel"]


@dataclass(frozen=True)
class _Weights:
    """Where a convolution's weights went, and in which format."""

    at: int
    format: str = "Float32"
    scale_at: int = 0
    input_scale: float = 0.0
    input_limit: int = 0
    input_zero: int = 0


def _store_weights(lowering: Lowering, value: Value, node: Node) -> _Weights:
    grid, groups = value.grid, int(node.attributes.get("group", 1))
    if grid is None:
        return _Weights(lowering.pack_weights(pack_panels(value.known(node), groups).tobytes()))
    at = lowering.pack_weights(pack_panels(grid.steps, groups).tobytes())
    step = node.attributes.get("input_scale")
    if grid.steps.dtype == np.int16:
        return _Weights(at, "Int16", lowering.constant_at(grid.scale))
    if step is None or groups != 1:
        return _Weights(at, "Int8", lowering.constant_at(grid.scale))
    # The largest sum of one output may not leave 32 bits, whatever comes in.
    most = int(np.abs(grid.steps.astype(np.int64)).reshape(grid.steps.shape[0], -1).sum(1).max())
    scale_at = lowering.constant_at(grid.scale * np.float32(step))
    if "input_zero" in node.attributes:
        if 2 * 255 * most > 2**31 - 1:
            return _Weights(at, "Int8", lowering.constant_at(grid.scale))
        return _Weights(at, "Int8Uint8", scale_at, step, input_zero=node.attributes["input_zero"])
    limit = min(32767, (2**31 - 1) // max(most, 1))
    return _Weights(at, "Int8Int16", scale_at, step, limit)


def pack_panels(weight: Array, groups: int) -> Array:
    """[out, in / groups, taps] as [group][out / 8][taps * in][8], short panels filled with zeros."""
    out, channels, taps = weight.shape
    each = out // groups
    panels = -(-each // PANEL)
    kind = weight.dtype if weight.dtype.kind == "i" else np.float32
    packed = np.zeros((groups, panels * PANEL, taps * channels), kind)
    packed[:, :each] = weight.transpose(0, 2, 1).reshape(groups, each, taps * channels)
    return np.ascontiguousarray(packed.reshape(groups, panels, PANEL, -1).transpose(0, 1, 3, 2))


def rows_of(view: View, upsample: int = 1) -> plan.Rows | None:
    """A [channels, time] view as rows of `upsample` time steps, or None when channels are not adjacent."""
    (channels, time), (step, row) = view.dims, view.strides
    if channels > 1 and step != 1:
        return None
    stride = row if time > 1 else channels
    if stride < 0 or (upsample > 1 and stride != channels):
        return None
    return plan.Rows(view, view.offset, stride * upsample)


def _plane(view: View, batch: int) -> View:
    return View(view.buffer, view.offset + batch * view.strides[0], view.dims[1:], view.strides[1:])


def _readable(lowering: Lowering, view: View) -> View:
    """Itself when its channels are adjacent, else a copy whose are."""
    if all(rows_of(_plane(view, b)) is not None for b in range(view.dims[0])):
        return view
    return lowering.dense_copy(view, (0, 2, 1))


def _writable(lowering: Lowering, value: Value, upsample: int) -> tuple[View, View]:
    """Where the kernel writes a value, and where the value belongs; the same where rows allow."""
    home = lowering.home(value)
    if all(rows_of(_plane(home, b), upsample) is not None for b in range(home.dims[0])):
        return home, home
    return dense(lowering.buffer(value.elements), 0, value.shape, (0, 2, 1)), home


def _changing_kernel(lowering: Lowering, node: Node) -> None:
    """A depthwise convolution whose kernel is computed too (filtered noise): a contraction over the taps."""
    x, kernel, a = lowering.view(node.input(0)), lowering.view(node.input(1)), node.attributes
    group, each = int(a.get("group", 1)), node.input(1).shape[1]
    plain = len(x.dims) == 3 and each == 1 and group == x.dims[1] == node.output.shape[1] and x.dims[0] == 1
    if not plain or node.optional(2) is not None:
        raise PlanError("changing kernels in depthwise convolutions only", node.where, "export fixed weights")
    stride, dilation = int((a.get("strides") or [1])[0]), int((a.get("dilations") or [1])[0])
    home = lowering.home(node.output, [x])
    dims = (1, home.dims[2], home.dims[1], kernel.dims[2])  # once, time, channel, tap
    step = x.strides[2]
    views = [
        View(home.buffer, home.offset, dims, (0, home.strides[2], home.strides[1], 0)),
        View(x.buffer, x.offset, dims, (0, step * stride, x.strides[1], step * dilation)),
        View(kernel.buffer, kernel.offset, dims, (0, 0, kernel.strides[0], kernel.strides[2])),
    ]
    lowering.loops("Contract", "", dims, views)
    lowering.views[node.output] = home


def _conv(lowering: Lowering, node: Node) -> None:
    if node.input(1).constant is None:
        _changing_kernel(lowering, node)
        return
    x, weight = node.input(0), node.input(1).known(node)
    if len(x.shape) != 3 or weight.ndim != 3:
        raise PlanError("convolutions over one axis", node.where, "export the model with 1-D convolutions")
    a = node.attributes
    groups, upsample = int(a.get("group", 1)), int(a.get("upsample", 1))
    bias = node.optional(2)
    residual = a.get("residual")
    source = _readable(lowering, lowering.view(x))
    added = (
        None if residual is None else _readable(lowering, lowering.view(residual).expand(node.output.shape))
    )
    if added is not None and any(rows_of(_plane(added, b), upsample) is None for b in range(added.dims[0])):
        added = lowering.dense_copy(added, (0, 2, 1))
    raw_value, active_value = a.get("raw", node.output), a.get("active")
    raw = None if raw_value is None else _writable(lowering, raw_value, upsample)
    active = None if active_value is None else _writable(lowering, active_value, upsample)
    weights = _store_weights(lowering, node.input(1), node)
    bias_at = plan.NO_PLACE if bias is None else lowering.constant_at(bias.known(node))
    alpha_at = 0 if "alpha" not in a or a.get("activation") != "Snake" else _snake(lowering, a["alpha"])
    out_rows = int(a.get("rows", node.output.shape[2] // upsample))
    for batch in range(x.shape[0]):
        planes = [
            None if v is None else _plane(v, batch) for v in (added, raw and raw[0], active and active[0])
        ]
        rows = [None if p is None else rows_of(p, upsample) for p in planes]
        source_plane = _plane(source, batch)
        source_rows = rows_of(source_plane)
        assert source_rows is not None
        operation = plan.Conv(
            rows=out_rows,
            taps=weight.shape[2],
            dilation=int((a.get("dilations") or [1])[0]),
            stride=int((a.get("strides") or [1])[0]),
            in_channels=weight.shape[1],
            out_channels=weight.shape[0] // groups,
            groups=groups,
            weights_at=weights.at,
            bias_at=bias_at,
            input=source_rows,
            residual=rows[0],
            raw=rows[1],
            active=rows[2],
            activation=a.get("activation", "None"),
            slope=float(a.get("slope", 0.0)),
            alpha_at=alpha_at,
            format=weights.format,
            scale_at=weights.scale_at,
            input_scale=weights.input_scale,
            input_limit=weights.input_limit,
            input_zero=weights.input_zero,
        )
        lowering.emit(operation, [source_plane, *(p for p in planes if p is not None)])
    for value, places in ((raw_value, raw), (active_value, active)):
        if value is not None and places is not None:
            if places[0] != places[1]:
                lowering.copy(places[1], places[0])
            lowering.views[value] = places[1]


def _snake(lowering: Lowering, alpha: Array) -> int:
    flat = np.asarray(alpha, np.float32).reshape(-1)
    return lowering.constant_at(np.concatenate([flat, 1.0 / (flat + np.float32(1e-9))]))


def _matmul(lowering: Lowering, node: Node) -> None:
    a, b = node.input(0), node.input(1)
    if b.constant is not None and b.constant.ndim == 2 and len(a.shape) >= 1:
        _times_constant(lowering, node, a, b.constant)
        return
    if a.constant is not None and a.constant.ndim == 2 and len(b.shape) == 1:
        _times_constant(lowering, node, b, a.constant.T)
        return
    home = lowering.home(node.output)
    left, right = lowering.view(a), lowering.view(b)
    out = home
    if len(a.shape) == 1:
        left = left.insert_axis(0)
        out = out.insert_axis(len(out.dims) - (len(b.shape) > 1))
    if len(b.shape) == 1:
        right, out = right.insert_axis(1), out.insert_axis(len(out.dims))
    contract(lowering, out, left, right)
    lowering.views[node.output] = home


def _times_constant(
    lowering: Lowering, node: Node, a: Value, matrix: Array, bias: Array | None = None
) -> None:
    """Rows of `a` times a constant [depth, width] matrix: a convolution with one tap."""
    depth, width = matrix.shape
    count = a.elements // depth
    source = lowering.view(a)
    plane = source.reshape([1, count, depth])
    if plane is None or (depth > 1 and plane.strides[2] != 1) or plane.strides[1] < 0:
        plane = lowering.dense_copy(source).reshape([1, count, depth])
    home = lowering.home(node.output)
    out = home.reshape([1, count, width])
    if out is None or (width > 1 and out.strides[2] != 1) or out.strides[1] < 0:
        out = dense(lowering.buffer(node.output.elements), 0, (1, count, width))
    assert plane is not None
    source_rows, out_rows = (
        rows_of(_plane(plane, 0).transpose([1, 0])),
        rows_of(_plane(out, 0).transpose([1, 0])),
    )
    assert source_rows is not None
    assert out_rows is not None
    weights = pack_panels(np.ascontiguousarray(matrix.T)[:, :, None], 1)
    operation = plan.Conv(
        rows=count,
        taps=1,
        dilation=1,
        stride=1,
        in_channels=depth,
        out_channels=width,
        groups=1,
        weights_at=lowering.pack_weights(weights.tobytes()),
        bias_at=plan.NO_PLACE if bias is None else lowering.constant_at(bias),
        input=source_rows,
        residual=None,
        raw=out_rows,
        active=None,
    )
    lowering.emit(operation, [plane, out])
    if out.buffer is not home.buffer:
        again = out.reshape(home.dims)
        assert again is not None
        lowering.copy(home, again)
    lowering.views[node.output] = home


def _gemm(lowering: Lowering, node: Node) -> None:
    a = node.attributes
    matrix = node.input(1).known(node)
    matrix = (matrix.T if a.get("transB", 0) else matrix) * np.float32(a.get("alpha", 1.0))
    if a.get("transA", 0):
        raise PlanError("a product of rows and a matrix", f"transA at {node.where}", "export it transposed")
    added = node.optional(2)
    bias = None
    if added is not None and added.constant is not None:
        scaled = np.asarray(added.constant, np.float32) * np.float32(a.get("beta", 1.0))
        if scaled.ndim <= 1 or scaled.shape[0] == 1:
            bias = np.broadcast_to(scaled.reshape(-1), (matrix.shape[1],)).astype(np.float32)
    _times_constant(lowering, node, node.input(0), matrix, bias)
    if added is not None and bias is None:
        home = lowering.views[node.output]
        lowering.map("Add", home, home, lowering.view(added))


OPERATORS: Operators = {
    "Conv": _conv,
    "MatMul": _matmul,
    "Gemm": _gemm,
}
