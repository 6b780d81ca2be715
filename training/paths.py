"""Where recordings and performances lead through a teacher's latents: paths that lessons follow."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from model_export.corpus import encoded_folder

Floats = npt.NDArray[np.float32]


def of_recordings(model: Path, folder: Path, latents: int) -> list[Floats]:
    """Latents [T, Z] of every recording, by the encoder in the teacher's `.ts`.

    Raises:
        ExportError: no recordings, or no usable encoder.
    """
    return [frames for frames in encoded_folder(model, folder, latents) if len(frames) > 1]


def of_told(times: npt.NDArray[np.floating], latents: Floats, frame_rate: float) -> Floats:
    """Latents [N, Z] told at `times` s as [T, Z], one a frame: the latest that was told.

    What a take holds of a performance is told 200 times a second; a frame takes what stands when it begins.
    """
    frames = int((times[-1] - times[0]) * frame_rate)
    at = np.searchsorted(times, times[0] + np.arange(frames) / frame_rate, "right") - 1
    return np.asarray(latents[np.maximum(at, 0)])
