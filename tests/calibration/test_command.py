"""`lodestone calibrate` on the simulated board, as a player types it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
from typer.testing import CliRunner

from calibration import load
from lodestone.cli import build_app
from lodestone.errors import LodestoneError

ROOT = Path(__file__).parents[2]


def lodestone(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "lodestone", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)


def inside(*arguments: str) -> Any:
    """The same without a new process; an error of ours is in `exception`."""
    return CliRunner().invoke(build_app(), arguments)


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


def test_a_wrong_input_is_one_line_on_stderr() -> None:
    run = lodestone("calibrate", "--bus", "teapot:1")
    assert run.returncode == 1
    assert run.stderr.strip().splitlines()[-1].startswith("lodestone: wanted")
    assert "Traceback" not in run.stderr


def test_wrong_inputs_end_in_one_line(tmp_path: Path) -> None:
    for arguments in (
        ["--bus", "sim:no-such"],
        ["--bus", "teapot:1"],
        [],
        ["--simulate", "--bus", "sim:empty"],
    ):
        run = inside("calibrate", *arguments, "--out", str(tmp_path / "b.calibration.json"))
        assert run.exit_code == 1
        assert isinstance(run.exception, LodestoneError)
        assert "\n" not in str(run.exception)
    assert not list(tmp_path.iterdir())


def test_show_diff_apply_undo(tmp_path: Path) -> None:
    one, other, active = (str(tmp_path / f"{name}.calibration.json") for name in ("one", "other", "active"))
    assert inside("calibrate", "--simulate", "--out", one, "--report", str(tmp_path / "card")).exit_code == 0
    assert (tmp_path / "card.html").exists()
    assert (tmp_path / "card.png").exists()
    made = inside("calibrate", "--simulate", "--seed", "3", "--spots", "--out", other, "--json")
    assert json.loads(made.stdout)["verdict"]["level"] == "ready"

    shown = json.loads(inside("calibration", "show", one, "--json").stdout)
    assert shown["figures"]["frame_rate_hz"] == 200.0
    lines = json.loads(inside("calibration", "diff", one, other, "--json").stdout)
    assert lines[0]["words"] == "another board: no chip is the same"

    assert inside("calibration", "apply", one, "--to", active, "--simulate").exit_code == 0
    refused = inside("calibration", "apply", other, "--to", active, "--simulate")
    assert refused.exit_code == 1
    assert "another board" in str(refused.exception)
    assert inside("calibration", "apply", other, "--to", active).exit_code == 0
    assert load(active).sensors == load(other).sensors
    assert inside("calibration", "undo", active).exit_code == 0
    assert load(active).sensors == load(one).sensors
    assert inside("calibration", "undo", active).exit_code == 1
    assert load(active).sensors == load(one).sensors
