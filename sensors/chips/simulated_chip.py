"""What the simulated bus asks of a chip model, and what a chip model asks of the world around it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import numpy as np


class Surroundings(Protocol):
    """The field and the temperature where the chips sit."""

    def axis_ut(self, sensor: int, axis: int, time_ns: int) -> float:
        """Flux density in µT along one axis of the chip of `sensor`."""
        ...

    def temperature_c(self, sensor: int, time_ns: int) -> float:
        """Temperature of the chip in °C."""
        ...


class ChipModel(Protocol):
    """One chip on the simulated bus. Times are nanoseconds of the virtual clock.

    Attributes (set by the fault schedule):
        address: 7-bit address.
        present: False while unplugged.
        time_scale: conversion time relative to nominal.
        frozen: every conversion gives the data of the one before it.
        broken_memory: an uncorrectable memory error.
        flip_bits: XORed into the first word of the next reading, then cleared.
        hangs: it holds the clock low whenever it is asked.
        extra_ut: added to the field of every axis.
        stretch_ns: how long the chip holds the clock at every byte.
        deaf_until_ns: until then it starts up, or wakes, and does not answer to its address.
    """

    address: int
    present: bool
    time_scale: float
    frozen: bool
    broken_memory: bool
    flip_bits: int
    hangs: bool
    extra_ut: float
    stretch_ns: int
    deaf_until_ns: int

    def write(self, data: bytes, now_ns: int) -> None:
        """Takes the bytes of one write; `now_ns` is the end of the last one."""
        ...

    def read(self, count: int, now_ns: int) -> bytes:
        """Gives the bytes of one read."""
        ...

    def brown_out(self, now_ns: int) -> None:
        """The supply dips: the chip starts anew."""
        ...


def gaussian(seed: int, stream: int, block: int = 4096) -> Iterator[float]:
    """Standard normal deviates without end; the same for the same `seed` and `stream`."""
    generator = np.random.default_rng([seed, stream])
    while True:
        yield from generator.standard_normal(block).tolist()
