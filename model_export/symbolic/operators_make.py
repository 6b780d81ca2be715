"""Operators that make new tensors: fills, joins, copies, draws, look-ups."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from model_export.graph import Value
from model_export.graph.budget import flat_size
from model_export.symbolic.convert import axis_of, dtype_of, integer, number, shape_of, value_of
from model_export.symbolic.registry import Machine, Scalar, operator
from model_export.symbolic.tensor import Tensor


def _filled(machine: Machine, sizes: Sequence[object], fill: Scalar, dtype: np.dtype[np.generic]) -> Tensor:
    shape = tuple(integer(machine, size) for size in sizes)
    machine.build.charge(shape)
    return Tensor.of(machine.build.constant(np.full(shape, fill, dtype)))


@operator("zeros", "empty")
def _zeros(
    machine: Machine, sizes: Sequence[object], dtype: object = None, *rest: object, **_: object
) -> Tensor:
    return _filled(machine, sizes, 0, dtype_of(dtype))


@operator("ones")
def _ones(
    machine: Machine, sizes: Sequence[object], dtype: object = None, *rest: object, **_: object
) -> Tensor:
    return _filled(machine, sizes, 1, dtype_of(dtype))


@operator("full")
def _full(
    machine: Machine, sizes: Sequence[object], fill: Scalar, dtype: object = None, *rest: object, **_: object
) -> Tensor:
    return _filled(machine, sizes, number(machine, fill), dtype_of(dtype))


@operator("zeros_like")
def _zeros_like(machine: Machine, x: Tensor, *rest: object, **_: object) -> Tensor:
    return _filled(machine, x.shape, 0, x.dtype)


@operator("ones_like")
def _ones_like(machine: Machine, x: Tensor, *rest: object, **_: object) -> Tensor:
    return _filled(machine, x.shape, 1, x.dtype)


@operator("full_like")
def _full_like(machine: Machine, x: Tensor, fill: Scalar, *rest: object, **_: object) -> Tensor:
    return _filled(machine, x.shape, number(machine, fill), x.dtype)


@operator("new_zeros")
def _new_zeros(machine: Machine, x: Tensor, sizes: Sequence[object], *rest: object, **_: object) -> Tensor:
    return _filled(machine, sizes, 0, x.dtype)


@operator("tensor")
def _tensor(machine: Machine, data: object, dtype: object = None, *rest: object, **_: object) -> Tensor:
    machine.build.spend(64 * flat_size(data))
    kind = np.asarray(data).dtype
    default = np.float32 if kind.kind == "f" else kind
    return Tensor.of(machine.build.constant(data, dtype_of(dtype, default)))


@operator("arange")
def _arange(machine: Machine, *arguments: object, **_: object) -> Tensor:
    numbers = [number(machine, a) for a in arguments if a is not None and not isinstance(a, str)]
    bounds = numbers[:3] if len(arguments) >= 6 else numbers[:2] if len(arguments) == 5 else numbers[:1]
    first, last, step = (0, bounds[0], 1) if len(bounds) == 1 else (*bounds, 1)[:3]
    machine.build.charge([max(math.ceil((last - first) / step), 0)])
    result = np.arange(*bounds)
    return Tensor.of(machine.build.constant(result, np.float32 if result.dtype.kind == "f" else np.int64))


@operator("hann_window")
def _hann_window(machine: Machine, length: int, *rest: object, **_: object) -> Tensor:
    machine.build.charge([length])
    periodic = rest[0] if rest and isinstance(rest[0], bool) else True
    period = length if periodic else max(length - 1, 1)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / period)
    return Tensor.of(machine.build.constant(window, np.float32))


@operator("randn")
def _randn(machine: Machine, sizes: Sequence[object], *rest: object, **_: object) -> Tensor:
    return Tensor.of(machine.memory.draw(shape_of(sizes), "normal"))


@operator("randn_like")
def _randn_like(machine: Machine, x: Tensor, *rest: object, **_: object) -> Tensor:
    return Tensor.of(machine.memory.draw(x.shape, "normal"))


@operator("rand")
def _rand(machine: Machine, sizes: Sequence[object], *rest: object, **_: object) -> Tensor:
    return Tensor.of(machine.memory.draw(shape_of(sizes), "uniform"))


@operator("rand_like")
def _rand_like(machine: Machine, x: Tensor, *rest: object, **_: object) -> Tensor:
    return Tensor.of(machine.memory.draw(x.shape, "uniform"))


@operator("cat", "concat")
def _cat(machine: Machine, items: Sequence[Tensor], axis: int = 0) -> Tensor:
    values = [value_of(machine, item) for item in items]
    kind = max((v.dtype for v in values), key=lambda d: (d.kind == "f", d.kind == "i"))
    parts = [machine.build.cast(v, kind) for v in values if v.shape != (0,)]
    return Tensor.of(machine.build.concat(parts, axis_of(parts[0], axis)))


@operator("stack")
def _stack(machine: Machine, items: Sequence[Tensor], axis: int = 0) -> Tensor:
    build = machine.build
    values = [value_of(machine, item) for item in items]
    where = axis % (len(values[0].shape) + 1)
    parts = [build.reshape(v, [*v.shape[:where], 1, *v.shape[where:]]) for v in values]
    return Tensor.of(build.concat(parts, where))


@operator("repeat")
def _repeat(machine: Machine, x: Tensor, times: Sequence[int]) -> Tensor:
    build, value = machine.build, value_of(machine, x)
    value = build.reshape(value, [1] * (len(times) - len(value.shape)) + list(value.shape))
    for axis, count in enumerate(shape_of(times)):
        build.check_size([count, max(value.elements, 1)])
        value = build.concat([value] * count, axis) if count != 1 else value
    return Tensor.of(value)


@operator("repeat_interleave")
def _repeat_interleave(
    machine: Machine, x: Tensor, times: int, axis: int | None = None, **_: object
) -> Tensor:
    value = value_of(machine, x)
    if axis is None:
        value = machine.build.reshape(value, [value.elements])
    return Tensor.of(stretch(machine, value, axis_of(value, axis or 0), integer(machine, times)))


def stretch(machine: Machine, value: Value, axis: int, times: int) -> Value:
    """Every element of an axis, `times` in a row."""
    build, shape = machine.build, value.shape
    column = build.reshape(value, [*shape[: axis + 1], 1, *shape[axis + 1 :]])
    wide = build.expand(column, [*shape[: axis + 1], times, *shape[axis + 1 :]])
    return build.reshape(wide, [*shape[:axis], shape[axis] * times, *shape[axis + 1 :]])


@operator("upsample_nearest1d")
def _upsample(machine: Machine, x: Tensor, size: object = None, scales: object = None) -> Tensor:
    value = value_of(machine, x)
    length = value.shape[-1]
    if isinstance(size, (list, tuple)):
        ratio = integer(machine, size[0]) / length
    elif isinstance(scales, (list, tuple)):
        ratio = float(number(machine, scales[0]))
    else:
        ratio = float(number(machine, scales))
    if ratio != int(ratio):
        raise ValueError(f"an upsampling by {ratio}")
    return Tensor.of(stretch(machine, value, len(value.shape) - 1, int(ratio)))


@operator("flip")
def _flip(machine: Machine, x: Tensor, axes: Sequence[int]) -> Tensor:
    value = value_of(machine, x)
    for axis in axes:
        where = axis_of(value, axis)
        order = np.arange(value.shape[where] - 1, -1, -1)
        value = machine.build.gather(value, machine.build.constant(order, np.int64), where)
    return Tensor.of(value)


@operator("index_select")
def _index_select(machine: Machine, x: Tensor, axis: int, index: Tensor) -> Tensor:
    value = value_of(machine, x)
    return Tensor.of(machine.build.gather(value, value_of(machine, index), axis_of(value, axis)))


@operator("index")
def _index(machine: Machine, x: Tensor, indices: Sequence[Tensor | None]) -> Tensor:
    value = value_of(machine, x)
    used = [(axis, index) for axis, index in enumerate(indices) if index is not None]
    if len(used) != 1:
        raise ValueError("one index")
    axis, index = used[0]
    return Tensor.of(machine.build.gather(value, value_of(machine, index), axis))


@operator("embedding")
def _embedding(machine: Machine, table: Tensor, index: Tensor, *rest: object) -> Tensor:
    return Tensor.of(machine.build.gather(value_of(machine, table), value_of(machine, index)))


@operator("argsort")
def _argsort(machine: Machine, x: Tensor, *arguments: object) -> Tensor:
    value = value_of(machine, x)
    if value.constant is None:
        raise ValueError("an order that depends on data")
    flags = [a for a in arguments if isinstance(a, bool)]
    axes = [a for a in arguments if isinstance(a, int) and not isinstance(a, bool)]
    axis = axes[0] if axes else -1
    keys = -value.constant if flags and flags[-1] else value.constant
    return Tensor.of(machine.build.constant(np.argsort(keys, axis, kind="stable"), np.int64))
