"""`lodestone calibrate` on the simulated board, as a player types it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from calibration import load, save
from calibration.capture.steps import Step
from calibration.screen.terminal import TerminalWatcher
from errors import LodestoneError
from lodestone.cli import build_app

ROOT = Path(__file__).parents[2]


def lodestone(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "lodestone", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)


def inside(*arguments: str) -> Any:
    """The same without a new process; an error of ours is in `exception`."""
    return CliRunner().invoke(build_app(), arguments)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A calibration of the simulated board as the command makes it, and what it said; to be copied."""
    path = tmp_path_factory.mktemp("made") / "b.calibration.json"
    report = ["--report", str(path.parent / "card")]
    run = lodestone("calibrate", "--simulate", "--json", "--out", str(path), *report)
    assert run.returncode == 0, run.stderr
    said = json.loads(run.stdout)
    assert said["file"] == str(path)
    return path, said


def test_simulated_board_to_file(made: tuple[Path, dict[str, Any]]) -> None:
    calibration = load(made[0])
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


def test_show_diff_apply_undo(tmp_path: Path, made: tuple[Path, dict[str, Any]]) -> None:
    one, other, active = (str(tmp_path / f"{name}.calibration.json") for name in ("one", "other", "active"))
    shutil.copy(made[0], one)
    assert made[0].with_name("card.html").exists()
    assert made[0].with_name("card.png").exists()
    with_spots = inside("calibrate", "--simulate", "--seed", "3", "--spots", "--out", other, "--json")
    assert json.loads(with_spots.stdout)["verdict"]["level"] == "ready"

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


@pytest.mark.parametrize("moment", ["self-check", "empty board", "free play", "known spot 9 of 16", "fit"])
def test_ctrl_c_leaves_the_old_calibration(
    tmp_path: Path, calibration: Any, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    """At every step, and while the result is computed."""
    path = save(calibration, tmp_path / "a.calibration.json")
    before = path.read_bytes()
    frame = TerminalWatcher.frame

    def interrupted(self: Any, step: Step, given: Any) -> None:
        if step.name == moment:
            raise KeyboardInterrupt
        frame(self, step, given)

    def stop(*arguments: Any, **options: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(TerminalWatcher, "frame", interrupted)
    if moment == "fit":
        monkeypatch.setattr("calibration.session.fit", stop)
    spots = ["--spots"] if "spot" in moment else []
    run = inside("calibrate", "--simulate", "--play-seconds", "12", "--out", str(path), *spots)
    assert run.exit_code == 1
    assert "the old one stays in force" in str(run.exception)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_steps_can_be_skipped_from_a_script(tmp_path: Path, made: tuple[Path, dict[str, Any]]) -> None:
    path = str(tmp_path / "b.calibration.json")
    shutil.copy(made[0], path)
    skips = ["--skip", "free play", "--skip", "empty board"]
    part = inside("calibrate", "--simulate", "--out", path, "--json", *skips)
    assert made[1]["verdict"]["level"] == "ready"
    verdict = json.loads(part.stdout)["verdict"]
    assert verdict["level"] == "play with care"
    assert [finding["figure"] for finding in verdict["findings"]] == ["skipped", "skipped"]
    assert inside("calibration", "show", path, "--report", str(tmp_path / "card")).exit_code == 0
    wrong = inside("calibrate", "--simulate", "--out", path, "--skip", "dinner")
    assert "a step to skip (self-check, empty board, free play)" in str(wrong.exception)
