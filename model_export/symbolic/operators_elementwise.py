"""Elementwise operators of one tensor, and conversions of type."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from model_export.symbolic.convert import dtype_of, number, value_of
from model_export.symbolic.operators_arithmetic import combine
from model_export.symbolic.registry import Machine, operator
from model_export.symbolic.tensor import Tensor

_UNARY = {
    "neg": "Neg",
    "abs": "Abs",
    "sqrt": "Sqrt",
    "exp": "Exp",
    "log": "Log",
    "sin": "Sin",
    "cos": "Cos",
    "tanh": "Tanh",
    "sigmoid": "Sigmoid",
    "round": "Round",
    "sign": "Sign",
    "logical_not": "Not",
    "erf": "Erf",
}


_NUMBERS: dict[str, Callable[[float], float]] = {"neg": lambda v: -v, "abs": abs, "round": round}


def _register_unary(name: str, op: str) -> None:
    @operator(name, name + "_")
    def apply(machine: Machine, x: object) -> object:
        if isinstance(x, (int, float)):
            if name not in _NUMBERS:
                raise TypeError("a tensor is wanted")
            return _NUMBERS[name](x)
        return Tensor.of(machine.build.unary(op, value_of(machine, x)))


for _name, _op in _UNARY.items():
    _register_unary(_name, _op)


@operator("reciprocal")
def _reciprocal(machine: Machine, x: Tensor) -> Tensor:
    return Tensor.of(combine(machine, "div", 1.0, x))


@operator("relu", "relu_")
def _relu(machine: Machine, x: Tensor) -> Tensor:
    return Tensor.of(combine(machine, "maximum", x, 0.0))


@operator("softplus")
def _softplus(machine: Machine, x: Tensor, beta: object = 1, threshold: object = 20) -> Tensor:
    """log(1 + exp(x)) without overflow: max(x, 0) + log(1 + exp(-|x|))."""
    if number(machine, beta) != 1:
        raise ValueError("softplus of slope one")
    build, value = machine.build, value_of(machine, x)
    tail = build.unary("Exp", build.unary("Neg", build.unary("Abs", value)))
    tail = build.unary("Log", build.binary("Add", tail, build.constant(np.float32(1))))
    return Tensor.of(build.binary("Add", build.binary("Max", value, build.constant(np.float32(0))), tail))


@operator("leaky_relu", "leaky_relu_")
def _leaky_relu(machine: Machine, x: Tensor, slope: float = 0.01) -> Tensor:
    value = value_of(machine, x)
    return Tensor.of(machine.build.emit("LeakyRelu", [value], value.shape, alpha=float(slope)))


@operator("square")
def _square(machine: Machine, x: Tensor) -> Tensor:
    value = value_of(machine, x)
    return Tensor.of(machine.build.binary("Mul", value, value))


@operator("clamp", "clip")
def _clamp(machine: Machine, x: Tensor, low: object = None, high: object = None) -> Tensor:
    result: Tensor = x
    if low is not None:
        result = Tensor.of(combine(machine, "maximum", result, low))
    if high is not None:
        result = Tensor.of(combine(machine, "minimum", result, high))
    return result


@operator("clamp_min")
def _clamp_min(machine: Machine, x: Tensor, low: object) -> Tensor:
    return _clamp(machine, x, low)


@operator("to")
def _to(machine: Machine, x: Tensor, *arguments: object) -> Tensor:
    value = value_of(machine, x)
    for argument in arguments:
        if isinstance(argument, Tensor):
            return Tensor.of(machine.build.cast(value, argument.dtype))
        if isinstance(argument, int) and not isinstance(argument, bool):
            return Tensor.of(machine.build.cast(value, dtype_of(argument)))
    return x


@operator("type_as")
def _type_as(machine: Machine, x: Tensor, other: Tensor) -> Tensor:
    return Tensor.of(machine.build.cast(value_of(machine, x), other.dtype))


@operator("detach", "contiguous", "clone", "alias")
def _same(machine: Machine, x: Tensor, *arguments: object, **keywords: object) -> Tensor:
    return Tensor.of(value_of(machine, x))
