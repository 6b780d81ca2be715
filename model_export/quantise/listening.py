"""Writes an exact and a quantised voice side by side, to be compared by ear."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import numpy.typing as npt

from files import fresh_file
from model_export.quantise.quantise import Quantised


def write_pair(folder: Path, made: Quantised, sample_rate: int) -> str:
    """Writes exact.wav and quantised.wav at one loudness; returns their paths for the reader."""
    folder.mkdir(parents=True, exist_ok=True)
    loudest = max(float(np.abs(made.exact).max()), float(np.abs(made.played).max()), 1e-9)
    paths = [folder / "exact.wav", folder / "quantised.wav"]
    for path, sound in zip(paths, (made.exact, made.played), strict=True):
        _write(path, sound[0] * (0.9 / loudest), sample_rate)
    return ", ".join(map(str, paths))


def _write(path: Path, sound: npt.NDArray[np.float32], sample_rate: int) -> None:
    with fresh_file(path) as fresh, wave.open(str(fresh), "wb") as file:
        file.setnchannels(sound.shape[0])
        file.setsampwidth(2)
        file.setframerate(sample_rate)
        file.writeframes((sound.T * 32767).round().astype("<i2").tobytes())
