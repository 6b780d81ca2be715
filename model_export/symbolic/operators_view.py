"""Operators that look at the same elements in another way: views that see and cause writes."""

from __future__ import annotations

import math
from collections.abc import Sequence

from model_export.symbolic.convert import axis_of, integer, shape_of, value_of
from model_export.symbolic.registry import Machine, operator
from model_export.symbolic.tensor import ExpandStep, PermuteStep, ReshapeStep, SliceStep, Tensor


def slice_view(x: Tensor, axis: int, start: int | None, stop: int | None, step: int = 1) -> Tensor:
    """`x[..., start:stop:step, ...]` with Python's clamping."""
    axis = axis_of(x, axis)
    if step < 1:
        raise ValueError("a slice that goes forward")
    first, last, _ = slice(start, stop, step).indices(x.shape[axis])
    last = max(first, last)
    shape = list(x.shape)
    shape[axis] = -(-(last - first) // step)
    if shape[axis] == x.shape[axis]:
        return x
    return x.view(SliceStep(axis, first, last, step), tuple(shape))


def _padded(arguments: tuple[object, ...], defaults: tuple[object, ...]) -> tuple[object, ...]:
    return (*arguments, *defaults[len(arguments) :])


@operator("slice")
def _slice(machine: Machine, x: object, *arguments: object) -> object:
    if isinstance(x, Tensor):
        axis, start, stop, step = _padded(arguments, (0, None, None, 1))
        first, last = (None if b is None else integer(machine, b) for b in (start, stop))
        return slice_view(x, integer(machine, axis), first, last, integer(machine, step))
    start, stop, step = _padded(arguments, (None, None, 1))
    return x[start:stop:step]  # type: ignore[index]


@operator("narrow")
def _narrow(machine: Machine, x: Tensor, axis: int, start: int, length: int) -> Tensor:
    return slice_view(x, axis, start, start + length)


@operator("select")
def _select(machine: Machine, x: Tensor, axis: int, index: object) -> Tensor:
    axis, where = axis_of(x, axis), integer(machine, index)
    if not -x.shape[axis] <= where < x.shape[axis]:
        raise IndexError(f"index {where} of {x.shape[axis]}")
    where %= x.shape[axis]
    part = slice_view(x, axis, where, where + 1)
    return reshape_view(part, [n for i, n in enumerate(part.shape) if i != axis])


def reshape_view(x: Tensor, sizes: Sequence[int]) -> Tensor:
    """The same elements under another shape, one size possibly -1."""
    shape = list(shape_of(sizes))
    if shape.count(-1) == 1:
        rest = math.prod(n for n in shape if n != -1)
        shape[shape.index(-1)] = math.prod(x.shape) // rest if rest else 0
    if math.prod(shape) != math.prod(x.shape):
        raise ValueError(f"{list(x.shape)} as {list(sizes)}")
    return x if tuple(shape) == x.shape else x.view(ReshapeStep(tuple(shape)), tuple(shape))


@operator("reshape", "view")
def _reshape(machine: Machine, x: Tensor, sizes: Sequence[object]) -> Tensor:
    return reshape_view(x, [integer(machine, size) for size in sizes])


@operator("flatten")
def _flatten(machine: Machine, x: Tensor, start: int = 0, end: int = -1) -> Tensor:
    first, last = axis_of(x, start), axis_of(x, end)
    return reshape_view(x, [*x.shape[:first], -1, *x.shape[last + 1 :]])


@operator("unsqueeze")
def _unsqueeze(machine: Machine, x: Tensor, axis: int) -> Tensor:
    axis = axis % (len(x.shape) + 1)
    return reshape_view(x, [*x.shape[:axis], 1, *x.shape[axis:]])


@operator("squeeze")
def _squeeze(machine: Machine, x: Tensor, axis: int | None = None) -> Tensor:
    if axis is None:
        return reshape_view(x, [n for n in x.shape if n != 1])
    where = axis_of(x, axis)
    return reshape_view(x, [n for i, n in enumerate(x.shape) if i != where or n != 1])


@operator("permute")
def _permute(machine: Machine, x: Tensor, order: Sequence[int]) -> Tensor:
    perm = tuple(axis_of(x, axis) for axis in order)
    if sorted(perm) != list(range(len(x.shape))):
        raise ValueError("an order of all axes")
    return x.view(PermuteStep(perm), tuple(x.shape[axis] for axis in perm))


@operator("transpose", "swapaxes")
def _transpose(machine: Machine, x: Tensor, a: int, b: int) -> Tensor:
    order = list(range(len(x.shape)))
    first, second = axis_of(x, a), axis_of(x, b)
    order[first], order[second] = second, first
    return _permute(machine, x, order)


@operator("numpy_T", "t")
def _reversed(machine: Machine, x: Tensor) -> Tensor:
    return _permute(machine, x, list(reversed(range(len(x.shape)))))


@operator("expand")
def _expand(machine: Machine, x: Tensor, sizes: Sequence[int], implicit: bool = False) -> Tensor:
    wanted = list(shape_of(sizes))
    padded = reshape_view(x, [1] * (len(wanted) - len(x.shape)) + list(x.shape))
    shape = tuple(old if new == -1 else new for old, new in zip(padded.shape, wanted, strict=True))
    return padded if shape == padded.shape else padded.view(ExpandStep(shape), shape)


@operator("expand_as")
def _expand_as(machine: Machine, x: Tensor, other: Tensor) -> Tensor:
    return _expand(machine, x, list(other.shape))


@operator("split", "split_with_sizes")
def _split(machine: Machine, x: Tensor, sizes: int | Sequence[int], axis: int = 0) -> list[Tensor]:
    axis = axis_of(x, axis)
    if isinstance(sizes, int):
        if sizes < 1:
            raise ValueError("a split into parts")
        sizes = [min(sizes, x.shape[axis] - at) for at in range(0, x.shape[axis], sizes)]
    parts, at = [], 0
    for size in sizes:
        parts.append(slice_view(x, axis, at, at + size))
        at += size
    return parts


@operator("chunk")
def _chunk(machine: Machine, x: Tensor, count: int, axis: int = 0) -> list[Tensor]:
    size = -(-x.shape[axis_of(x, axis)] // count)
    return _split(machine, x, size, axis)


@operator("unbind")
def _unbind(machine: Machine, x: Tensor, axis: int = 0) -> list[Tensor]:
    axis = axis_of(x, axis)
    return [_select(machine, x, axis, index) for index in range(x.shape[axis])]


@operator("copy_")
def _copy(machine: Machine, to: Tensor, source: object, non_blocking: bool = False) -> Tensor:
    value = (
        value_of(machine, source) if isinstance(source, Tensor) else machine.build.constant(source, to.dtype)
    )
    to.write(machine.build, value)
    return to


@operator("zero_")
def _zero(machine: Machine, x: Tensor) -> Tensor:
    x.write(machine.build, machine.build.constant(0, x.dtype))
    return x


@operator("fill_")
def _fill(machine: Machine, x: Tensor, number: object) -> Tensor:
    x.write(
        machine.build,
        machine.build.constant(machine.scalar(number) if isinstance(number, Tensor) else number, x.dtype),
    )
    return x
