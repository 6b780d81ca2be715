"""What an instruction costs on the boards, and what that means for a plan: the model behind `lodestone fit`.

Two ends are given. The low one overlaps everything that the processor can overlap and reads memory at the
speed of a program that fetches ahead; the high one overlaps nothing that is doubtful. Sources: Cortex-A8
technical reference manual (NEON: one 128-bit float operation in two cycles, a long 16-bit multiply in one;
scalar floats some ten), Cortex-A53 scheduling tables, memory speeds from the vendors' benchmarks of AM335x
and AM62x.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

CLASSES = (
    "quad", "double", "long", "vector_load", "vector_pair", "vector_store",
    "load", "store", "scalar_float", "divide", "status", "integer",
)  # fmt: skip


@dataclass
class Counts:
    """Instructions of one call by class, as bench/count_instructions.c names them."""

    quad: float = 0
    double: float = 0
    long: float = 0
    vector_load: float = 0
    vector_pair: float = 0
    vector_store: float = 0
    load: float = 0
    store: float = 0
    scalar_float: float = 0
    divide: float = 0
    status: float = 0
    integer: float = 0

    @property
    def total(self) -> float:
        """All of them."""
        return float(sum(getattr(self, f.name) for f in fields(self)))

    def add(self, times: float, **each: float) -> None:
        """So many instructions of each class, so many times."""
        for name, count in each.items():
            setattr(self, name, getattr(self, name) + times * count)


@dataclass(frozen=True)
class Load:
    """Share of one core, at both ends of the model, and how it comes about (milliseconds per call)."""

    low: float
    high: float
    compute_ms: tuple[float, float]
    memory_ms: tuple[float, float]


@dataclass(frozen=True)
class Board:
    """One core of a board."""

    name: str
    arch: str  # "armv7" or "aarch64"
    processor: str
    clock_hz: float
    bandwidth: tuple[float, float]  # bytes per second: low end's, high end's
    cached: tuple[float, float]  # bytes of weights that stay in the cache between calls
    cores: int = 1

    def beside(self, others: int) -> Board:
        """One core while `others` read memory at the same time: at worst all share what one alone has."""
        share = 1 + others
        fast, slow = self.bandwidth
        kept = self.cached[0] / share, self.cached[1] / share
        return replace(self, bandwidth=(fast, slow / share), cached=kept)

    def cycles(self, counts: Counts) -> tuple[float, float]:
        """Processor cycles at both ends."""
        return _cycles_a8(counts) if self.arch == "armv7" else _cycles_a53(counts)

    def load(self, counts: Counts, weight_bytes: float, period_s: float) -> Load:
        """Share of the core when one call is due every `period_s`."""
        low, high = (c / self.clock_hz for c in self.cycles(counts))
        fast, slow = (
            max(0.0, weight_bytes - kept) / speed
            for speed, kept in zip(self.bandwidth, self.cached, strict=True)
        )
        ends = max(low, fast) / period_s, (high + slow) / period_s
        return Load(*ends, (low * 1e3, high * 1e3), (fast * 1e3, slow * 1e3))


def _cycles_a8(c: Counts) -> tuple[float, float]:
    neon = 2 * c.quad + c.double + c.long
    loads, stores = c.vector_load + c.load, c.vector_store + c.store
    slow = 10 * c.scalar_float + 35 * c.divide + 20 * c.status
    low = max(neon, loads + stores, 0.6 * c.integer) + slow
    return low, neon + 0.5 * 1.5 * loads + stores + 0.9 * c.integer + slow


def _cycles_a53(c: Counts) -> tuple[float, float]:
    arithmetic = c.quad + c.double + c.long + c.scalar_float + 10 * c.divide
    memory = 1.2 * (c.vector_load + c.load) + 2.5 * c.vector_pair + c.vector_store + c.store
    low = arithmetic + 0.35 * memory + 0.3 * c.integer
    return low, 1.15 * arithmetic + memory + 0.6 * c.integer


KIB, MB = 1024, 1e6
A8 = ("armv7", "Cortex-A8 1 GHz", 1.0e9, (450 * MB, 215 * MB), (128 * KIB, 100 * KIB))
BOARDS = {
    "bela-mini": Board("bela-mini", *A8),
    "bela": Board("bela", *A8),
    "bela-gem": Board(
        "bela-gem", "aarch64", "Cortex-A53 1.4 GHz", 1.4e9, (1200 * MB, 900 * MB), (256 * KIB, 256 * KIB), 4
    ),
}
