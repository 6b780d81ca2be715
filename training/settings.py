"""What a voice is trained from: `settings.toml`, read and checked."""

from __future__ import annotations

from dataclasses import dataclass, fields
from math import prod
from pathlib import Path
from typing import Any, TypeVar

from files import toml_of
from training.errors import TrainingError

T = TypeVar("T")


@dataclass(frozen=True)
class Network:
    """The decoder's shape.

    Attributes:
        ratios: upsampling of each stage, from latent frames to sub-band samples; hop = bands x their product.
        dilations: of the residual units of each stage.
        capacity: channels of the last stage; each stage before has twice as many, `widest` at most.
        fast_stages: first stages whose frames do not overlap: a new latent is heard at once there.
        latents: Z, the first is loudness.
        bands, taps, attenuation_db: the filter bank's.
        unit_kernel: taps of a residual unit's second convolution.
    """

    ratios: tuple[int, ...]
    dilations: tuple[tuple[int, ...], ...]
    capacity: int = 16
    widest: int = 192
    fast_stages: int = 2
    latents: int = 8
    bands: int = 16
    taps: int = 256
    attenuation_db: float = 60.0
    unit_kernel: int = 1
    window: int = 2048

    @property
    def hop(self) -> int:
        """Samples a latent frame."""
        return self.bands * prod(self.ratios)


@dataclass(frozen=True)
class Living:
    """What keeps a held note alive.

    Attributes:
        clocks_hz: lowest and highest speed of the clocks that turn each band's pair of waves.
        walk: how far the latents wander by themselves, in the unit of the latents.
        walk_seconds: time constant of that walk.
        noise: whether each band has a noise of its own, of learnt level.
    """

    clocks_hz: tuple[float, float] = (1.1, 6.3)
    walk: float = 0.2
    walk_seconds: float = 0.7
    noise: bool = True


@dataclass(frozen=True)
class Training:
    """How it is trained; defaults suit a voice of hop 2048 on one core."""

    steps: int = 4000
    batch: int = 8
    frames: int = 14
    lead_frames: int = 4
    learning_rate: float = 2.5e-3
    beta: float = 2e-3
    posterior: float = 0.15
    gain_range_db: float = 24.0
    scales: tuple[int, ...] = (4096, 1024, 256)
    splice: float = 0.25
    rest_db: float = -35.0
    axes_weight: float = 0.15
    axes_every: int = 3
    adversarial_from: int = 0
    adversarial_weight: float = 1.0


@dataclass(frozen=True)
class Sound:
    """One source of sound: a physical model, a program of a soundfont, or recordings.

    Attributes:
        kind: "model:NAME", "soundfont:PROGRAM" (General MIDI, from 0) or "samples:FILE" (of
            sonic-pi-samples).
        takes, seconds: how many recordings of what length are rendered (models and soundfonts).
        semitones: copies of a sample at other pitches.
        low, high: notes of a soundfont's program, by MIDI number.
        gain_db: against the common level.
        held_out: never trained on; of models and soundfonts one take in eight is held out anyhow.
    """

    kind: str
    takes: int = 4
    seconds: float = 20.0
    semitones: tuple[float, ...] = (0.0,)
    low: int = 48
    high: int = 84
    gain_db: float = 0.0
    held_out: bool = False


@dataclass(frozen=True)
class Settings:
    """A voice's `settings.toml`."""

    name: str
    summary: str
    seed: int
    network: Network
    living: Living
    training: Training
    sounds: tuple[Sound, ...]

    @staticmethod
    def load(path: Path) -> Settings:
        """Reads and checks the file.

        Raises:
            TrainingError: when it is missing, no TOML, lacks an entry or has one that nothing reads.
        """
        try:
            data = toml_of(path.read_text(encoding="utf-8"))
            settings = Settings.parsed(data)
        except (OSError, KeyError, TypeError, ValueError) as error:
            got = f"missing {error}" if isinstance(error, KeyError) else str(error)
            raise TrainingError(f"a voice's settings at {path}", got, "see voices/*/settings.toml") from None
        return settings

    @staticmethod
    def parsed(data: dict[str, Any]) -> Settings:
        """From tables as TOML or JSON hold them.

        Raises:
            KeyError, TypeError, ValueError: something is missing or wrong.
        """
        settings = Settings(
            str(data["name"]),
            str(data["summary"]),
            int(data.get("seed", 1)),
            _table(Network, data["network"]),
            _table(Living, data.get("living", {})),
            _table(Training, data.get("training", {})),
            tuple(_table(Sound, entry) for entry in data.get("sound", [])),
        )
        _check(settings)
        return settings


def _table(kind: type[T], data: dict[str, Any]) -> T:
    known = {field.name for field in fields(kind)}  # type: ignore[arg-type]
    unknown = set(data) - known
    if unknown:
        raise ValueError(f"unknown entries {', '.join(sorted(unknown))} (known: {', '.join(sorted(known))})")
    return kind(**{name: _frozen(value) for name, value in data.items()})


def _frozen(value: Any) -> Any:
    return tuple(_frozen(item) for item in value) if isinstance(value, list) else value


def _check(settings: Settings) -> None:
    network = settings.network
    if len(network.ratios) != len(network.dilations):
        raise ValueError(f"{len(network.ratios)} ratios and {len(network.dilations)} rows of dilations")
    if network.taps % (2 * network.bands) or network.taps < 4 * network.bands:
        raise ValueError(f"taps {network.taps}, not a multiple of twice the bands, or too few")
    if not 2 <= network.latents <= 64:
        raise ValueError(f"{network.latents} latents, not 2 to 64")
    if settings.training.steps < 1 or settings.training.batch < 1:
        raise ValueError("no steps or no batch")
