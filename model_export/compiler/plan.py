"""Writes the plan file: the words of docs/plan-format.md, little-endian."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from model_export.compiler.views import View

MAGIC, VERSION, HEADER_BYTES, OPERATION_WORDS = b"LODEPLAN", 1, 192, 40
NONE = 0xFFFFFFFF
MAP, REDUCE, CONTRACT, SCAN, GATHER, CONV = 1, 2, 3, 4, 5, 6

_UNARY = (
    *(
        "Copy",
        "Neg",
        "Abs",
        "Sign",
        "Sqrt",
        "Exp",
        "Log",
        "Sin",
        "Cos",
        "Tanh",
        "Sigmoid",
        "Asinh",
        "Erf",
        "Floor",
    ),
    *("Ceil", "Round", "Reciprocal", "Not", "Truncate", "IsNonzero", "LeakyRelu", "Tan", "Atan", "Square"),
)
_BINARY = (
    *(
        "Add",
        "Sub",
        "Mul",
        "Div",
        "Pow",
        "Min",
        "Max",
        "Less",
        "LessOrEqual",
        "Greater",
        "GreaterOrEqual",
        "Equal",
    ),
    *("And", "Or", "Mod", "Fmod", "Snake", "PowPositive"),
)
MAP_FUNCTIONS = {
    **{name: i for i, name in enumerate(_UNARY)},
    **{name: 64 + i for i, name in enumerate(_BINARY)},
    **{name: 128 + i for i, name in enumerate(("Where", "Clip", "MulAdd", "Gate", "NoisyGate"))},
}
REDUCTIONS = {"Sum": 0, "Mean": 1, "Max": 2, "Min": 3, "Product": 4}
FLOAT32, INT8, INT8_INT16, INT16, INT8_UINT8 = 0, 1, 2, 3, 4
ACTIVATIONS = {"": 0, "LeakyRelu": 1, "Tanh": 2, "Sigmoid": 3, "Snake": 4}


@dataclass(frozen=True)
class Loops:
    """An operation over at most four loops: result first, then up to three operands with their strides."""

    kind: int
    function: int
    dims: Sequence[int]
    views: Sequence[View]
    strides: Sequence[Sequence[int]]
    parameters: tuple[float, float] = (0.0, 0.0)

    def pack(self) -> bytes:
        """The operation's 40 words."""
        lead = 4 - len(self.dims)
        words = struct.pack("<2I4I", self.kind, self.function, *([1] * lead), *self.dims)
        for view, strides in zip(self.views, self.strides, strict=True):
            at = view.buffer.offset + view.offset
            words += struct.pack("<2I4i", view.buffer.space, at, *([0] * lead), *strides)
        words = words.ljust(4 * 30, b"\0") + struct.pack("<2f", *self.parameters)
        return words.ljust(4 * OPERATION_WORDS, b"\0")


@dataclass(frozen=True)
class Rows:
    """Time-major rows: where row 0 begins and how far apart rows are, in floats."""

    view: View
    offset: int
    row_stride: int

    def pack(self) -> bytes:
        at = self.view.buffer.offset + self.offset
        return struct.pack("<2Ii", self.view.buffer.space, at, self.row_stride)


@dataclass(frozen=True)
class Conv:
    """A convolution over rows; sizes per group."""

    rows: int
    taps: int
    dilation: int
    stride: int
    in_channels: int
    out_channels: int
    groups: int
    weights_at: int
    bias_at: int
    input: Rows
    residual: Rows | None
    raw: Rows | None
    active: Rows | None
    activation: str = ""
    slope: float = 0.0
    alpha_at: int = 0
    format: int = 0
    scale_at: int = 0
    input_scale: float = 0.0
    input_limit: int = 0
    input_zero: int = 0

    def pack(self) -> bytes:
        """The operation's 40 words."""
        sizes = (
            self.rows,
            self.taps,
            self.dilation,
            self.stride,
            self.in_channels,
            self.out_channels,
            self.groups,
        )
        words = struct.pack("<2I7I", CONV, ACTIVATIONS[self.activation], *sizes)
        words += struct.pack("<2I", self.weights_at, self.bias_at)
        for rows in (self.input, self.residual, self.raw, self.active):
            words += bytes(12) if rows is None else rows.pack()
        words += struct.pack("<f3I", self.slope, self.alpha_at, self.format, self.scale_at)
        words += struct.pack("<fiI", self.input_scale, self.input_limit, self.input_zero)
        return words.ljust(4 * OPERATION_WORDS, b"\0")


@dataclass(frozen=True)
class Tensor:
    """An input or output of the plan; role 0 value, 1 normal noise, 2 uniform noise."""

    name: str
    shape: tuple[int, ...]
    io_offset: int
    role: int = 0
    default: float | None = None
    minimum: float = 0.0
    maximum: float = 0.0

    def pack(self) -> bytes:
        dims = (*self.shape, 0, 0, 0, 0)[:4]
        size = int(np.prod(self.shape, dtype=np.int64))
        words = struct.pack("<64s7I", self.name.encode(), len(self.shape), *dims, size, self.role)
        default = 0.0 if self.default is None else self.default
        words += struct.pack(
            "<I3fI", self.io_offset, default, self.minimum, self.maximum, self.default is not None
        )
        return words


@dataclass
class Plan:
    """Everything a plan file holds."""

    kind: int
    name: str
    sample_rate: int
    hop: int
    frames: int
    latents: int
    channels: int
    delay_samples: int
    inputs: list[Tensor]
    outputs: list[Tensor]
    operations: list[Loops | Conv]
    arena_floats: int
    io_floats: int
    initial_state: npt.NDArray[np.float32]
    constants: npt.NDArray[np.float32]
    weights: bytes
    card: str

    def pack(self) -> bytes:
        """The file's bytes."""
        body = bytearray()

        def add(part: bytes, align: int = 64) -> int:
            body.extend(bytes(-(HEADER_BYTES + len(body)) % align))
            at = HEADER_BYTES + len(body)
            body.extend(part)
            return at

        card = self.card.encode()
        descriptors = add(b"".join(t.pack() for t in [*self.inputs, *self.outputs]))
        operations = add(b"".join(op.pack() for op in self.operations))
        state = add(self.initial_state.astype("<f4").tobytes()) if self.initial_state.any() else 0
        constants = add(self.constants.astype("<f4").tobytes())
        weights = add(self.weights)
        text = add(card + b"\0")
        total = HEADER_BYTES + len(body)
        behind = struct.pack(
            "<7I",
            self.kind,
            self.sample_rate,
            self.hop,
            self.frames,
            self.latents,
            self.channels,
            self.delay_samples,
        )
        sizes = (
            self.arena_floats,
            self.initial_state.size,
            self.io_floats,
            self.constants.size,
            len(self.weights),
        )
        counts = (len(self.inputs), len(self.outputs), len(self.operations), len(card))
        behind += struct.pack(
            "<15I", *sizes, *counts, descriptors, operations, state, constants, weights, text
        )
        behind += struct.pack("<64s16x", self.name.encode("ascii", "replace")[:63]) + bytes(body)
        front = MAGIC + struct.pack("<4I", VERSION, HEADER_BYTES, total, zlib.crc32(behind))
        return front + behind
