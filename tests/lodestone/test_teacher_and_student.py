"""The host plays the teacher while the board plays the student: a switch in the middle keeps the piece."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lodestone import wav
from lodestone.perform import Performance, PerformanceError, perform
from lodestone.simulated_host import Cue
from tests.support.tiny_voice import random_weights, tiny_voice

RATE, SECONDS = 44100, 12.0
TO_HOST, BACK = 4.0, 8.0
HALF_SECOND = RATE // 2


def played(folder: Path, cues: list[Cue], voice: str = "glass-small") -> np.ndarray:
    wanted = Performance(
        folder, voice, None, "rotate", "free-play", SECONDS, 1, False, host_voice="glass", cues=lambda _: cues
    )
    perform(wanted)
    return wav.read(folder / "performance.wav")[1][:, 0]


def levels(sound: np.ndarray) -> np.ndarray:
    blocks = sound[: len(sound) // HALF_SECOND * HALF_SECOND].reshape(-1, HALF_SECOND)
    return np.asarray(10 * np.log10(np.square(blocks).mean(1) + 1e-6))


def centroids(sound: np.ndarray) -> np.ndarray:
    blocks = sound[: len(sound) // HALF_SECOND * HALF_SECOND].reshape(-1, HALF_SECOND)
    power = np.abs(np.fft.rfft(blocks * np.hanning(HALF_SECOND), axis=1)) ** 2
    frequency = np.fft.rfftfreq(HALF_SECOND, 1 / RATE)
    return np.asarray(np.log2((power * frequency).sum(1) / (power.sum(1) + 1e-12) + 1.0))


def test_a_switch_between_student_and_teacher_keeps_the_piece(tmp_path: Path) -> None:
    """Loudness and brightness go on as where the student plays alone, and nothing clicks at the switches."""
    there_and_back = [Cue(TO_HOST, "/mode", ("host",)), Cue(BACK, "/mode", ("onboard",))]
    alone, both = played(tmp_path / "alone", []), played(tmp_path / "both", there_and_back)
    other = played(tmp_path / "other", [], "water")
    span = slice(int(2 * TO_HOST) + 1, int(2 * BACK) - 1)
    assert np.abs(alone - both)[int(5 * RATE) : int(7 * RATE)].max() > 0.01, "another voice plays"
    for course, near in ((levels, 1.0), (centroids, 0.1)):
        apart = np.abs(course(alone) - course(both))[span]
        assert np.median(apart) < near, course.__name__
        assert np.median(apart) < 0.2 * np.median(np.abs(course(alone) - course(other))[span])
    steps = [float(np.abs(np.diff(sound)).max()) for sound in (alone, both)]
    assert steps[1] < 1.5 * steps[0]


def test_a_host_voice_of_other_latents_is_refused(tmp_path: Path) -> None:
    (tmp_path / "tiny.onnx").write_bytes(tiny_voice(random_weights()).SerializeToString())
    wanted = Performance(tmp_path, "glass", None, "rotate", "free-play", 4.0, 1, False)
    with pytest.raises(PerformanceError, match="8 latents at 44100 Hz for the host"):
        perform(replace(wanted, host_voice=str(tmp_path / "tiny.onnx")))
