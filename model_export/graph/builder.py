"""Builds graph values; whatever depends on constants alone is computed on the spot."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from model_export.errors import ExportError
from model_export.graph.budget import NODE, STEP, Budget
from model_export.graph.ir import Array, Attribute, Node, Value

MAX_ELEMENTS = 1 << 25  # of one tensor; the largest real one, a weight of capacity 96, has 2^23
MAX_MADE = 1 << 25  # of all constants that code computes; real decoders stay below 2^22

UNARY: dict[str, Callable[[Array], Array]] = {
    "Neg": np.negative,
    "Abs": np.abs,
    "Sqrt": np.sqrt,
    "Exp": np.exp,
    "Log": np.log,
    "Sin": np.sin,
    "Cos": np.cos,
    "Tanh": np.tanh,
    "Floor": np.floor,
    "Ceil": np.ceil,
    "Round": np.round,
    "Sign": np.sign,
    "Not": np.logical_not,
    "Sigmoid": lambda x: np.asarray(1 / (1 + np.exp(-x.astype(np.float64))), dtype=x.dtype),
    "Erf": lambda x: _erf(x),
}
BINARY: dict[str, Callable[[Array, Array], Array]] = {
    "Add": np.add,
    "Sub": np.subtract,
    "Mul": np.multiply,
    "Div": np.divide,
    "Pow": np.power,
    "Min": np.minimum,
    "Max": np.maximum,
    "Mod": np.mod,
    "Equal": np.equal,
    "Less": np.less,
    "Greater": np.greater,
    "LessOrEqual": np.less_equal,
    "GreaterOrEqual": np.greater_equal,
    "And": np.logical_and,
    "Or": np.logical_or,
}
_COSTLY = {"Erf": 256, "Pow": 32, "ReduceSum": 4}  # nanoseconds an element, about
_COMPARE = {"Equal", "Less", "Greater", "LessOrEqual", "GreaterOrEqual", "And", "Or", "Not"}


def _erf(x: Array) -> Array:
    from math import erf

    return np.asarray(np.vectorize(erf)(x), dtype=x.dtype)


class Builder:
    """Makes values and keeps one copy of each: the same operator on the same inputs is the same value."""

    def __init__(self) -> None:
        self.scope = ""
        self._known: dict[tuple[object, ...], Value] = {}
        self._made = 0
        self._budget = Budget()

    def constant(self, data: object, dtype: object = None) -> Value:
        """A value known now."""
        array = np.asarray(data, dtype=dtype)  # type: ignore[call-overload]
        return Value(tuple(array.shape), array.dtype, constant=array)

    def input(self, shape: Sequence[int], dtype: object = np.float32) -> Value:
        """A value known only when the graph runs."""
        self.check_size(shape)
        return Value(tuple(shape), np.dtype(dtype))  # type: ignore[call-overload]

    @staticmethod
    def check_size(shape: Sequence[int]) -> None:
        """Refuses shapes that no decoder has, before memory is asked for."""
        total = 1
        for n in shape:
            total *= max(int(n), 0)
        if total > MAX_ELEMENTS or any(n < 0 for n in shape):
            raise ExportError(
                f"tensors of at most {MAX_ELEMENTS} elements", f"shape {list(shape)}", "check the model"
            )

    def charge(self, shape: Sequence[int]) -> None:
        """Counts a constant that code computes, so that a small file cannot ask for unbounded memory."""
        self.check_size(shape)
        count = math.prod(int(n) for n in shape)
        self.spend(count)
        self._made += count
        if self._made > MAX_MADE:
            raise ExportError(f"at most {MAX_MADE} computed constants", "more", "check the model")

    def spend(self, units: int) -> None:
        """Takes work off the budget of this trace (graph/budget.py)."""
        self._budget.spend(units)

    def emit(
        self,
        op: str,
        inputs: Sequence[Value],
        shape: Sequence[int],
        dtype: np.dtype[np.generic] | None = None,
        fold: Callable[..., Array] | None = None,
        **attributes: Attribute,
    ) -> Value:
        """One node, or its result when every input is constant and `fold` computes it."""
        self.check_size(shape)
        self.spend(NODE + 64 * len(inputs))
        kind = inputs[0].dtype if dtype is None else dtype
        if fold is not None and all(value.constant is not None for value in inputs):
            self.charge(shape)
            self.spend(sum(value.elements for value in inputs) * _COSTLY.get(op, 1))
            with np.errstate(all="ignore"):
                result = fold(*(value.constant for value in inputs))
            return self.constant(np.asarray(result, dtype=kind).reshape(tuple(shape)))
        key = (op, tuple(map(id, inputs)), tuple(sorted(attributes.items())))
        if key not in self._known:
            node = Node(op, list(inputs), dict(attributes), self.scope)
            self._known[key] = Value(tuple(int(n) for n in shape), kind, node=node)
        return self._known[key]

    def unary(self, op: str, x: Value) -> Value:
        """An elementwise operator of one input; of constants it is computed now where UNARY knows how."""
        kind = np.dtype(bool) if op in _COMPARE else x.dtype
        return self.emit(op, [x], x.shape, kind, UNARY.get(op))

    def binary(self, op: str, a: Value, b: Value) -> Value:
        """An elementwise operator of two inputs of one type, with numpy broadcasting."""
        shape = broadcast(a.shape, b.shape)
        self.spend(NODE + sum(v.elements for v in (a, b) if v.constant is not None))
        if _is_neutral(op, b) and shape == a.shape:
            return a
        if op in ("Add", "Mul") and _is_neutral(op, a) and shape == b.shape:
            return b
        kind = np.dtype(bool) if op in _COMPARE else a.dtype
        return self.emit(op, [a, b], shape, kind, BINARY[op])

    def cast(self, x: Value, dtype: object) -> Value:
        """The same numbers in another type."""
        kind: np.dtype[np.generic] = np.dtype(dtype)  # type: ignore[call-overload]
        if x.dtype == kind:
            return x
        return self.emit("Cast", [x], x.shape, kind, lambda a: a.astype(kind), to=kind.name)

    def where(self, condition: Value, a: Value, b: Value) -> Value:
        """`a` where the condition holds, else `b`."""
        shape = broadcast(condition.shape, broadcast(a.shape, b.shape))
        return self.emit("Where", [condition, a, b], shape, a.dtype, np.where)

    def reshape(self, x: Value, shape: Sequence[int]) -> Value:
        """The same elements in row-major order under another shape."""
        target = tuple(int(n) for n in shape)
        self.spend(NODE)
        if math.prod(target) != x.elements:
            raise ExportError(f"{x.elements} elements", f"a reshape to {list(target)}", "check the model")
        if target == x.shape:
            return x
        if x.node is not None and x.node.op == "Reshape":
            return self.reshape(x.node.inputs[0], target)
        wanted = self.constant(target, np.int64)
        if x.constant is not None:
            return self.constant(x.constant.reshape(target))
        key = ("Reshape", id(x), target)
        if key not in self._known:
            self._known[key] = Value(target, x.dtype, node=Node("Reshape", [x, wanted], {}, self.scope))
        return self._known[key]

    def transpose(self, x: Value, order: Sequence[int]) -> Value:
        """Axes in another order."""
        perm = tuple(int(axis) for axis in order)
        if perm == tuple(range(len(x.shape))):
            return x
        if x.node is not None and x.node.op == "Transpose":
            inner = x.node.attributes["perm"]
            assert isinstance(inner, tuple)
            return self.transpose(x.node.inputs[0], [inner[axis] for axis in perm])
        shape = [x.shape[axis] for axis in perm]
        return self.emit("Transpose", [x], shape, None, lambda a: np.transpose(a, perm), perm=perm)

    def slice(self, x: Value, axis: int, start: int, stop: int, step: int = 1) -> Value:
        """Elements start, start + step, … below stop of one axis (all non-negative, in range)."""
        self.spend(NODE)
        length = max(0, -(-(stop - start) // step))
        if length == x.shape[axis] and step == 1:
            return x
        shape = list(x.shape)
        shape[axis] = length
        if x.constant is not None:
            index = (np.s_[:],) * axis + (np.s_[start:stop:step],)
            return self.constant(x.constant[index])
        if x.node is not None and x.node.op == "Slice" and x.node.attributes["axis"] == axis and step == 1:
            inner = x.node.attributes
            if inner["step"] == 1:
                offset = inner["start"]
                assert isinstance(offset, int)
                return self.slice(x.node.inputs[0], axis, offset + start, offset + stop)
        return self.emit("Slice", [x], shape, axis=axis, start=start, stop=stop, step=step)

    def concat(self, parts: Sequence[Value], axis: int) -> Value:
        """Parts one after another along an axis; empty parts vanish."""
        self.spend(STEP * len(parts))
        full = [part for part in parts if part.elements or len(parts) == 1]
        if not full:
            full = list(parts[:1])
        if len(full) == 1:
            return full[0]
        shape = list(full[0].shape)
        shape[axis] = sum(part.shape[axis] for part in full)
        for part in full:
            if [n for i, n in enumerate(part.shape) if i != axis] != [
                n for i, n in enumerate(shape) if i != axis
            ]:
                got = f"{[list(p.shape) for p in full]} along axis {axis}"
                raise ExportError("tensors that fit together", got, "check the model")
        return self.emit("Concat", full, shape, None, lambda *a: np.concatenate(a, axis), axis=axis)

    def expand(self, x: Value, shape: Sequence[int]) -> Value:
        """Axes of length one repeated to the given lengths."""
        target = broadcast(x.shape, tuple(shape))
        if target == x.shape:
            return x
        if x.constant is not None:
            self.charge(target)
            return self.constant(np.broadcast_to(x.constant, target))
        return self.emit("Expand", [x, self.constant(target, np.int64)], target)

    def matmul(self, a: Value, b: Value) -> Value:
        """Matrix product over the last two axes."""
        shape = (*broadcast(a.shape[:-2], b.shape[:-2]), a.shape[-2], b.shape[-1])
        if a.constant is not None and b.constant is not None:
            self.spend(math.prod(shape) * a.shape[-1])
        return self.emit("MatMul", [a, b], shape, None, np.matmul)

    def gather(self, table: Value, index: Value, axis: int = 0) -> Value:
        """Rows of a table."""
        shape = (*table.shape[:axis], *index.shape, *table.shape[axis + 1 :])
        return self.emit(
            "Gather", [table, index], shape, table.dtype, lambda t, i: np.take(t, i, axis), axis=axis
        )

    def reduce(self, op: str, x: Value, axes: Sequence[int], keep: bool) -> Value:
        """ReduceSum, ReduceMean, ReduceMax or ReduceMin over some axes."""
        functions: dict[str, Callable[..., Array]] = {
            "ReduceSum": np.sum,
            "ReduceMean": np.mean,
            "ReduceMax": np.max,
            "ReduceMin": np.min,
        }
        where = tuple(sorted(axis % len(x.shape) for axis in axes))
        kept = [1 if i in where else n for i, n in enumerate(x.shape)]
        fold = functions[op]
        result = self.emit(op, [x], kept, None, lambda a: fold(a, axis=where, keepdims=True), axes=where)
        if keep:
            return result
        return self.reshape(result, [n for i, n in enumerate(x.shape) if i not in where])

    def convolve(
        self, x: Value, weight: Value, bias: Value | None, stride: int = 1, dilation: int = 1, groups: int = 1
    ) -> Value:
        """Correlation along the last axis without padding: x [B, Cin, T], weight [Cout, Cin / groups, K]."""
        batch, _, length = x.shape
        if min(stride, dilation, groups) < 1:
            raise ExportError("strides, dilations and groups of at least 1", "less", "check the model")
        steps = (length - dilation * (weight.shape[2] - 1) - 1) // stride + 1
        inputs = [x, weight] if bias is None else [x, weight, bias]
        return self.emit(
            "Conv", inputs, [batch, weight.shape[0], steps], stride=stride, dilation=dilation, groups=groups
        )


def broadcast(a: tuple[int, ...], b: tuple[int, ...]) -> tuple[int, ...]:
    """The common shape of two shapes, or ExportError."""
    try:
        return tuple(np.broadcast_shapes(a, b))
    except ValueError:
        raise ExportError("shapes that fit", f"{list(a)} with {list(b)}", "check the model") from None


def _is_neutral(op: str, value: Value) -> bool:
    if value.constant is None or op not in ("Add", "Sub", "Mul", "Div"):
        return False
    neutral = 0 if op in ("Add", "Sub") else 1
    return bool(np.all(value.constant == neutral))
