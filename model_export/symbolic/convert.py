"""Between Python numbers, torch dtype numbers, tensors and graph values."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from model_export.errors import ExportError
from model_export.graph import Array, Builder, Value
from model_export.symbolic.registry import Machine, Scalar
from model_export.symbolic.tensor import Tensor

# torch's ScalarType numbers; double becomes float because a graph computes in float32 throughout
DTYPES: dict[int, np.dtype[np.generic]] = {
    0: np.dtype(np.uint8),
    1: np.dtype(np.int8),
    2: np.dtype(np.int16),
    3: np.dtype(np.int32),
    4: np.dtype(np.int64),
    5: np.dtype(np.float32),
    6: np.dtype(np.float32),
    7: np.dtype(np.float32),
    11: np.dtype(np.bool_),
    15: np.dtype(np.float32),
}
_RANK = {"b": 0, "u": 1, "i": 1, "f": 2}


def dtype_number(dtype: np.dtype[np.generic]) -> int:
    """torch's number of a numpy type."""
    if dtype == np.float32:
        return 6
    for number, kind in DTYPES.items():
        if kind == dtype:
            return number
    raise ExportError("a tensor of a known type", str(dtype), "report this model")


def dtype_of(number: object, default: object = np.float32) -> np.dtype[np.generic]:
    """The numpy type of a torch dtype number; `default` for None."""
    if number is None:
        return np.dtype(default)  # type: ignore[call-overload, no-any-return]
    if not isinstance(number, int) or number not in DTYPES:
        raise ExportError(
            "a tensor of a known type",
            f"dtype {number}" if isinstance(number, int) else type(number).__name__,
            "report this model",
        )
    return DTYPES[number]


def value_of(machine: Machine, x: object) -> Value:
    """A tensor's elements now."""
    if not isinstance(x, Tensor):
        raise TypeError(f"a tensor is wanted, not {type(x).__name__}")
    return x.read(machine.build)


def axis_of(x: Tensor | Value, axis: int) -> int:
    """A non-negative axis number."""
    rank = len(x.shape)
    if not -max(rank, 1) <= axis < max(rank, 1):
        raise IndexError(f"axis {axis} of {rank}")
    return axis % rank if rank else 0


def shape_of(sizes: Sequence[object]) -> tuple[int, ...]:
    """A list of sizes as a tuple of ints."""
    numbers: list[int] = []
    for size in sizes:
        if not isinstance(size, int):
            raise TypeError(f"a size is wanted, not {type(size).__name__}")
        numbers.append(int(size))
    return tuple(numbers)


def promote(machine: Machine, a: object, b: object) -> tuple[Value, Value]:
    """Two operands, of which at least one is a tensor, as values of torch's common type."""
    build = machine.build
    kinds = [_kind(x) for x in (a, b)]
    winner = max(kinds, key=lambda kind: (kind[0], kind[1]))[2]
    return _as_value(machine, a, winner, build), _as_value(machine, b, winner, build)


def _kind(x: object) -> tuple[int, int, np.dtype[np.generic]]:
    """(category, weight, type): tensors with axes outweigh 0-d ones, which outweigh numbers, per category."""
    if isinstance(x, Tensor):
        kind = x.dtype
        return _RANK[kind.kind], 2 if x.shape else 1, kind
    if isinstance(x, bool):
        return 0, 0, np.dtype(bool)
    if isinstance(x, int):
        return 1, 0, np.dtype(np.int64)
    if isinstance(x, float):
        return 2, 0, np.dtype(np.float32)
    raise TypeError(f"a number or tensor is wanted, not {type(x).__name__}")


def _as_value(machine: Machine, x: object, kind: np.dtype[np.generic], build: Builder) -> Value:
    if isinstance(x, Tensor):
        return build.cast(x.read(build), kind)
    return build.constant(x, kind)


def check_scalar(value: object) -> object:
    """Numbers stay within 64 bits and lists within reason, whatever the code computes."""
    if isinstance(value, int) and not -(1 << 63) <= value < 1 << 63:
        raise OverflowError("an integer beyond 64 bits")
    if isinstance(value, (str, list)) and len(value) > 1_000_000:
        raise OverflowError("a list beyond a million items")
    return value


def number(machine: Machine, x: object) -> Scalar:
    """A Python number from a number or a one-element constant tensor."""
    if isinstance(x, Tensor):
        return machine.scalar(x)
    if isinstance(x, (bool, int, float)):
        return x
    raise TypeError(f"a number is wanted, not {type(x).__name__}")


def integer(machine: Machine, x: object) -> int:
    """A Python integer from an integer or a one-element constant tensor."""
    value = number(machine, x)
    if isinstance(value, float):
        raise TypeError("an integer is wanted")
    return int(value)


def constant_matrix(x: Value) -> Array | None:
    """The matrix M when x is a product `a @ M` with a constant."""
    if x.node is None or x.node.op != "MatMul":
        return None
    matrix = x.node.inputs[1].constant
    return matrix if matrix is not None and matrix.ndim == 2 else None


def change_columns(build: Builder, x: Value, change: Callable[[Array], Array]) -> Value:
    """A linear change of the last axis, done inside the constant matrix that x is a product with."""
    matrix, node = constant_matrix(x), x.node
    if matrix is None or node is None:
        raise ValueError("a product with a constant matrix")
    return build.matmul(node.inputs[0], build.constant(change(matrix)))
