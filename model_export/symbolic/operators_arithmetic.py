"""Binary and reducing operators, on numbers, lists and tensors as torch overloads them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from model_export.graph import Value
from model_export.graph.budget import plain
from model_export.symbolic.convert import (
    change_columns,
    check_scalar,
    constant_matrix,
    number,
    promote,
    value_of,
)
from model_export.symbolic.registry import Machine, operator
from model_export.symbolic.tensor import RealAsComplex, Spectrum, Tensor

_SCALAR: dict[str, Callable[..., object]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b,
    "floordiv": lambda a, b: a // b,
    "remainder": lambda a, b: a % b,
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
    "lt": lambda a, b: a < b,
    "gt": lambda a, b: a > b,
    "le": lambda a, b: a <= b,
    "ge": lambda a, b: a >= b,
    "__and__": lambda a, b: a and b,
    "__or__": lambda a, b: a or b,
}
_ONNX = {
    "add": "Add",
    "sub": "Sub",
    "mul": "Mul",
    "eq": "Equal",
    "lt": "Less",
    "gt": "Greater",
    "le": "LessOrEqual",
    "ge": "GreaterOrEqual",
    "minimum": "Min",
    "maximum": "Max",
    "__and__": "And",
    "__or__": "Or",
    "logical_and": "And",
    "logical_or": "Or",
}


def _has_tensor(*items: object) -> bool:
    return any(isinstance(item, (Tensor, Spectrum, RealAsComplex)) for item in items)


def combine(machine: Machine, name: str, a: object, b: object) -> Value:
    """One binary operator on two operands of which at least one is a tensor."""
    build = machine.build
    x, y = promote(machine, a, b)
    if name == "div":
        if x.dtype.kind != "f":
            x, y = build.cast(x, np.float32), build.cast(y, np.float32)
        return build.binary("Div", x, y)
    if name in ("floordiv", "remainder"):
        return _modulo(machine, name, x, y)
    if name == "mul" and y.constant is not None and _is_window(x, y):
        window = y.constant
        return change_columns(build, x, lambda matrix: matrix * window)
    if name == "ne":
        return build.unary("Not", build.binary("Equal", x, y))
    return build.binary(_ONNX[name], x, y)


def _is_window(x: Value, y: Value) -> bool:
    """Whether y weighs the columns of a product with a constant matrix."""
    return (
        y.constant is not None
        and y.constant.ndim == 1
        and y.shape == x.shape[-1:]
        and constant_matrix(x) is not None
    )


def _modulo(machine: Machine, name: str, x: Value, y: Value) -> Value:
    build = machine.build
    if x.dtype.kind != "f":
        if x.constant is None or y.constant is None:
            raise TypeError("integer division of data")
        function = np.floor_divide if name == "floordiv" else np.mod
        return build.constant(function(x.constant, y.constant))
    quotient = build.unary("Floor", build.binary("Div", x, y))
    return quotient if name == "floordiv" else build.binary("Sub", x, build.binary("Mul", y, quotient))


def _register_binary(name: str) -> None:
    @operator(name)
    def apply(machine: Machine, a: object, b: object, alpha: object = 1) -> object:
        if isinstance(a, Spectrum) and isinstance(b, Spectrum) and name == "mul":
            if a.length != b.length:
                raise ValueError("spectra of two lengths")
            return Spectrum((*a.factors, *b.factors), a.length)
        if not _has_tensor(a, b):
            machine.build.spend(64 * sum(len(x) for x in (a, b) if isinstance(x, (str, list, tuple))))
            if not plain(a) or not plain(b):
                raise TypeError("numbers, text or flat lists are wanted")
            if name == "mul" and isinstance(a, (str, list)) and isinstance(b, int) and len(a) * b > 1_000_000:
                raise OverflowError("a list beyond a million items")
            if name == "mul" and isinstance(b, (str, list)) and isinstance(a, int) and len(b) * a > 1_000_000:
                raise OverflowError("a list beyond a million items")
            return check_scalar(_SCALAR[name](a, b))
        if name in ("add", "sub") and number(machine, alpha) != 1:
            b = Tensor.of(combine(machine, "mul", b, alpha))
        return Tensor.of(combine(machine, name, a, b))


for _name in _SCALAR:
    _register_binary(_name)


@operator("rsub")
def _rsub(machine: Machine, a: object, b: object, alpha: object = 1) -> Tensor:
    return Tensor.of(combine(machine, "sub", b, a))


def _register_in_place(name: str) -> None:
    @operator(name + "_")
    def apply(machine: Machine, a: Tensor, b: object, alpha: object = 1) -> Tensor:
        if number(machine, alpha) != 1:
            b = Tensor.of(combine(machine, "mul", b, alpha))
        a.write(machine.build, combine(machine, name, a, b))
        return a


for _name in ("add", "sub", "mul", "div"):
    _register_in_place(_name)


@operator("minimum")
def _minimum(machine: Machine, a: Tensor, b: Tensor) -> Tensor:
    return Tensor.of(combine(machine, "minimum", a, b))


@operator("maximum")
def _maximum(machine: Machine, a: Tensor, b: Tensor) -> Tensor:
    return Tensor.of(combine(machine, "maximum", a, b))


@operator("logical_and")
def _logical_and(machine: Machine, a: Tensor, b: Tensor) -> Tensor:
    return Tensor.of(combine(machine, "logical_and", a, b))


@operator("pow")
def _pow(machine: Machine, a: object, b: object) -> object:
    if not _has_tensor(a, b):
        if isinstance(b, int) and abs(b) > 64:
            raise OverflowError("a large power")
        return check_scalar(a**b)  # type: ignore[operator]
    x, y = promote(machine, a, b)
    if y.constant is not None and y.elements == 1 and float(y.constant.reshape(()).item()) == 2.0:
        return Tensor.of(machine.build.binary("Mul", x, x))
    return Tensor.of(machine.build.binary("Pow", x, y))


@operator("where")
def _where(machine: Machine, condition: Tensor, a: object, b: object) -> Tensor:
    x, y = promote(machine, a, b)
    return Tensor.of(machine.build.where(value_of(machine, condition), x, y))


def _register_reduction(name: str, op: str) -> None:
    @operator(name)
    def apply(
        machine: Machine, x: Tensor, axes: object = None, keep: bool = False, dtype: object = None
    ) -> Tensor:
        value = value_of(machine, x)
        if axes is None:
            wanted: Sequence[int] = range(len(value.shape))
        elif isinstance(axes, int):
            wanted = [axes]
        else:
            wanted = list(axes)  # type: ignore[call-overload]
        return Tensor.of(machine.build.reduce(op, value, wanted, keep))


for _name, _op in {
    "sum": "ReduceSum",
    "mean": "ReduceMean",
    "amax": "ReduceMax",
    "amin": "ReduceMin",
}.items():
    _register_reduction(_name, _op)


@operator("std")
def _std(
    machine: Machine, x: Tensor, axes: Sequence[int], unbiased: bool = True, keep: bool = False
) -> Tensor:
    build, value = machine.build, value_of(machine, x)
    centred = build.binary("Sub", value, build.reduce("ReduceMean", value, axes, True))
    total = build.reduce("ReduceSum", build.binary("Mul", centred, centred), axes, keep)
    count = value.elements // max(total.elements, 1) - (1 if unbiased else 0)
    variance = build.binary("Div", total, build.constant(max(count, 1), np.float32))
    return Tensor.of(build.unary("Sqrt", variance))


@operator("cumprod")
def _cumprod(machine: Machine, x: Tensor, axis: int, dtype: object = None) -> Tensor:
    build, value = machine.build, value_of(machine, x)
    axis %= len(value.shape)
    parts = [build.slice(value, axis, 0, 1)]
    for index in range(1, value.shape[axis]):
        parts.append(build.binary("Mul", parts[-1], build.slice(value, axis, index, index + 1)))
    return Tensor.of(build.concat(parts, axis))


@operator("matmul")
def _matmul(machine: Machine, a: Tensor, b: Tensor) -> Tensor:
    left, right = value_of(machine, a), value_of(machine, b)
    if len(left.shape) < 2 or len(right.shape) < 2:
        raise ValueError("matrices")
    return Tensor.of(machine.build.matmul(left, right))
