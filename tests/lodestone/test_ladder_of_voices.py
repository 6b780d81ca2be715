"""On a board that is too slow glass32 gives way to glass, and water to itself without noise."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pythonosc.osc_message import OscMessage

from calibration.session import calibrate_simulated
from firmware import Engine
from lodestone.image import build_image
from lodestone.scenes import Scene, make_scene
from lodestone.settings import EXACT, SceneSettings, Settings
from model_export.compiler.fit import fit
from tests.support import rave_voices
from tests.support.tiny import RATE, Run, play

GLASS, WIDE, WATER = (rave_voices.path(name) for name in ("glass", "glass32", "water"))
SLICE_US, TOO_LONG_US = 150, 24500
QUIET = 0.003  # below -50 dB two decoders of one model may differ: that is hiss
SLOW_FROM, SLOW_TO, SECONDS = 3, 8, 15


@pytest.fixture(scope="module")
def calibration_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("ladder-of-voices") / "board.calibration.json"
    calibrate_simulated(made)
    return made


def scene_of(folder: Path, calibration_file: Path, voice: str, small: str = "") -> Scene:
    name = Path(voice).name.split(".")[0]
    wanted = SceneSettings(name, voice, "rotate", str(calibration_file), small=small, precision=EXACT)
    return make_scene(wanted, folder / "plans")


def noise_inputs(plan: Path) -> int:
    return sum(name.startswith("noise.") for name in Engine.load(plan).inputs)


def rungs(run: Run) -> list[tuple[int, str]]:
    """Every rung that the statuses told, and which voice plays there, without repetitions."""
    told: list[tuple[int, str]] = []
    for _, datagram in run.outside.datagrams:
        if datagram.startswith(b"/status"):
            rung, why = OscMessage(datagram).params[17:19]
            told += [] if told and told[-1][0] == rung else [(rung, why.split(":")[0])]
    return told


def level_db(run: Run, begin_s: float, end_s: float) -> float:
    span = run.samples()[int(begin_s * RATE) : int(end_s * RATE), 0]
    return float(20 * np.log10(np.sqrt(np.mean(np.square(span))) + QUIET))


@pytest.mark.parametrize(
    ("voice", "small", "below"),
    [
        (WIDE, GLASS, "glass"),
        (WATER, None, "water-without-noise"),
    ],
)
def test_the_voice_below_plays_on_where_one_is_too_slow(
    tmp_path: Path, calibration_file: Path, voice: str, small: str | None, below: str
) -> None:
    scene = scene_of(tmp_path, calibration_file, voice, small)
    image = build_image(tmp_path / "image", [scene], Settings())
    # A block of the voice takes more than its 23 ms, one of the voice below less.
    factor = TOO_LONG_US / (SLICE_US * (1 + Engine.load(scene.voice_plan).run_sliced(16)))
    charge = ("--voice-slice-us", str(SLICE_US))
    slow = f"{SLOW_FROM},{SLOW_TO},{factor}"
    quick = play(tmp_path / "quick", image, *charge, seconds=SECONDS)
    late = play(tmp_path / "late", image, *charge, "--voice-slow", slow, seconds=SECONDS)
    assert rungs(quick) == [(0, "")]
    assert rungs(late) == [(0, ""), (1, below), (0, "")]
    assert all(SLOW_FROM <= at <= SLOW_TO for at in late.stats["underruns_at_s"])
    apart = [abs(level_db(late, s, s + 1) - level_db(quick, s, s + 1)) for s in range(4, SLOW_TO)]
    assert max(apart) < 6  # it is heard, and as loud: same latents, another decoder
    steps = [float(np.abs(np.diff(run.samples()[:, 0])).max()) for run in (quick, late)]
    assert steps[1] < 1.5 * steps[0]


def test_the_voice_without_its_noise_is_the_first_rung_below(tmp_path: Path, calibration_file: Path) -> None:
    """Then the small voice; where there is no noise, only that one."""
    both = scene_of(tmp_path / "both", calibration_file, WATER, GLASS)
    conf = (build_image(tmp_path / "image", [both], Settings()) / "board.conf").read_text()
    plans = ("touch", "voice", "voice1", "voice2")
    assert conf.endswith(f"scene = water {' '.join(f'plans/water.{plan}.plan' for plan in plans)}\n")
    voices = [fit(plan.read_bytes(), "bela") for plan in (both.voice_plan, *both.sister_plans)]
    assert voices[1].instructions < 0.8 * voices[0].instructions
    assert [noise_inputs(plan) for plan in (both.voice_plan, *both.sister_plans)] == [1, 0, 0]
    assert len(scene_of(tmp_path / "one", calibration_file, WIDE, GLASS).sister_plans) == 1
    assert scene_of(tmp_path / "none", calibration_file, GLASS).sister_plans == ()


def test_a_voice_that_ships_brings_its_smaller_size(tmp_path: Path, calibration_file: Path) -> None:
    """For a board; a performance on the laptop has no use for it, and a named small voice goes before."""
    wanted = SceneSettings("glass", "glass", "rotate", str(calibration_file), precision=EXACT)
    alone = make_scene(wanted, tmp_path / "alone")
    whole = make_scene(wanted, tmp_path / "whole", sizes=True)
    assert len(whole.sister_plans) == len(alone.sister_plans) + 1
    names = [Engine.load(plan).name for plan in whole.sister_plans]
    assert names[-1] == "glass-small"
    loads = [fit(plan.read_bytes(), "bela").instructions for plan in (whole.voice_plan, *whole.sister_plans)]
    assert loads == sorted(loads, reverse=True)
    assert loads[-1] < 0.7 * loads[0]
    other = make_scene(
        SceneSettings("glass", "glass", "rotate", str(calibration_file), small=GLASS, precision=EXACT),
        tmp_path / "other",
        sizes=True,
    )
    assert "glass-small" not in [Engine.load(plan).name for plan in other.sister_plans]
