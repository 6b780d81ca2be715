"""What can move the marbles of a living board: gestures, a hand that improvises, recordings, others."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import sensors
from lodestone.live.prepare import world_of
from sensors import SensorError
from sensors.recording import RecordingWriter
from sensors.simulation.live_world import SEAM_S, LiveWorld
from tests.lodestone.test_takes import made_up, write

EVERY_S = 0.005


def field(world: LiveWorld, seconds: float, begin_s: float = 0.0) -> np.ndarray:
    """µT at the four chips, [N, 12]."""
    times = np.arange(begin_s, begin_s + seconds, EVERY_S)
    return np.array([[world.axis_ut(k // 3, k % 3, round(t * 1e9)) for k in range(12)] for t in times])


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("hands") / "play.rec"
    with sensors.open_source("sim:first-sound?seed=2") as source, RecordingWriter(path, source.info) as out:
        for _, frame in zip(range(900), source, strict=False):
            out.add(frame)
    return path


def test_a_gesture_plays_in_a_loop_without_a_jump() -> None:
    world = world_of("first-sound", 1)
    length = sensors.simulation.load_gesture("first-sound").duration_s - SEAM_S
    seam = field(world, 2.0, length - 1.0)
    inside = field(world_of("first-sound", 1), length)
    assert np.ptp(inside, axis=0).max() > 100.0
    assert np.abs(np.diff(seam, axis=0)).max() <= np.abs(np.diff(inside, axis=0)).max() * 1.5


def test_an_improvising_hand_never_ends_and_is_the_same_for_a_seed() -> None:
    first, again = (field(world_of("improvise", 3), 6.0) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert np.ptp(first[-400:], axis=0).max() > 10.0
    assert np.abs(first - field(world_of("improvise", 4), 6.0)).max() > 10.0


def test_a_recording_and_a_take_are_hands_as_well(recording: Path, tmp_path: Path) -> None:
    take = write(tmp_path / "evening.take", made_up(4.5))
    by_recording, by_take = (field(world_of(str(path), 1), 4.0) for path in (recording, take))
    assert np.ptp(by_recording, axis=0).max() > 100.0
    assert np.abs(by_recording[10:-10] - by_take[10:-10]).max() < 0.2 * np.ptp(by_recording, axis=0).max()


def test_outside_nothing_moves_by_itself() -> None:
    world = world_of("outside", 1)
    field(world, 3.0)  # marbles roll to where they rest
    still = field(world, 1.0, 3.0)
    assert np.ptp(still, axis=0).max() < 0.5
    world.move(1, -65.0, 0.0)
    assert np.ptp(field(world, 2.0, 4.0), axis=0).max() > 100.0


def test_other_hands_are_refused() -> None:
    with pytest.raises(SensorError, match="nobody"):
        world_of("nobody", 1)
