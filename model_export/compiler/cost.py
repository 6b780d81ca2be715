"""Predicts how many instructions a plan takes on a board, from its operations alone.

Tiles, panels and loops are those of firmware/engine; the instructions around them (pointers, epilogues) are
constants that bench/arm.py's exact counts gave. tests/compiler/test_cost.py holds the prediction to within
a fifth of a count.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from model_export.compiler import plan
from model_export.compiler.boards import Counts

# Rows of the tallest tile for panels of four, two and one vectors: TileShape of kernels_neon.cpp.
TILES = {"armv7": {4: 2, 2: 4, 1: 4}, "aarch64": {4: 4, 2: 8, 1: 8}}
LANES = 4
# Arithmetic per vector of an element-wise function, by number; those not named take one.
_ARITHMETIC = {5: 22.0, 7: 26.0, 8: 26.0, 9: 44.0, 10: 30.0, 80: 34.0, 131: 80.0}

_WEIGHT_BYTES = {plan.FLOAT32: 4, plan.INT16: 2}  # of one weight; else 1


@dataclass(frozen=True)
class PlanConv:
    """The sizes of one convolution in a plan."""

    activation: int
    rows: int
    taps: int
    dilation: int
    stride: int
    in_channels: int
    out_channels: int
    groups: int
    residual: bool
    results: int
    format: int

    @property
    def macs(self) -> int:
        """Multiply-adds of one call."""
        return self.rows * self.taps * self.in_channels * self.out_channels * self.groups


def convolutions(data: bytes) -> Iterator[PlanConv]:
    """Every convolution of a plan, in order."""
    for words in _operations(data):
        if words[0] == plan.CONV:
            results = int(words[17] != 0) + int(words[20] != 0)
            rows, taps, dilation, stride, channels, out, groups = words[2:9]
            sizes = (rows, taps, dilation, stride, channels, out, groups)
            yield PlanConv(words[1], *sizes, residual=words[14] != 0, results=results, format=words[25])


def _operations(data: bytes) -> Iterator[tuple[int, ...]]:
    count, at = struct.unpack_from("<I", data, 80)[0], struct.unpack_from("<I", data, 92)[0]
    for i in range(count):
        yield struct.unpack_from(f"<{plan.OPERATION_WORDS}I", data, at + 4 * plan.OPERATION_WORDS * i)


def map_functions(data: bytes) -> list[str]:
    """Names of a plan's element-wise passes, in order."""
    names = {number: name for name, number in plan.MAP_FUNCTIONS.items()}
    return [names[words[1]] for words in _operations(data) if words[0] == plan.MAP]


def predicted(data: bytes, arch: str, change: Callable[[PlanConv], PlanConv] = lambda conv: conv) -> Counts:
    """Instructions of one call of a plan on "armv7" or "aarch64", its convolutions changed as asked."""
    counts = Counts()
    for conv in convolutions(data):
        _count_conv(counts, change(conv), arch)
    for words in _operations(data):
        if words[0] != plan.CONV:
            _count_loops(counts, words)
    return counts


def each_operation(data: bytes, arch: str) -> Iterator[tuple[Counts, int]]:
    """Instructions, and bytes of weights, of every operation of a plan, in order."""
    convs = convolutions(data)
    for words in _operations(data):
        counts, weight_bytes = Counts(), 0
        if words[0] == plan.CONV:
            conv = next(convs)
            _count_conv(counts, conv, arch)
            weight_bytes = conv.macs // conv.rows * _WEIGHT_BYTES.get(conv.format, 1)
        else:
            _count_loops(counts, words)
        yield counts, weight_bytes


def _count_conv(counts: Counts, conv: PlanConv, arch: str) -> None:
    depth = conv.taps * conv.in_channels
    if conv.in_channels == conv.out_channels == 1 and conv.groups > 1:
        vectors = -(-conv.groups // LANES)
        counts.add(conv.rows * vectors * conv.taps, quad=1, vector_load=1.15, integer=0.6)
        _finish(counts, conv, vectors)
        return
    tiles = TILES[arch]
    vectors = -(-conv.out_channels // LANES)
    if conv.format in (plan.INT8_INT16, plan.INT8_UINT8):  # the boards multiply both in 16 bits
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
    _finish(counts, conv, vectors * conv.groups)


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


def _finish(counts: Counts, conv: PlanConv, vectors: int) -> None:
    """Per vector of results: residual, activation, stores, and the decisions between them."""
    activation = {0: 0.0, 1: 3.0, 2: 44.0, 3: 30.0, 4: 34.0}[conv.activation]
    counts.add(
        conv.rows * vectors,
        quad=1.5 + activation + conv.residual,
        vector_load=1.0 + conv.residual,
        vector_store=1.5 + conv.results,
        load=9,
        store=1.5,
        integer=24,
    )


def _count_loops(counts: Counts, words: tuple[int, ...]) -> None:
    elements = words[2] * words[3] * words[4] * words[5]
    if words[0] != plan.MAP:
        counts.add(elements, scalar_float=1, load=3, store=1, integer=12)
        return
    operands = 1 if words[1] < 64 else 2 if words[1] < 128 else 3
    vectors = words[2] * words[3] * words[4] * -(-words[5] // LANES)
    counts.add(vectors, quad=_ARITHMETIC.get(words[1], 1.0), vector_load=operands, vector_store=1.2)
    counts.add(vectors, load=2 + operands, integer=8 + 4 * operands)
    counts.add(words[2] * words[3] * words[4], load=10, store=6, integer=24)
