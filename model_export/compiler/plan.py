"""Writes the plan file: the layouts of definitions/operations.toml, by field name."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from definitions.operations import OPERATIONS
from model_export.compiler.views import View

NO_PLACE: int = OPERATIONS.plan["no_place"]


def words(layout: str, **values: Any) -> bytes:
    """A layout of the file. Raises DefinitionError that names a field which is missing or too many."""
    return OPERATIONS.layout(layout).pack(**values)


def operation(layout: str, **values: Any) -> bytes:
    """An operation's words, filled up to the size that all have."""
    return words(layout, **values).ljust(OPERATIONS.plan["operation_bytes"], b"\0")


@dataclass(frozen=True)
class Loops:
    """An operation over at most four loops: result first, then up to three operands with their strides.

    `kind` and `function` are names of the table; `function` is empty where the kind has none.
    """

    kind: str
    function: str
    dims: Sequence[int]
    views: Sequence[View]
    strides: Sequence[Sequence[int]]
    parameters: tuple[float, float] = (0.0, 0.0)

    def pack(self) -> bytes:
        """The operation's words."""
        lead = 4 - len(self.dims)
        views: dict[str, Mapping[str, Any] | None] = dict.fromkeys(("out", "a", "b", "c"))
        for name, view, strides in zip(views, self.views, self.strides, strict=False):
            at = view.buffer.offset + view.offset
            space = OPERATIONS.number("Space", view.buffer.space)
            views[name] = {"space": space, "offset": at, "stride": [*[0] * lead, *strides]}
        kind = OPERATIONS.row("Kind", self.kind)
        table = kind.more.get("functions")
        return operation(
            "Loops",
            kind=kind.number,
            function=OPERATIONS.number(table, self.function) if table else 0,
            dims=[*[1] * lead, *self.dims],
            parameter=self.parameters,
            **views,
        )


@dataclass(frozen=True)
class Rows:
    """Time-major rows: where row 0 begins and how far apart rows are, in floats."""

    view: View
    offset: int
    row_stride: int

    def fields(self) -> dict[str, int]:
        """As the layout of the same name has them."""
        return {
            "space": OPERATIONS.number("Space", self.view.buffer.space),
            "offset": self.view.buffer.offset + self.offset,
            "row_stride": self.row_stride,
        }


@dataclass(frozen=True)
class Conv:
    """A convolution over rows; sizes per group; activation and format are names of the table."""

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
    activation: str = "None"
    slope: float = 0.0
    alpha_at: int = 0
    format: str = "Float32"
    scale_at: int = 0
    input_scale: float = 0.0
    input_limit: int = 0
    input_zero: int = 0

    def pack(self) -> bytes:
        """The operation's words."""
        values = {
            **vars(self),
            "kind": OPERATIONS.number("Kind", "Conv"),
            "activation": OPERATIONS.number("Activation", self.activation),
            "format": OPERATIONS.number("WeightFormat", self.format),
        }
        for name in ("input", "residual", "raw", "active"):
            rows: Rows | None = values[name]
            values[name] = None if rows is None else rows.fields()
        return operation("Conv", **values)


@dataclass(frozen=True)
class Tensor:
    """An input or output of the plan; its role is a name of the table."""

    name: str
    shape: tuple[int, ...]
    io_offset: int
    role: str = "Value"
    default: float | None = None
    minimum: float = 0.0
    maximum: float = 0.0

    def pack(self) -> bytes:
        """The descriptor's words."""
        known = self.default is not None
        return words(
            "Descriptor",
            name=self.name,
            rank=len(self.shape),
            dims=(*self.shape, 0, 0, 0, 0)[:4],
            elements=int(np.prod(self.shape, dtype=np.int64)),
            role=OPERATIONS.number("Role", self.role),
            io_offset=self.io_offset,
            default_value=self.default if known else 0.0,
            minimum=self.minimum,
            maximum=self.maximum,
            flags=OPERATIONS.number("DescriptorFlag", "HasDefault") if known else 0,
        )


@dataclass
class Plan:
    """Everything a plan file holds; `kind` is a name of the table."""

    kind: str
    name: str
    sample_rate_hz: int
    hop: int
    frames: int
    latents: int
    channels: int
    delay_samples: int
    macs_per_second: float
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
        size, body = OPERATIONS.layout("Header").size, bytearray()

        def add(part: bytes, align: int = 64) -> int:
            body.extend(bytes(-(size + len(body)) % align))
            at = size + len(body)
            body.extend(part)
            return at

        card = self.card.encode()
        values: dict[str, Any] = {
            "descriptors_at": add(b"".join(t.pack() for t in [*self.inputs, *self.outputs])),
            "operations_at": add(b"".join(op.pack() for op in self.operations)),
            "initial_state_at": add(self.initial_state.astype("<f4").tobytes())
            if self.initial_state.any()
            else 0,
            "constants_at": add(self.constants.astype("<f4").tobytes()),
            "weights_at": add(self.weights),
            "card_at": add(card + b"\0"),
        }
        header = words(
            "Header",
            magic=OPERATIONS.plan["magic"],
            version=OPERATIONS.plan["version"],
            header_bytes=size,
            file_bytes=size + len(body),
            crc32=0,
            kind=OPERATIONS.number("PlanKind", self.kind),
            sample_rate_hz=self.sample_rate_hz,
            hop=self.hop,
            frames=self.frames,
            latents=self.latents,
            channels=self.channels,
            delay_samples=self.delay_samples,
            macs_per_second=self.macs_per_second,
            arena_floats=self.arena_floats,
            state_floats=self.initial_state.size,
            io_floats=self.io_floats,
            constant_floats=self.constants.size,
            weight_bytes=len(self.weights),
            input_count=len(self.inputs),
            output_count=len(self.outputs),
            operation_count=len(self.operations),
            card_bytes=len(card),
            name=self.name.encode("ascii", "replace")[:63],
            **values,
        )
        return sealed(header + bytes(body))


def sealed(data: bytes | bytearray) -> bytes:
    """The same plan with the checksum that fits it."""
    layout = OPERATIONS.layout("Header")
    at = layout.offset("crc32")
    behind = at + 4
    return bytes(data[:at]) + zlib.crc32(bytes(data[behind:])).to_bytes(4, "little") + bytes(data[behind:])
