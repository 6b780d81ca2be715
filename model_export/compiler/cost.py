"""Predicts how many instructions a plan takes on a board, from its operations alone.

Tiles, panels and loops are those of firmware/engine; the instructions around them (pointers, epilogues) are
constants that bench/arm.py's exact counts gave. tests/compiler/test_cost.py holds the prediction to within
a fifth of a count.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from definitions.operations import OPERATIONS
from firmware import kept_histories
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
    kept: int = 0  # rows of the input that stay quantised from call to call

    @property
    def macs(self) -> int:
        """Multiply-adds of one call."""
        return self.rows * self.taps * self.in_channels * self.out_channels * self.groups


def convolutions(data: bytes) -> Iterator[PlanConv]:
    """Every convolution of a plan, in order."""
    kept = _kept_rows(data)
    operations = enumerate(read_plan(data).operations)
    return (_conv(op, kept.hears.get(place, 0)) for place, op in operations if op.kind == "Conv")


@dataclass(frozen=True)
class _KeptRows:
    """By the place of an operation: rows that a convolution keeps; floats that an advance copies; recalls,
    which do nothing from the second call on.
    """

    hears: dict[int, int]
    advances: dict[int, int]
    recalls: frozenset[int]


def _kept_rows(data: bytes) -> _KeptRows:
    operations = read_plan(data).operations
    found = kept_histories(data)
    return _KeptRows(
        {conv: rows for _, conv, _, rows, _ in found},
        {
            advance: min(rows, fresh) * operations[conv]["in_channels"]
            for _, conv, advance, rows, fresh in found
        },
        frozenset(recall for recall, *_ in found),
    )


def _conv(op: Operation, kept: int) -> PlanConv:
    def there(rows: str) -> bool:
        return bool(op[rows]["space"] != OPERATIONS.number("Space", "Nowhere"))

    names = ("rows", "taps", "dilation", "stride", "in_channels", "out_channels", "groups")
    return PlanConv(
        activation=OPERATIONS.name("Activation", op["activation"]),
        **{name: op[name] for name in names},
        residual=there("residual"),
        results=there("raw") + there("active"),
        format=OPERATIONS.name("WeightFormat", op["format"]),
        kept=kept,
    )


def map_functions(data: bytes) -> list[str]:
    """Names of a plan's element-wise passes, in order."""
    return [op.function for op in read_plan(data).operations if op.kind == "Map"]


def predicted(data: bytes, arch: str, change: Callable[[PlanConv], PlanConv] = lambda conv: conv) -> Counts:
    """Instructions of one call of a plan on "armv7" or "aarch64", its convolutions changed as asked."""
    counts, kept = Counts(), _kept_rows(data)
    for place, op in enumerate(read_plan(data).operations):
        if op.kind == "Conv":
            _count_conv(counts, change(_conv(op, kept.hears.get(place, 0))), arch)
        else:
            _count_loops(counts, op, place, kept, arch)
    return counts


def each_operation(data: bytes, arch: str) -> Iterator[tuple[Counts, int]]:
    """Instructions, and bytes of weights, of every operation of a plan, in order."""
    kept = _kept_rows(data)
    for place, op in enumerate(read_plan(data).operations):
        counts, weight_bytes = Counts(), 0
        if op.kind == "Conv":
            conv = _conv(op, kept.hears.get(place, 0))
            _count_conv(counts, conv, arch)
            size = OPERATIONS.row("WeightFormat", conv.format).more["bytes"]
            weight_bytes = conv.macs // conv.rows * int(size)
        else:
            _count_loops(counts, op, place, kept, arch)
        yield counts, weight_bytes


def _count_conv(counts: Counts, conv: PlanConv, arch: str) -> None:
    depth = conv.taps * conv.in_channels
    if conv.in_channels == conv.out_channels == 1 and conv.groups > 1:
        vectors = -(-conv.groups // LANES)
        counts.add(conv.rows * vectors * conv.taps, quad=1, vector_load=1.15, integer=0.6)
        _finish(counts, conv, vectors, arch)
        return
    vectors = -(-conv.out_channels // LANES)
    quantised = conv.format in ("Int8Int16", "Int8Uint8")  # the boards multiply both in 16 bits
    if quantised:
        vectors = -(-conv.out_channels // 8) * 2
        _count_quantising(counts, conv)
    for wide, panels, tallest in _panels(conv.rows, vectors, TILES[arch]):
        rows, passes = _split(conv.rows, tallest)
        if quantised:
            fours = conv.taps * -(-conv.in_channels // 4) * panels * passes
            counts.add(fours, long=2 * wide * (1 + 2 * rows), vector_load=rows + wide, integer=4)
            counts.add(panels * passes, integer=45, load=12, store=12)
        else:
            work, steps = 4 * rows * wide, depth / 4 * panels * passes * conv.groups
            counts.add(steps, quad=1.04 * work, vector_load=1.03 * (rows + 4 * wide), integer=9)
            counts.add(panels * passes * conv.groups, integer=60, load=20, store=12)
    _finish(counts, conv, vectors * conv.groups, arch, quantised)


def _split(rows: int, tallest: int) -> tuple[float, int]:
    """Mean rows of a tile, and tiles."""
    passes = -(-rows // tallest)
    return rows / passes, passes


def _panels(rows: int, vectors: int, tallest: dict[int, int]) -> list[tuple[int, int, int]]:
    """Vectors of a panel, how many such panels, and rows of their tallest tile."""
    widest = 4 if rows <= tallest[4] else 2
    widths = (widest, vectors // widest), (2, vectors % widest // 2), (1, vectors % 2)
    return [(wide, panels, tallest[wide]) for wide, panels in widths]


def _count_quantising(counts: Counts, conv: PlanConv) -> None:
    """Rows that come in a call, into 16 bits."""
    fresh = (conv.rows - 1) * conv.stride + (conv.taps - 1) * conv.dilation + 1 - conv.kept
    vectors = fresh * -(-conv.in_channels // 4)
    counts.add(1, integer=40, load=12, store=8)
    counts.add(vectors, quad=5, vector_load=1, vector_store=1, integer=2)


def _finish(counts: Counts, conv: PlanConv, vectors: int, arch: str, quantised: bool = False) -> None:
    """Per vector of results: residual, activation, stores, and the decisions between them."""
    decisions = {"load": 5, "integer": 18} if quantised else {"load": 9, "integer": 24}
    times = conv.rows * vectors
    counts.add(times, **OPERATIONS.price("Activation", conv.activation, arch))
    counts.add(
        times,
        quad=1.5 + conv.residual,
        vector_load=1.0 + conv.residual,
        vector_store=1.5 + conv.results,
        store=1.5,
        **decisions,
    )


def _count_loops(counts: Counts, op: Operation, place: int, kept: _KeptRows, arch: str) -> None:
    counts.add(1, integer=20, load=10)
    if place in kept.recalls:
        return
    if place in kept.advances:
        counts.add(1, integer=30, load=10)
        counts.add(kept.advances[place] / LANES, vector_load=1, vector_store=1, integer=1)
        return
    rows, row = op["dims"][0] * op["dims"][1] * op["dims"][2], op["dims"][3]
    if op.kind != "Map":
        counts.add(rows * row, **OPERATIONS.price("Kind", op.kind, arch))
        return
    operands, vectors = OPERATIONS.row("Map", op.function).operands, rows * -(-row // LANES)
    counts.add(vectors, **OPERATIONS.price("Map", op.function, arch))
    counts.add(vectors, vector_load=operands, vector_store=1.2)
    counts.add(vectors, load=2 + operands, integer=8 + 4 * operands)
    counts.add(rows, load=10, store=6, integer=24)
