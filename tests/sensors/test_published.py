"""The published firmware's loop does what its registers say, and ours is better on the same play."""

from __future__ import annotations

import numpy as np

from sensors.chips import mlx90393_codes as codes
from sensors.simulation import SimulatedBoard, World, load_gesture, published
from sensors.simulation.gesture import parse_gesture
from tests.support.published_setting import ours, theirs

PASS = """
format = "lodestone-gesture"
version = 1
duration_s = 3.0
[[object]]
kind = "ball"
diameter_mm = 20.0
at = [-100.0, 0.0, 0.0]
moves = [{ do = "throw", t = [0.5, 2.5], to = [-30.0, 0.0] }]
"""


def test_the_gain_stays_and_the_counts_wrap() -> None:
    board = SimulatedBoard(World(parse_gesture(PASS, "pass")), noise_ut=0.0)
    frames = list(published.frames(board))
    x = np.array([frame.counts[0, 0] for frame in frames])
    # x is the first of three windows: the frame's time is the middle of all
    into_x = codes.WAKE_US + codes.axis_us(0, 5) / 2 - codes.conversion_us(0, 5) / 2
    times = np.array([frame.time_s[0] for frame in frames]) + into_x * 1e-6
    truth = board.world.field_mt(times)[:, 0, 0]
    assert truth.max() > 10.5
    wrapped = (truth * 1000 / published.count_ut(0) + 32768) % 65536 - 32768
    error = (x - wrapped + 32768) % 65536 - 32768
    assert np.abs(error).max() * published.count_ut(0) < 5.0, "counts are the field at gain 7, modulo 2^16"
    assert np.abs(np.diff(x)).max() > 50_000, "the leap from one end to the other"


def test_ours_is_faster_whole_and_smooth() -> None:
    world = World(load_gesture("first-sound"))
    old, new = theirs(world, 1), ours(world, 1)
    assert 28.0 < old.frames_per_second < 31.0
    assert new.frames_per_second > 199.0
    assert old.skew_ms > 24.0
    assert new.skew_ms < 0.4
    assert old.lost_z == 1.0
    assert old.lost_xy > 0.01
    assert new.lost_z == new.lost_xy == 0.0
    assert old.largest_step > 10.0 * new.largest_step
