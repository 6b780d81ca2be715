"""Faults of the sensors, heard: the real firmware plays through them without a gap, and no latent leaps."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from pythonosc.osc_message import OscMessage

import calibration
import mapping
from calibration.session import calibrate_simulated
from lodestone.settings import Settings
from mapping.arbitrariness import SLEW_SIGMAS_PER_S
from model_export.compiler import compile_plan
from sensors import default_sensors
from sensors.simulation import Fault, SimulatedBoard, World, improvise
from sensors.simulation.faults import KINDS, random_faults
from tests.support.tiny import Files, Run, image, play, voice_plan

LATENTS = 8
FRAME_S = 0.005


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """The real touch of a calibrated board, all entangled, in units of sigma; a small voice."""
    folder = tmp_path_factory.mktemp("scene")
    calibrate_simulated(folder / "board.calibration.json", seed=3)
    card = {"name": "tiny", "latents": LATENTS, "latent": {"mean": [0.0] * LATENTS, "std": [1.0] * LATENTS}}
    touch = mapping.touch_graph(calibration.load(folder / "board.calibration.json"), card)
    files = Files("one", folder / "one.t", folder / "one.v")
    files.touch_plan.write_bytes(compile_plan(touch))
    files.voice_plan.write_bytes(voice_plan(latents=LATENTS))
    return files


def latents(run: Run) -> np.ndarray:
    """[N, Z] as they were sent, one row a frame."""
    rows = [OscMessage(data).params for _, data in run.outside.datagrams if data.startswith(b"/latent")]
    return np.array(rows)


def check(run: Run, seconds: float) -> None:
    assert run.stats["underruns"] == 0
    heard = run.samples()[run.stats["voice_started_at"] + 128 :, 0]
    loud = np.abs(heard[: len(heard) // 512 * 512].reshape(-1, 512)).max(axis=1)
    assert loud.min() > 0.05, "no gap in the sound"
    moved = latents(run)
    assert len(moved) > 190 * seconds
    assert np.isfinite(moved).all()
    step = np.linalg.norm(np.diff(moved, axis=0), axis=1)
    limit = SLEW_SIGMAS_PER_S * math.sqrt(LATENTS) * FRAME_S
    # A bus that hangs holds one frame up for the 10 ms of its time-out: three frames' worth at most.
    assert np.quantile(step, 0.999) <= limit * 1.05
    assert step.max() <= 3.2 * limit


@pytest.mark.slow
def test_minutes_of_faults_are_played_through(scene: Files, tmp_path: Path) -> None:
    seconds = 180.0
    faults = random_faults(seed=8, duration_s=seconds, count=120)
    assert {fault.kind for fault in faults} == set(KINDS)
    world = World(improvise(seed=2, duration_s=seconds))
    board = SimulatedBoard(world, seed=3, faults=faults, timeout_ms=10.0)
    run = play(tmp_path / "run", image(tmp_path, scene), "--period", "256", seconds=seconds, board=board)
    check(run, seconds)


def test_all_four_unplugged_and_back(scene: Files, tmp_path: Path) -> None:
    faults = [Fault("unplug", 1.0 + 0.2 * sensor, 3.0, sensor) for sensor in range(4)]
    board = SimulatedBoard(World(improvise(seed=2, duration_s=8.0)), seed=3, faults=faults)
    run = play(tmp_path / "run", image(tmp_path, scene), seconds=8.0, board=board)
    check(run, 8.0)
    moved = latents(run)
    still = np.abs(np.diff(moved[int(3.2 * 200) : int(3.8 * 200)], axis=0))
    assert still.max() < 0.02, "with no sensor left the latents glide to rest"
    assert np.ptp(moved[int(5.5 * 200) :], axis=0).max() > 0.5, "and move again"


def test_the_second_chip_plays_too(scene: Files, tmp_path: Path) -> None:
    board = SimulatedBoard(World(improvise(seed=2, duration_s=3.0)), seed=3, chip="tmag5273")
    made = image(tmp_path, scene, sensors=default_sensors("tmag5273"))
    assert "tmag5273 0x78" in (made / "board.conf").read_text()
    assert Settings().sensors[0].chip == "mlx90393"
    run = play(tmp_path / "run", made, seconds=3.0, board=board)
    check(run, 3.0)
    fields = [OscMessage(data).params for _, data in run.outside.datagrams if data.startswith(b"/field")]
    middle = [fields[k] for k in range(len(fields) // 2 // 4 * 4, len(fields) // 2 // 4 * 4 + 4)]
    truth = board.world.field_mt(np.array([1.5]))[0]
    np.testing.assert_allclose([values[1:] for values in middle], truth, atol=2.0)
