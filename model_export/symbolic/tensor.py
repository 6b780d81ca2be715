"""Tensors with torch's aliasing: a storage whose contents change, and views into it.

A view is a chain of steps from its base. Reading applies the steps; writing puts the new part back
into the base, so that every other view of it sees the change. In the graph nothing is ever written:
a storage just points at its newest value.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from model_export.errors import ExportError
from model_export.graph import Builder, Value
from model_export.graph.budget import STEP


class Step(Protocol):
    """One step of a view: how to take the part, and how to put a changed part back."""

    def take(self, build: Builder, whole: Value) -> Value:
        """The part that this step shows."""

    def put(self, build: Builder, whole: Value, part: Value) -> Value:
        """The whole with a changed part."""


@dataclass(frozen=True)
class SliceStep:
    """Elements start, start + step, … below stop of one axis."""

    axis: int
    start: int
    stop: int
    step: int = 1

    def take(self, build: Builder, whole: Value) -> Value:
        """The part that this step shows."""
        return build.slice(whole, self.axis, self.start, self.stop, self.step)

    def put(self, build: Builder, whole: Value, part: Value) -> Value:
        """The whole with a changed part."""
        length = whole.shape[self.axis]
        if (self.start, self.stop, self.step) == (0, length, 1):
            return part
        if whole.constant is not None and part.constant is not None:
            build.charge(whole.shape)
            changed = whole.constant.copy()
            index = (np.s_[:],) * self.axis + (np.s_[self.start : self.stop : self.step],)
            changed[index] = part.constant
            return build.constant(changed)
        if self.step != 1:
            got = f"a step of {self.step}"
            raise ExportError("a write to neighbouring elements", got, "tell us about this model")
        before = build.slice(whole, self.axis, 0, self.start)
        after = build.slice(whole, self.axis, self.stop, length)
        return build.concat([before, part, after], self.axis)


@dataclass(frozen=True)
class ReshapeStep:
    """The same elements under another shape."""

    shape: tuple[int, ...]

    def take(self, build: Builder, whole: Value) -> Value:
        """The part that this step shows."""
        return build.reshape(whole, self.shape)

    def put(self, build: Builder, whole: Value, part: Value) -> Value:
        """The whole with a changed part."""
        return build.reshape(part, whole.shape)


@dataclass(frozen=True)
class PermuteStep:
    """Axes in another order."""

    order: tuple[int, ...]

    def take(self, build: Builder, whole: Value) -> Value:
        """The part that this step shows."""
        return build.transpose(whole, self.order)

    def put(self, build: Builder, whole: Value, part: Value) -> Value:
        """The whole with a changed part."""
        return build.transpose(part, np.argsort(self.order).tolist())


@dataclass(frozen=True)
class ExpandStep:
    """Axes of length one repeated; torch does not define writes through it."""

    shape: tuple[int, ...]

    def take(self, build: Builder, whole: Value) -> Value:
        """The part that this step shows."""
        return build.expand(whole, self.shape)

    def put(self, build: Builder, whole: Value, part: Value) -> Value:
        """The whole with a changed part."""
        raise ExportError("a write to distinct elements", "a write to an expanded tensor", "check the model")


@dataclass(eq=False)
class Storage:
    """What a tensor's memory holds now. `origin` names the module attribute it came with, if any."""

    value: Value
    origin: str = ""
    initial: Value | None = None
    rows_touched: int = 0

    def touch(self, steps: tuple[Step, ...]) -> None:
        """Notes how many rows of the first axis an access reaches (module tensors only)."""
        if not self.origin:
            return
        rows = self.value.shape[0] if self.value.shape else 0
        if steps and isinstance(steps[0], SliceStep) and steps[0].axis == 0:
            rows = steps[0].stop
        self.rows_touched = max(self.rows_touched, rows)


@dataclass(eq=False)
class Tensor:
    """A tensor of the traced program: a view into a storage."""

    storage: Storage
    steps: tuple[Step, ...] = ()
    shape: tuple[int, ...] = field(default=())

    @staticmethod
    def of(value: Value) -> Tensor:
        """A fresh tensor that owns its memory."""
        return Tensor(Storage(value), (), value.shape)

    @property
    def dtype(self) -> np.dtype[np.generic]:
        """Element type."""
        return self.storage.value.dtype

    def read(self, build: Builder) -> Value:
        """The elements as they are now."""
        build.spend(STEP * (1 + len(self.steps)))
        self.storage.touch(self.steps)
        value = self.storage.value
        for step in self.steps:
            value = step.take(build, value)
        return value

    def write(self, build: Builder, part: Value) -> None:
        """Replaces the elements of this view, for every tensor that shares them."""
        self.storage.touch(self.steps)
        if part.shape != self.shape:
            part = build.expand(part, self.shape)
        part = build.cast(part, self.dtype)
        self.storage.value = _put(build, self.storage.value, self.steps, part)

    def view(self, step: Step, shape: tuple[int, ...]) -> Tensor:
        """A view one step further."""
        return Tensor(self.storage, (*self.steps, step), shape)


def _put(build: Builder, whole: Value, steps: tuple[Step, ...], part: Value) -> Value:
    if not steps:
        return part
    inner = steps[0].take(build, whole)
    return steps[0].put(build, whole, _put(build, inner, steps[1:], part))


@dataclass(frozen=True, eq=False)
class Spectrum:
    """A product of real signals' discrete Fourier transforms, kept as the signals themselves.

    Multiplying two spectra and going back is a circular convolution of the signals, which costs
    less than the transforms at the lengths that decoders use; no transform ever enters the graph.

    Attributes:
        factors: signals along their last axis, each already padded to `length`.
        length: transform length.
    """

    factors: tuple[Value, ...]
    length: int


@dataclass(frozen=True, eq=False)
class RealAsComplex:
    """A complex tensor whose imaginary part is zero."""

    real: Value
