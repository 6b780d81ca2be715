"""Strided views of flat float buffers: how reshapes, transposes and slices cost nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

ARENA, STATE, CONSTANT, IO = "Arena", "State", "Constant", "Io"  # rows of the table Space


@dataclass(eq=False)
class Buffer:
    """`size` floats in one space; `offset` is known at once outside the arena. Uses are operation numbers."""

    space: str
    size: int
    offset: int = -1
    uses: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class View:
    """Element (i, j, …) lies `offset + i * strides[0] + j * strides[1] + …` floats into the buffer."""

    buffer: Buffer
    offset: int
    dims: tuple[int, ...]
    strides: tuple[int, ...]

    @property
    def size(self) -> int:
        """Number of elements."""
        return int(np.prod(self.dims, dtype=np.int64))

    def transpose(self, order: Sequence[int]) -> View:
        """Axes in another order."""
        return replace(
            self, dims=tuple(self.dims[a] for a in order), strides=tuple(self.strides[a] for a in order)
        )

    def slice(self, axis: int, start: int, count: int, step: int = 1) -> View:
        """`count` elements from `start` on, `step` apart (backwards when negative)."""
        dims, strides = list(self.dims), list(self.strides)
        offset = self.offset + (start * strides[axis] if count else 0)
        dims[axis], strides[axis] = count, strides[axis] * step
        return View(self.buffer, offset, tuple(dims), tuple(strides))

    def insert_axis(self, axis: int) -> View:
        """With one more axis of length one."""
        dims, strides = list(self.dims), list(self.strides)
        dims.insert(axis, 1)
        strides.insert(axis, 0)
        return View(self.buffer, self.offset, tuple(dims), tuple(strides))

    def expand(self, dims: Sequence[int]) -> View:
        """Broadcast to more or longer axes, as numpy does."""
        lead = len(dims) - len(self.dims)
        old = (1,) * lead + self.dims
        steps = (0,) * lead + self.strides
        strides = tuple(s if n == m else 0 for n, m, s in zip(old, dims, steps, strict=True))
        return replace(self, dims=tuple(dims), strides=strides)

    def reshape(self, dims: Sequence[int]) -> View | None:
        """The same elements in row-major order under other axes, or None where that needs a copy."""
        old = [(n, s) for n, s in zip(self.dims, self.strides, strict=True) if n != 1]
        strides: list[int] = []
        at = 0
        pending: list[int] = []  # new axes that together make up the old ones since `at`
        new = list(dims)
        i = 0
        while i < len(new):
            if new[i] == 1:
                strides.append(0)
                i += 1
                continue
            count_new, first = new[i], i
            if at >= len(old):
                return None
            count_old, first_old = old[at][0], at
            while count_new != count_old:
                if count_new < count_old:
                    i += 1
                    count_new *= new[i]
                else:
                    at += 1
                    count_old *= old[at][0]
            for a, b in zip(old[first_old:at], old[first_old + 1 : at + 1], strict=True):
                if a[1] != b[0] * b[1]:
                    return None
            step = old[at][1]
            pending = []
            for n in reversed(new[first : i + 1]):
                pending.append(step if n != 1 else 0)
                step *= n
            strides.extend(reversed(pending))
            i += 1
            at += 1
        return View(self.buffer, self.offset, tuple(dims), tuple(strides))

    def order(self) -> tuple[int, ...]:
        """Axes from the slowest to the fastest in memory; axes of length one first."""
        key = [
            (n > 1, -s if n > 1 else 0, a)
            for a, (n, s) in enumerate(zip(self.dims, self.strides, strict=True))
        ]
        return tuple(a for _, _, a in sorted(key))


def dense(buffer: Buffer, offset: int, dims: Sequence[int], order: Sequence[int] | None = None) -> View:
    """A gapless view whose axes lie in memory in `order`, the last one adjacent."""
    strides = [0] * len(dims)
    step = 1
    for axis in reversed(range(len(dims)) if order is None else list(order)):
        strides[axis] = step
        step *= dims[axis]
    return View(buffer, offset, tuple(dims), tuple(strides))


def loops(views: Sequence[View]) -> tuple[list[int], list[list[int]]]:
    """Loop lengths and each view's strides for views of equal dims: slowest first, mergeable loops merged.

    The first view (the result) decides the order.
    """
    axes = [a for a in views[0].order() if views[0].dims[a] != 1]
    dims = [views[0].dims[a] for a in axes]
    strides = [[view.strides[a] for a in axes] for view in views]
    i = len(dims) - 1
    while i > 0:
        if all(s[i - 1] == s[i] * dims[i] for s in strides):
            dims[i - 1] *= dims[i]
            del dims[i]
            for s in strides:
                s[i - 1] = s[i]
                del s[i]
        i -= 1
    return dims, strides


def same_place(a: View | None, b: View) -> bool:
    """Whether two views hold the same elements; the stride of an axis of length one says nothing."""
    if a is None or (a.buffer, a.offset, a.dims) != (b.buffer, b.offset, b.dims):
        return False
    return all(s == t for n, s, t in zip(a.dims, a.strides, b.strides, strict=True) if n > 1)
