"""Predicts how many instructions a plan takes on a board, from its operations alone.

Tiles, panels and loops are those of firmware/engine; the instructions around them (pointers, epilogues) are
constants that bench/arm.py's exact counts gave. tests/compiler/test_cost.py holds the prediction to within
a fifth of a count.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from definitions.operations import OPERATIONS
from model_export.compiler.boards import Counts
from model_export.compiler.plan_reader import Operation, read_plan

# Rows of the tallest tile for panels of four, two and one vectors: TileShape of kernels_neon.cpp.
TILES = {"armv7": {4: 2, 2: 4, 1: 4}, "aarch64": {4: 4, 2: 8, 1: 8}}
LANES = 4


@dataclass(frozen=True)
class PlanConv:
    """The sizes of one convolution in a plan."""

    activation: str
    rows: int
    taps: int
    dilation: int
    stride: int
    in_channels: int
    out_channels: int
    groups: int
    residual: bool
    results: int
    format: str

    @property
    def macs(self) -> int:
        """Multiply-adds of one call."""
        return self.rows * self.taps * self.in_channels * self.out_channels * self.groups


def convolutions(data: bytes) -> Iterator[PlanConv]:
    """Every convolution of a plan, in order."""
    return (_conv(op) for op in read_plan(data).operations if op.kind == "Conv")


def _conv(op: Operation) -> PlanConv:
    def there(rows: str) -> bool:
        return bool(op[rows]["space"] != OPERATIONS.number("Space", "Nowhere"))

    names = ("rows", "taps", "dilation", "stride", "in_channels", "out_channels", "groups")
    return PlanConv(
        activation=OPERATIONS.name("Activation", op["activation"]),
        **{name: op[name] for name in names},
        residual=there("residual"),
        results=there("raw") + there("active"),
        format=OPERATIONS.name("WeightFormat", op["format"]),
    )


def map_functions(data: bytes) -> list[str]:
    """Names of a plan's element-wise passes, in order."""
    return [op.function for op in read_plan(data).operations if op.kind == "Map"]


def predicted(data: bytes, arch: str, change: Callable[[PlanConv], PlanConv] = lambda conv: conv) -> Counts:
    """Instructions of one call of a plan on "armv7" or "aarch64", its convolutions changed as asked."""
    counts = Counts()
    for op in read_plan(data).operations:
        if op.kind == "Conv":
            _count_conv(counts, change(_conv(op)), arch)
        else:
            _count_loops(counts, op, arch)
    return counts


def each_operation(data: bytes, arch: str) -> Iterator[tuple[Counts, int]]:
    """Instructions, and bytes of weights, of every operation of a plan, in order."""
    for op in read_plan(data).operations:
        counts, weight_bytes = Counts(), 0
        if op.kind == "Conv":
            conv = _conv(op)
            _count_conv(counts, conv, arch)
            size = OPERATIONS.row("WeightFormat", conv.format).more["bytes"]
            weight_bytes = conv.macs // conv.rows * int(size)
        else:
            _count_loops(counts, op, arch)
        yield counts, weight_bytes


def _count_conv(counts: Counts, conv: PlanConv, arch: str) -> None:
    depth = conv.taps * conv.in_channels
    if conv.in_channels == conv.out_channels == 1 and conv.groups > 1:
        vectors = -(-conv.groups // LANES)
        counts.add(conv.rows * vectors * conv.taps, quad=1, vector_load=1.15, integer=0.6)
        _finish(counts, conv, vectors, arch)
        return
    tiles = TILES[arch]
    vectors = -(-conv.out_channels // LANES)
    if conv.format in ("Int8Int16", "Int8Uint8"):  # the boards multiply both in 16 bits
        _count_quantised(counts, conv, tiles[2])
        vectors = -(-conv.out_channels // 8) * 2
    else:
        widest = 4 if conv.rows <= tiles[4] else 2
        for wide, panels in ((widest, vectors // widest), (2, vectors % widest // 2), (1, vectors % 2)):
            rows, passes = _split(conv.rows, tiles[wide])
            steps = depth / 4 * panels * passes * conv.groups
            work = 4 * rows * wide
            counts.add(steps, quad=1.04 * work, vector_load=1.03 * (rows + 4 * wide), integer=9)
            counts.add(panels * passes * conv.groups, integer=60, load=20, store=12)
    _finish(counts, conv, vectors * conv.groups, arch)


def _split(rows: int, tallest: int) -> tuple[float, int]:
    """Mean rows of a tile, and tiles."""
    passes = -(-rows // tallest)
    return rows / passes, passes


def _count_quantised(counts: Counts, conv: PlanConv, tallest: int) -> None:
    heard = (conv.rows - 1) * conv.stride + (conv.taps - 1) * conv.dilation + 1
    channels = -(-conv.in_channels // 4) * 4
    counts.add(heard * channels / LANES, quad=9, vector_load=1.3, vector_store=1.2, integer=10, load=1.5)
    rows, passes = _split(conv.rows, tallest)
    panels = -(-conv.out_channels // 8)
    long = 4 * (1 + 2 * rows)
    steps = conv.taps * channels / 4 * panels * passes
    counts.add(steps, long=long, vector_load=rows + 2, integer=6)
    counts.add(panels * passes, integer=60, load=20, store=12)


def _finish(counts: Counts, conv: PlanConv, vectors: int, arch: str) -> None:
    """Per vector of results: residual, activation, stores, and the decisions between them."""
    times = conv.rows * vectors
    counts.add(times, **OPERATIONS.price("Activation", conv.activation, arch))
    counts.add(
        times,
        quad=1.5 + conv.residual,
        vector_load=1.0 + conv.residual,
        vector_store=1.5 + conv.results,
        load=9,
        store=1.5,
        integer=24,
    )


def _count_loops(counts: Counts, op: Operation, arch: str) -> None:
    rows, row = op["dims"][0] * op["dims"][1] * op["dims"][2], op["dims"][3]
    if op.kind != "Map":
        counts.add(rows * row, **OPERATIONS.price("Kind", op.kind, arch))
        return
    operands, vectors = OPERATIONS.row("Map", op.function).operands, rows * -(-row // LANES)
    counts.add(vectors, **OPERATIONS.price("Map", op.function, arch))
    counts.add(vectors, vector_load=operands, vector_store=1.2)
    counts.add(vectors, load=2 + operands, integer=8 + 4 * operands)
    counts.add(rows, load=10, store=6, integer=24)
