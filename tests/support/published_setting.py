"""Our sensors against the published instrument's, on the same play.

Both go through the published mapping law: 25000 counts of 0.3 µT are 5 latent units. Sizes are of the raw
steps from one frame to the next, before any filter.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sensors import Flag, Frame, default_sensors
from sensors.array_source import ArraySource
from sensors.simulation import SimulatedBoard, World, published

UNITS_PER_MT = 5.0 / 25_000.0 / (published.count_ut(0) * 1e-3)
JUMP_UNITS = 2.0


@dataclass(frozen=True)
class Row:
    """One reader on one piece of play."""

    play: str
    reader: str
    frames_per_second: float
    skew_ms: float
    lost_xy: float
    lost_z: float
    largest_step: float
    jumps_per_second: float


def ours(world: World, seed: int) -> Row:
    """The sensor array with the recommended setting."""
    board = SimulatedBoard(world, seed=seed)
    until_us = round(world.duration_s * 1e6)
    with ArraySource("bench", board.bus, board.clock, default_sensors(), until_us=until_us) as source:
        frames: list[Frame] = list(source)
        skew_ms = source.array.stats.skew_us / 1000
    times = np.array([frame.time_s for frame in frames])
    field = np.array([frame.field_mt for frame in frames], dtype=np.float64)
    flags = np.array([frame.flags for frame in frames])
    railed = [(flags & bit) != 0 for bit in (Flag.SATURATED_X, Flag.SATURATED_Y, Flag.SATURATED_Z)]
    lost = np.stack(railed, axis=-1)
    return _row(world, "this firmware", times, skew_ms, field, lost)


def theirs(world: World, seed: int) -> Row:
    """The published firmware's loop and registers."""
    board = SimulatedBoard(world, seed=seed)
    frames = list(published.frames(board))
    times = np.array([frame.time_s for frame in frames])
    counts = np.array([frame.counts for frame in frames], dtype=np.float64)
    count_mt = np.array([published.count_ut(axis) for axis in range(3)]) * 1e-3
    truth = np.stack([world.field_mt(times[:, k])[:, k] for k in range(4)], axis=1)
    lost = np.abs(truth) >= count_mt * 2**15
    skew_ms = float(np.median(times[:, 3] - times[:, 0])) * 1000
    return _row(world, "published", times[:, 0], skew_ms, counts * count_mt, lost)


def _row(
    world: World,
    reader: str,
    times: NDArray[np.float64],
    skew_ms: float,
    field_mt: NDArray[np.float64],
    lost: NDArray[np.bool_],
) -> Row:
    seconds = float(times[-1] - times[0])
    steps = np.abs(np.diff(field_mt[..., :2], axis=0)) * UNITS_PER_MT
    return Row(
        play=world.name,
        reader=reader,
        frames_per_second=(len(times) - 1) / seconds,
        skew_ms=skew_ms,
        lost_xy=float(lost[..., :2].mean()),
        lost_z=float(lost[..., 2].mean()),
        largest_step=float(steps.max()),
        jumps_per_second=float((steps.max(axis=(1, 2)) > JUMP_UNITS).sum()) / seconds,
    )


def table(worlds: list[World], seed: int = 1) -> list[Row]:
    """Both readers on each piece of play."""
    return [reader(world, seed) for world in worlds for reader in (theirs, ours)]
