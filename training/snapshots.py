"""What a training sounds and looks like on the way: a recording and its copy, as sound and spectrograms."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile

from files import fresh_file

Audio = npt.NDArray[np.float32]
KEPT = 12
"""Pairs of files; the oldest go, but for the first one."""
PAUSE_SECONDS = 0.3


def write(folder: Path, step: int, wanted: Audio, made: Audio, rate: int) -> None:
    """`STEP.wav` (the wanted sound, a pause, the made one) and `STEP.png` (both spectrograms).

    Args:
        folder: made where there is none.
        wanted, made: [N].
        rate: Hz.

    Raises:
        files.FileError: the disk takes no more.
    """
    pause = np.zeros(int(PAUSE_SECONDS * rate), np.float32)
    both = np.clip(np.concatenate([wanted, pause, made]), -1.0, 1.0)
    with fresh_file(folder / f"{step:07d}.wav") as path:
        soundfile.write(path, both, rate, format="WAV", subtype="PCM_16")
    with fresh_file(folder / f"{step:07d}.png") as path:
        draw(path, wanted, made, rate)
    for suffix in ("wav", "png"):
        for old in sorted(folder.glob(f"[0-9]*.{suffix}"))[1 : 1 - KEPT]:
            old.unlink(missing_ok=True)


def draw(path: Path, wanted: Audio, made: Audio, rate: int) -> None:
    """Two spectrograms over one axis of time, in dB below full scale."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 5), layout="constrained")
    rows = figure.subplots(2, 1, sharex=True, sharey=True)
    for axes, sound, title in zip(rows, (wanted, made), ("wanted", "made"), strict=True):
        axes.specgram(np.asarray(sound) + 1e-9, 1024, rate, noverlap=768, vmin=-150, vmax=-30, cmap="magma")
        axes.set_ylabel(f"{title}, Hz")
    rows[1].set_xlabel("s")
    figure.savefig(path, dpi=80, format="png")
