"""Latent statistics measured: recordings go through the model's own encoder, in ONNX Runtime."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import soundfile

from graphs.card import LatentStatistics
from graphs.player import FloatArray
from model_export.encoder import Encoder, encoder_graph
from model_export.errors import ExportError
from model_export.expected_latents import PROBABILITIES

SUFFIXES = (".wav", ".flac", ".aif", ".aiff", ".ogg")
MAX_SECONDS = 300.0  # of all recordings together; quantiles settle long before
WARM_UP_FRAMES = 16  # of every recording: the encoder's caches fill
LEAST_FRAMES = 32


def corpus_statistics(
    path: str | Path, folder: str | Path, latents: int, progress: Callable[[str], None] = lambda message: None
) -> LatentStatistics:
    """Mean, spread and quantiles of the latents that recordings excite.

    Args:
        path: the `.ts` file; its `encode` is executed symbolically like `decode`.
        folder: recordings (wav, flac, aiff, ogg), searched in subfolders; any rate, mixed to mono.
        latents: Z; the encoder gives at least so many rows.
        progress: told one line a recording.

    Raises:
        ExportError: no recordings, unreadable ones, or a model without a usable encoder.
    """
    frames = np.concatenate(encoded_folder(path, folder, latents, progress))
    if len(frames) < LEAST_FRAMES:
        wanted = f"recordings of at least {LEAST_FRAMES} latent frames"
        raise ExportError(wanted, f"{len(frames)} in {folder}", "add longer recordings")
    if frames.shape[1] != latents:
        raise ExportError(f"{latents} encoded latents", str(frames.shape[1]), "leave --latents out")
    return LatentStatistics(
        "corpus",
        frames.mean(axis=0),
        frames.std(axis=0),
        PROBABILITIES,
        np.quantile(frames, PROBABILITIES, axis=0).T.astype(np.float32),
    )


def encoded_folder(
    path: str | Path, folder: str | Path, latents: int, progress: Callable[[str], None] = lambda message: None
) -> list[FloatArray]:
    """Latents [frames, Z] of every recording in a folder; see `corpus_statistics`."""
    files = _recordings(Path(folder))
    try:
        encoder = Encoder(encoder_graph(Path(path)))
    except ExportError as error:
        raise ExportError(
            error.wanted, error.got, "leave --corpus out: this encoder cannot be run"
        ) from error
    share = MAX_SECONDS / len(files)
    rows: list[FloatArray] = []
    for file in files:
        progress(f"encoding {file.name}")
        found = encoder.encode(read_mono(file, encoder.card.sample_rate, share))
        rows.append(found[min(WARM_UP_FRAMES, len(found) // 2) :, :latents])
    return rows


def _recordings(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise ExportError("a folder of recordings", f"none at {folder}", "check --corpus")
    files = sorted(p for p in folder.rglob("*") if p.suffix.lower() in SUFFIXES)
    if not files:
        raise ExportError(f"recordings ({', '.join(SUFFIXES)})", f"none in {folder}", "check --corpus")
    return files


def read_mono(file: Path, rate: int, seconds: float) -> FloatArray:
    """At most so many seconds of a recording, mixed to one channel at the given rate."""
    try:
        with soundfile.SoundFile(str(file)) as sound:
            source = int(sound.samplerate)
            data = sound.read(int(seconds * source) + 1, dtype="float32", always_2d=True)
    except (soundfile.LibsndfileError, OSError, RuntimeError) as error:
        raise ExportError("a readable recording", f"{file.name} ({error})", "remove or convert it") from error
    mono = data.mean(axis=1)
    if source == rate or not len(mono):
        return np.asarray(mono, np.float32)
    from scipy.signal import resample_poly  # a second and a half that most commands do without

    divisor = int(np.gcd(source, rate))
    return np.asarray(resample_poly(mono, rate // divisor, source // divisor), np.float32)
