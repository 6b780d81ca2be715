"""How loud a voice ships: one gain, set by the free play of `voices.measure` after the training; no PyTorch.

A voice is brought to `LUFS`. A size keeps the level at which its lessons taught it, where its course of
loudness lies nearest to its voice's, although its loudest places are softer; only what is missing to
`FARTHEST_DB` from `LUFS` is added. Neither passes `PEAK_DB`.
"""

from __future__ import annotations

import numpy as np
import onnx

from graphs.card import read_card
from graphs.player import GraphPlayer
from training.errors import TrainingError
from voices.loudness import integrated
from voices.measure import free_play, true_peak_db

LUFS, FARTHEST_DB, WANTED_DB = -20.0, 2.7, 3.0
"""Within 3 dB is wanted, and a true peak of -1 dB: the rest is for what 8 bits change."""
PEAK_DB = -1.1


def of_voice(plain: onnx.ModelProto) -> float:
    """Gain at which a voice plays freely at `LUFS`, softer where its true peak would pass `PEAK_DB`.

    Args:
        plain: as `finished.draft` lays it out, at gain 1.
    """
    lufs, peak_db = heard(plain)
    return _amplitude(min(LUFS - lufs, PEAK_DB - peak_db))


def of_size(plain: onnx.ModelProto, taught: float) -> float:
    """Gain of a size: the one that it was `taught` with, or the nearest at which it may ship.

    Args:
        plain: as `finished.draft` lays it out, at gain 1.
        taught: amplitude.

    Raises:
        TrainingError: its true peak keeps it softer than a voice may be.
    """
    lufs, peak_db = heard(plain)
    raised = np.clip(20 * np.log10(taught) + lufs, LUFS - FARTHEST_DB, LUFS + FARTHEST_DB) - lufs
    raised = min(float(raised), PEAK_DB - peak_db)
    if not lufs + raised >= LUFS - WANTED_DB:
        got = f"{lufs + raised:.1f} at a true peak of {PEAK_DB:g} dB"
        raise TrainingError(f"a size of {LUFS:g} ± {WANTED_DB:g} LUFS", got, "train it for longer")
    return _amplitude(raised)


def heard(model: onnx.ModelProto) -> tuple[float, float]:
    """Loudness in LUFS and true peak in dB of its free play."""
    card = read_card(model)
    play = free_play(card, GraphPlayer(model, seed=1))
    return integrated(play, card.sample_rate), true_peak_db(play)


def _amplitude(db: float) -> float:
    return float(np.float32(10 ** (db / 20)))
