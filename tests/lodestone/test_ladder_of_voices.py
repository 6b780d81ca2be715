"""glass32 gives way to glass, which plays the same latents, on a board that is too slow for it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pythonosc.osc_message import OscMessage

from lodestone.commands.calibrate import calibrate
from lodestone.image import build_image
from lodestone.scenes import find_voice, make_scene
from lodestone.settings import Settings
from tests.instrument.tiny import RATE, Run, play

SLICE_US, FACTOR = 300, 4.8  # a block of glass32 takes more than its 23 ms, one of glass less
QUIET = 0.003  # below -50 dB two decoders of one model may differ: that is hiss
SLOW_FROM, SLOW_TO, SECONDS = 3, 8, 15


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ladder-of-voices")
    calibration_file = folder / "board.calibration.json"
    calibrate(simulate=True, out=calibration_file, yes=True)
    scene = make_scene(
        "glass", find_voice("glass32"), calibration_file, "rotate", folder / "plans", find_voice("glass")
    )
    return build_image(folder / "image", [scene], Settings())


def told_rungs(run: Run) -> list[int]:
    rungs: list[int] = []
    for _, datagram in run.outside.datagrams:
        if datagram.startswith(b"/status"):
            rung = OscMessage(datagram).params[17]
            rungs += [] if rungs[-1:] == [rung] else [rung]
    return rungs


def level_db(run: Run, begin_s: float, end_s: float) -> float:
    span = run.samples()[int(begin_s * RATE) : int(end_s * RATE), 0]
    return float(20 * np.log10(np.sqrt(np.mean(np.square(span))) + QUIET))


def test_glass_plays_on_where_glass32_is_too_slow(tmp_path: Path, image: Path) -> None:
    charge = ("--voice-slice-us", str(SLICE_US))
    slow = f"{SLOW_FROM},{SLOW_TO},{FACTOR}"
    quick = play(tmp_path / "quick", image, *charge, seconds=SECONDS)
    late = play(tmp_path / "late", image, *charge, "--voice-slow", slow, seconds=SECONDS)
    assert told_rungs(quick) == [0]
    assert told_rungs(late) == [0, 1, 0]
    assert all(SLOW_FROM <= at <= SLOW_TO for at in late.stats["underruns_at_s"])
    apart = [abs(level_db(late, s, s + 1) - level_db(quick, s, s + 1)) for s in range(4, SLOW_TO)]
    assert max(apart) < 6  # it is heard, and as loud: same latents, another decoder
    steps = [float(np.abs(np.diff(run.samples()[:, 0])).max()) for run in (quick, late)]
    assert steps[1] < 1.5 * steps[0]
