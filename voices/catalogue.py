"""The voices that ship: what each is, where its file lies, how its latents spread."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from voices.errors import VoiceError

FORMAT, VERSION = "lodestone-voice", 1
FOLDER = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Recording:
    """One source of a voice's corpus."""

    file: str
    origin: str
    licence: str


@dataclass(frozen=True)
class Voice:
    """A shipped voice, as its card tells.

    Attributes:
        name, summary: what to call it, how it sounds.
        path: upstream's TorchScript export; `lodestone export` reads it, nn~ plays it.
        sha256: of that file.
        sample_rate, hop, latents: Hz, samples per latent frame, latents.
        mean, std: [Z], of the latents of its corpus.
        steps, hours: how long it was trained.
        corpus: what it was trained on.
    """

    name: str
    summary: str
    path: Path
    sha256: str
    sample_rate: int
    hop: int
    latents: int
    mean: npt.NDArray[np.float32]
    std: npt.NDArray[np.float32]
    steps: int
    hours: float
    corpus: tuple[Recording, ...]

    def verify(self) -> None:
        """Compares the file with its card.

        Raises:
            VoiceError: when they do not belong together.
        """
        digest = hashlib.sha256(self.path.read_bytes()).hexdigest()
        if digest != self.sha256:
            wanted = f"{self.path.name} with SHA-256 {self.sha256[:12]}…"
            raise VoiceError(wanted, f"{digest[:12]}…", "restore the file, or ship the voice again")


def _parse(card: dict[str, Any], folder: Path) -> Voice:
    if card["format"] != FORMAT or card["version"] != VERSION:
        raise ValueError(f"{card['format']} {card['version']}")
    return Voice(
        name=str(card["name"]),
        summary=str(card["summary"]),
        path=folder / str(card["file"]),
        sha256=str(card["sha256"]),
        sample_rate=int(card["sample_rate"]),
        hop=int(card["hop"]),
        latents=int(card["latents"]),
        mean=np.asarray(card["latent"]["mean"], np.float32),
        std=np.asarray(card["latent"]["std"], np.float32),
        steps=int(card["training"]["steps"]),
        hours=float(card["training"]["hours"]),
        corpus=tuple(Recording(**entry) for entry in card["corpus"]),
    )


def read(folder: Path) -> Voice:
    """The voice in a folder with a `card.json`.

    Raises:
        VoiceError: when the card is missing or malformed, or its file is missing.
    """
    path = folder / "card.json"
    try:
        voice = _parse(json.loads(path.read_text(encoding="utf-8")), folder)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise VoiceError(f"a voice's card at {path}", repr(error), "ship the voice again") from None
    if not voice.path.is_file():
        raise VoiceError(
            f"the voice's file {voice.path}", "none there", "restore it, or ship the voice again"
        )
    return voice


def shipped(folder: Path = FOLDER) -> list[Voice]:
    """Every voice that ships, by name."""
    return [read(card.parent) for card in sorted(folder.glob("*/card.json"))]


def find(name: str, folder: Path = FOLDER) -> Voice:
    """The shipped voice of that name.

    Raises:
        VoiceError: when there is none.
    """
    voices = {voice.name: voice for voice in shipped(folder)}
    if name not in voices:
        raise VoiceError(
            f"a shipped voice ({', '.join(voices)})", name, "choose one of these, or name a .ts file"
        )
    return voices[name]
