"""Operators on numbers, strings and lists; those that also take tensors hand over to arithmetic."""

from __future__ import annotations

import math

from model_export.errors import ExportError
from model_export.graph.budget import plain
from model_export.symbolic.convert import check_scalar, dtype_number, number, value_of
from model_export.symbolic.registry import Machine, operator
from model_export.symbolic.tensor import Tensor


@operator("__is__")
def _is(machine: Machine, a: object, b: object) -> bool:
    return a is b


@operator("__isnot__")
def _is_not(machine: Machine, a: object, b: object) -> bool:
    return a is not b


@operator("__not__")
def _not(machine: Machine, a: object) -> bool:
    if isinstance(a, Tensor):
        a = machine.scalar(a)
    return not a


@operator("__contains__")
def _contains(machine: Machine, holder: object, item: object) -> bool:
    if not isinstance(holder, (list, tuple, dict, str)):
        raise TypeError("a list is wanted")
    if isinstance(holder, dict):
        return isinstance(item, (str, int, float)) and item in holder
    if not plain(item) or not (isinstance(holder, str) or plain(holder)):
        raise TypeError("numbers or text are wanted")
    machine.build.spend(64 * len(holder))
    return item in holder


@operator("append")
def _append(machine: Machine, items: list[object], item: object) -> list[object]:
    items.append(item)
    check_scalar(items)
    return items


@operator("len")
def _len(machine: Machine, x: object) -> int:
    if isinstance(x, Tensor):
        return x.shape[0]
    if not isinstance(x, (list, tuple, str, dict)):
        raise TypeError("a list is wanted")
    return len(x)


@operator("size")
def _size(machine: Machine, x: Tensor, axis: int | None = None) -> list[int] | int:
    return list(x.shape) if axis is None else x.shape[axis]


@operator("dim")
def _dim(machine: Machine, x: Tensor) -> int:
    return len(x.shape)


@operator("numel")
def _numel(machine: Machine, x: Tensor) -> int:
    return x.storage.value.elements if not x.steps else math.prod(x.shape)


@operator("item")
def _item(machine: Machine, x: Tensor) -> bool | int | float:
    return machine.scalar(x)


@operator("warn", "manual_seed")
def _nothing(machine: Machine, *arguments: object, **keywords: object) -> None:
    return None


@operator("RaiseException", prefix="ops.prim.")
def _raise(machine: Machine, message: object = "", kind: object = "") -> None:
    said = message[:80] if isinstance(message, str) else ""
    got = f"the model's own error ({said!r})"
    raise ExportError("a model that runs", got, "export it again, for streaming")


@operator("dtype", prefix="ops.prim.")
def _dtype(machine: Machine, x: Tensor) -> int:
    return dtype_number(x.dtype)


@operator("device", prefix="ops.prim.")
def _device(machine: Machine, x: Tensor) -> str:
    return "cpu"


@operator("data", prefix="ops.prim.")
def _data(machine: Machine, x: Tensor) -> Tensor:
    return x


@operator("NumToTensor", prefix="ops.prim.")
def _num_to_tensor(machine: Machine, x: bool | int | float) -> Tensor:
    return Tensor.of(machine.build.constant(x))


def _numbers(machine: Machine, given: tuple[object, ...]) -> list[float]:
    items = given[0] if isinstance(given[0], list) else given
    machine.build.spend(64 * len(items))
    return [number(machine, item) for item in items]


@operator("min", prefix="ops.prim.")
def _min(machine: Machine, *numbers: float) -> float:
    return min(_numbers(machine, numbers))


@operator("max", prefix="ops.prim.")
def _max(machine: Machine, *numbers: float) -> float:
    return max(_numbers(machine, numbers))


@operator("ceil")
def _ceil(machine: Machine, x: object) -> object:
    if isinstance(x, Tensor):
        return Tensor.of(machine.build.unary("Ceil", value_of(machine, x)))
    return math.ceil(number(machine, x))


@operator("floor")
def _floor(machine: Machine, x: object) -> object:
    if isinstance(x, Tensor):
        return Tensor.of(machine.build.unary("Floor", value_of(machine, x)))
    return math.floor(number(machine, x))


@operator("format")
def _format(machine: Machine, template: str, *items: object) -> str:
    return template
