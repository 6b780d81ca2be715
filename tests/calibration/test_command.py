"""`lodestone calibrate` on the simulated board, as a player types it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np

from calibration import load

ROOT = Path(__file__).parents[2]


def lodestone(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "lodestone", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)


def test_simulated_board_to_file(tmp_path: Path) -> None:
    run = lodestone("calibrate", "--simulate", "--json", "--out", str(tmp_path / "b.calibration.json"))
    assert run.returncode == 0, run.stderr
    result = json.loads(run.stdout)
    calibration = load(result["file"])
    assert [sensor.address for sensor in calibration.sensors] == [12, 13, 14, 15]
    assert len({sensor.serial for sensor in calibration.sensors}) == 4
    assert calibration.rest.offset_mt[:, 2].min() > 20  # the attractors' own magnets
    assert (calibration.response.reach_mt > 1).all()
    assert np.abs(calibration.rest.noise_mt).max() < 0.01


def test_wrong_inputs_end_in_one_line(tmp_path: Path) -> None:
    for arguments in (
        ["--bus", "sim:no-such"],
        ["--bus", "teapot:1"],
        [],
        ["--simulate", "--bus", "sim:empty"],
    ):
        run = lodestone("calibrate", *arguments, "--out", str(tmp_path / "b.calibration.json"))
        assert run.returncode == 1
        assert "Traceback" not in run.stderr
        assert run.stderr.strip().splitlines()[-1].startswith("lodestone: wanted")
    assert not list(tmp_path.iterdir())
