"""A voice of some size, on two cores: from the player's settings to its sound."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from typer.testing import CliRunner

from calibration.session import calibrate_simulated
from firmware import Engine
from lodestone.cli import build_app
from tests.support.rave_voices import path
from tests.support.tiny import play

SETTINGS = f"""format = "lodestone-instrument"
version = 1
board = "bela-gem"
[audio]
voice_threads = 2
[[scene]]
name = "first"
voice = "{path("glass32")}"
small = "{path("glass")}"
precision = "fp32"
calibration = "board.calibration.json"
"""


def test_settings_become_a_voice_on_two_cores(tmp_path: Path) -> None:
    calibrate_simulated(tmp_path / "board.calibration.json")
    (tmp_path / "instrument.toml").write_text(SETTINGS)
    out = tmp_path / "image"
    done = CliRunner().invoke(build_app(), ["build", str(tmp_path / "instrument.toml"), "--out", str(out)])
    assert done.exit_code == 0, done.output
    assert "the slowest of 2 stages" in done.output
    scene = next(line for line in (out / "board.conf").read_text().splitlines() if line.startswith("scene"))
    whole, small = scene.split()[4:]
    assert whole == "plans/first.voice.plan+plans/first.voice.stage2.plan"
    assert small == "plans/first.voice1.plan"  # one core carries it
    run = play(tmp_path / "run", out, seconds=2.0)
    assert run.stats["underruns"] == 0
    stages = [Engine.load(out / plan) for plan in whole.split("+")]
    start, hop = run.stats["voice_started_at"], run.stats["hop"]
    heard = run.samples()[start:, 0]
    for number, (_, _, at, latents) in enumerate(run.latents):
        values = {"latent": latents.reshape(1, -1, 1)}
        for stage in stages:
            values = stage.run(values)
        audio, played = values["audio"].reshape(-1), heard[at : at + hop]
        assert number == 0 or np.array_equal(played, audio[: played.size])
    assert len(run.latents) > 30
