"""The settings of one voice: what it is trained on, its size, and how it is trained."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomllib

from voices.errors import VoiceError


@dataclass(frozen=True)
class Source:
    """One recording of the corpus.

    `file` is a file name inside the corpus folder, or `model:NAME` for a sound of `voices.physical`;
    `semitones` lists the resampled copies that the corpus holds (0 is the recording as it is);
    `gain_db` is added to the level that all sources are brought to.
    """

    file: str
    semitones: tuple[float, ...] = (0.0,)
    gain_db: float = 0.0


@dataclass(frozen=True)
class Training:
    """How long and with what a voice is trained. Frames are latent frames (hop samples each).

    `beta` weighs the divergence of the latents from N(0, 1), reached from `beta_start` in `beta_steps`;
    `spread` weighs the penalty that keeps all latents moving (`voices.train.spread`), from `spread_from` on.
    `start_from` names a shipped voice: its encoder and latent axes are kept, its decoder is widened to
    `CAPACITY` and alone is trained (`voices.train.widen`); `beta` and `spread` then have nothing to do.
    """

    steps: int
    batch: int = 4
    frames: int = 20
    lead_frames: int = 4
    learning_rate: float = 1e-3
    beta: float = 0.003
    beta_start: float = 1e-4
    beta_steps: int = 3000
    spread: float = 5.0
    spread_from: int = 0
    gain_range_db: float = 12.0
    ema: float = 0.999
    start_from: str = ""


@dataclass(frozen=True)
class Settings:
    """Everything that a training is made from; see `voices/*/settings.toml`."""

    name: str
    summary: str
    seed: int
    configs: tuple[str, ...]
    overrides: tuple[str, ...]
    sources: tuple[Source, ...]
    training: Training

    @classmethod
    def load(cls, path: Path) -> Settings:
        """Reads a `settings.toml`.

        Raises:
            VoiceError: when a key is missing or unknown.
        """
        try:
            table: dict[str, Any] = tomllib.loads(path.read_text())
            sources = tuple(
                Source(entry["file"], tuple(entry.get("semitones", [0.0])), entry.get("gain_db", 0.0))
                for entry in table["corpus"]
            )
            return cls(
                name=table["name"],
                summary=table["summary"],
                seed=table["seed"],
                configs=tuple(table["model"]["configs"]),
                overrides=tuple(table["model"]["overrides"]),
                sources=sources,
                training=Training(**table["training"]),
            )
        except (OSError, KeyError, TypeError, tomllib.TOMLDecodeError) as error:
            raise VoiceError(
                f"voice settings in {path}", repr(error), "compare with voices/glass/settings.toml"
            ) from None
