"""`lodestone play` from end to end: the shipped voice, the real firmware, a simulated player and host."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from scipy.ndimage import maximum_filter1d

import lodestone.perform
from firmware import Engine
from lodestone import wav
from lodestone.image import SceneFiles, build_image
from lodestone.perform import Performance, PerformanceError, perform
from lodestone.summary import Summary
from tests.support.ctrl_c import hears_ctrl_c

Mono = npt.NDArray[np.float32]
ROOT = Path(__file__).resolve().parents[2]
SECONDS = 8.0
CROSSFADE_S = 0.5  # generous: the board's own is shorter
FADE_IN = 128  # samples of the first hop


@dataclass(frozen=True)
class Evening:
    """One performance with everything it left behind."""

    settings: Performance
    summary: Summary

    def file(self, name: str) -> Path:
        return self.summary.files[name]

    @property
    def sound(self) -> npt.NDArray[np.float32]:
        return wav.read(self.file("sound"))[1][:, 0]

    @property
    def figures(self) -> dict[str, object]:
        return dict(json.loads(self.file("figures").read_text()))

    def voice_alone(self) -> npt.NDArray[np.float32]:
        """The voice run on the latents that the board's voice consumed, aligned with the sound."""
        engine = Engine.load(self.settings.out / "plans" / "play.voice.plan")
        rows = [line.split("\t") for line in self.file("latents").read_text().splitlines()]
        latents = [np.array(row[3:], dtype=np.float32) for row in rows]
        hops = [engine.run({"latent": z[None, :, None]})["audio"][0, 0] for z in latents]
        lead = np.zeros(int(str(self.figures["voice_started_at"])), dtype=np.float32)
        return np.concatenate([lead, *hops])[: len(self.sound)]


def _settings(out: Path) -> Performance:
    return Performance(
        out=out,
        voice="glass",
        calibration=None,
        mapping="rotate",
        gesture="first-sound",
        seconds=SECONDS,
        seed=3,
        live=False,
    )


@pytest.fixture(scope="module")
def evening(tmp_path_factory: pytest.TempPathFactory) -> Evening:
    settings = _settings(tmp_path_factory.mktemp("evening"))
    return Evening(settings, perform(settings))


def test_everything_promised_is_there(evening: Evening) -> None:
    assert all(
        path.stat().st_size > 1000 for name, path in evening.summary.files.items() if name != "figures"
    )
    assert evening.file("picture").read_bytes().startswith(b"\x89PNG")
    assert evening.summary.seconds == SECONDS
    assert evening.summary.underruns == 0
    assert evening.summary.frames_per_second >= 199.0
    assert evening.summary.peak > 0.02
    words = evening.summary.in_words()
    for name in evening.summary.files:
        assert name in words


def test_the_sound_is_the_voice_on_the_logged_latents_outside_the_crossfades(evening: Evening) -> None:
    sound, alone = evening.sound, evening.voice_alone()
    modes = evening.figures["modes"]
    assert isinstance(modes, list)
    assert [mode["sounding"] for mode in modes] == ["onboard", "host", "onboard"]
    rate = 44100
    to_host, back = (int(mode["time_s"] * rate) for mode in modes[1:])
    fade = int(CROSSFADE_S * rate)
    start = int(str(evening.figures["voice_started_at"])) + FADE_IN
    np.testing.assert_array_equal(sound[start:to_host], alone[start:to_host])
    np.testing.assert_array_equal(sound[back + fade :], alone[back + fade :])
    assert not np.array_equal(sound[to_host + fade : back], alone[to_host + fade : back])
    assert np.abs(sound[to_host + fade : back]).max() > 0.005  # the host sounds


def _loudness_of_click(sound: Mono, alone: Mono, host: Mono, at: int) -> float:
    """The largest step in the half second from `at`, against the largest that a fade of the two can make.

    Faded at equal power two sounds step at most by the root of the sum of their squared steps, a cos + b sin,
    plus the fade's own slope. The voice's steps are those around the very sample, the host's its largest.
    """
    during = slice(at - 2, at + int(CROSSFADE_S * 44100))
    voice = maximum_filter1d(np.abs(np.diff(alone)), 89)[during]
    slope = 2 * float(np.abs(sound).max()) * np.pi / 2 / (0.3 * 44100)
    most = np.hypot(voice, np.abs(np.diff(host)).max()) + slope
    return float((np.abs(np.diff(sound))[during] / most).max())


def _switches(evening: Evening) -> tuple[int, int, Mono]:
    """Samples at which the host and the board are asked for, and what the host sounds like in between."""
    modes = evening.figures["modes"]
    assert isinstance(modes, list)
    to_host, back = (int(mode["time_s"] * 44100) for mode in modes[1:])
    return to_host, back, evening.sound[to_host + int(CROSSFADE_S * 44100) : back]


def test_mode_switches_do_not_click(evening: Evening) -> None:
    *switches, host = _switches(evening)
    for at in switches:
        assert _loudness_of_click(evening.sound, evening.voice_alone(), host, at) <= 1.0


def test_a_hard_switch_would_be_heard_as_a_click(evening: Evening) -> None:
    to_host, _, host = _switches(evening)
    alone, faded = evening.voice_alone(), to_host + int(CROSSFADE_S * 44100)
    only_host = alone.copy()
    only_host[faded : faded + len(host)] = host
    heard = []
    for at in range(faded, faded + 2000, 50):
        for first, second in ((alone, only_host), (only_host, alone)):
            cut = np.concatenate([first[:at], second[at:]])
            heard.append(_loudness_of_click(cut, alone, host, at) > 1.0)
    assert np.mean(heard) > 0.8  # the rest meets where both sounds happen to be equal, or the voice is rough


def test_two_performances_are_the_same_to_the_byte(evening: Evening, tmp_path: Path) -> None:
    again = Evening(evening.settings, perform(replace(evening.settings, out=tmp_path)))
    assert again.file("sound").read_bytes() == evening.file("sound").read_bytes()
    assert again.file("osc log").read_bytes() == evening.file("osc log").read_bytes()


def test_ctrl_c_leaves_the_performance_before_whole(evening: Evening) -> None:
    out = evening.settings.out
    before = {name: path.read_bytes() for name, path in evening.summary.files.items()}
    command = [sys.executable, "-m", "lodestone", "play", "--out", str(out), "--seconds", "3000"]
    with subprocess.Popen(
        command, stderr=subprocess.PIPE, text=True, start_new_session=True, preexec_fn=hears_ctrl_c
    ) as play:
        until = time.monotonic() + 120.0
        while not (playing := list(out.glob(".performance.new-*/performance.wav"))):
            assert time.monotonic() < until
            assert play.poll() is None
            time.sleep(0.05)
        while playing[0].stat().st_size < 100_000:
            time.sleep(0.05)
        os.killpg(play.pid, signal.SIGINT)
        play.communicate(timeout=60)
    assert {name: path.read_bytes() for name, path in evening.summary.files.items()} == before
    assert not list(out.glob(".performance.new-*"))


def test_a_board_that_cannot_play_says_why(
    evening: Evening, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken_image(folder: Path, scenes: Sequence[SceneFiles]) -> Path:
        image = build_image(folder, scenes)
        conf = image / "board.conf"
        conf.write_text(conf.read_text().replace("scene = play", "scene = play ../elsewhere"))
        return image

    monkeypatch.setattr(lodestone.perform, "build_image", broken_image)
    with pytest.raises(PerformanceError, match=r"the scene.*board\.conf line \d+: wanted for scene"):
        perform(replace(evening.settings, out=tmp_path, seconds=4.0))


WRONG = {
    "no such voice": ["--voice", "nobody"],
    "no calibration": ["--calibration", "missing.calibration.json"],
    "unknown mapping": ["--mapping", "sideways"],
    "unknown gesture": ["--gesture", "flying"],
    "not a model": ["--voice", "README.md"],
}


@pytest.mark.parametrize("case", sorted(WRONG))
def test_wrong_input_ends_in_one_line_and_exit_1(case: str, tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("no model\n")
    result = subprocess.run(
        [sys.executable, "-m", "lodestone", "play", "--out", str(tmp_path / "out"), *WRONG[case]],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={
            "PYTHONPATH": str(Path(__file__).resolve().parents[2]),
            "PATH": "/usr/bin:/bin",
            "COLUMNS": "200",
        },
    )
    assert result.returncode == 1
    last = result.stderr.strip().splitlines()[-1]
    assert last.startswith("lodestone: wanted ")
    assert "Traceback" not in result.stderr
    assert not list(tmp_path.glob("out/performance.*"))
