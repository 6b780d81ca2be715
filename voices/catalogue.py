"""The voices that ship: what each is, where its file lies, how its latents spread."""

from __future__ import annotations

import hashlib
import json
import lzma
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx

from model_export.torchscript_writer import torchscript
from voices.errors import VoiceError

FORMAT, VERSION = "lodestone-voice", 3
FOLDER = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Recording:
    """One source of a voice's corpus."""

    file: str
    origin: str
    licence: str


@dataclass(frozen=True)
class Size:
    """A smaller form of a voice, taught by it (docs/distil.md): same latents, for a board that is too slow.

    Attributes:
        path, sha256: its graph, as a voice's.
        capacity: channels of its decoder's last stage.
        step_ms: when 10, 50 and 90 per cent of a latent step are heard.
        fidelity: how near it comes to the voice (`training.fidelity`).
        minutes: of the processor, that it was taught.
    """

    path: Path
    sha256: str
    capacity: int
    step_ms: tuple[float, ...]
    fidelity: Mapping[str, float]
    minutes: float

    @property
    def name(self) -> str:
        """As a scene may name it."""
        return self.path.name.removesuffix(".onnx.xz")

    def graph(self) -> onnx.ModelProto:
        """Its streaming graph with its card, checked. Raises VoiceError as `Voice.graph`."""
        return _unpacked(self.path, self.sha256)


@dataclass(frozen=True)
class Ears:
    """What turns sound into a voice's latents, learnt from the voice itself (`training.ears`).

    Attributes:
        path, sha256: its graph, as a voice's.
        figures: how well it finds latents back from the voice's own sound.
    """

    path: Path
    sha256: str
    figures: Mapping[str, float]


@dataclass(frozen=True)
class Voice:
    """A shipped voice, as its card tells.

    Attributes:
        name, summary: what to call it, how it sounds.
        path: its graph, exact, packed by xz (`NAME.onnx.xz`).
        sha256: of the `.onnx` within.
        capacity: channels of its decoder's last stage.
        sample_rate, hop, latents: Hz, samples per latent frame, latents.
        latents_of: the voice whose latents these are: its own name, or that of the smaller one that it
            started from. Voices of the same latents can take turns while the same latents go on.
        mean, std: [Z], of the latents of its corpus.
        steps, hours: how long it was trained.
        step_ms: when 10, 50 and 90 per cent of a latent step are heard; empty where it was not measured.
        held_out: figures (`distance`, `loudness_db`, `high_db`) on recordings that it never heard, by what
            gave
            them back: the voice itself by its name, what costs nothing, and other files.
        corpus: what it was trained on.
        sizes: smaller forms of it, the largest first.
        ears: its encoder; None where it has none.
    """

    name: str
    summary: str
    path: Path
    sha256: str
    capacity: int
    sample_rate: int
    hop: int
    latents: int
    latents_of: str
    mean: npt.NDArray[np.float32]
    std: npt.NDArray[np.float32]
    steps: int
    hours: float
    corpus: tuple[Recording, ...]
    step_ms: tuple[float, ...] = ()
    held_out: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    sizes: tuple[Size, ...] = ()
    ears: Ears | None = None

    def graph(self) -> onnx.ModelProto:
        """Its streaming graph with its card, checked.

        Raises:
            VoiceError: when the file is damaged or not the one that the card describes.
        """
        return _unpacked(self.path, self.sha256)

    def encoder(self) -> onnx.ModelProto | None:
        """The graph of its encoder, checked; None where it has none. Raises VoiceError as `graph`."""
        return None if self.ears is None else _unpacked(self.ears.path, self.ears.sha256)

    def torchscript(self) -> bytes:
        """The `.ts` that nn~ and PyTorch play, written from the graph; with `encode` if it has an encoder."""
        return torchscript(self.graph(), self.name, self.encoder())


def _unpacked(path: Path, sha256: str) -> onnx.ModelProto:
    """The graph in a packed file, whose SHA-256 must be this."""
    wanted = f"{path.name} holding a graph of SHA-256 {sha256[:12]}…"
    do = "restore the file, or ship the voice again"
    try:
        plain = lzma.decompress(path.read_bytes())
    except (OSError, lzma.LZMAError, EOFError) as error:
        raise VoiceError(wanted, str(error), do) from None
    digest = hashlib.sha256(plain).hexdigest()
    if digest != sha256:
        raise VoiceError(wanted, f"{digest[:12]}…", do)
    return onnx.load_from_string(plain)


def _size(told: dict[str, Any], folder: Path) -> Size:
    return Size(
        path=folder / str(told["file"]),
        sha256=str(told["sha256"]),
        capacity=int(told["capacity"]),
        step_ms=tuple(float(part) for part in told["step_ms"]),
        fidelity={str(key): float(value) for key, value in told["fidelity"].items()},
        minutes=float(told["minutes"]),
    )


def _ears(told: dict[str, Any], folder: Path) -> Ears:
    figures = {str(key): float(value) for key, value in told["figures"].items()}
    return Ears(folder / str(told["file"]), str(told["sha256"]), figures)


def _parse(card: dict[str, Any], folder: Path) -> Voice:
    if card["format"] != FORMAT or card["version"] != VERSION:
        raise ValueError(f"{card['format']} {card['version']}")
    return Voice(
        name=str(card["name"]),
        summary=str(card["summary"]),
        path=folder / str(card["file"]),
        sha256=str(card["sha256"]),
        capacity=int(card["capacity"]),
        sample_rate=int(card["sample_rate"]),
        hop=int(card["hop"]),
        latents=int(card["latents"]),
        latents_of=str(card["latents_of"]),
        mean=np.asarray(card["latent"]["mean"], np.float32),
        std=np.asarray(card["latent"]["std"], np.float32),
        steps=int(card["training"]["steps"]),
        hours=float(card["training"]["hours"]),
        corpus=tuple(Recording(**entry) for entry in card["corpus"]),
        step_ms=tuple(float(part) for part in card.get("step_ms", ())),
        held_out={str(key): dict(value) for key, value in card.get("held_out", {}).items()},
        sizes=tuple(_size(told, folder) for told in card.get("sizes", ())),
        ears=_ears(card["encoder"], folder) if "encoder" in card else None,
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
    ears = () if voice.ears is None else (voice.ears.path,)
    for file in (voice.path, *ears, *(size.path for size in voice.sizes)):
        if not file.is_file():
            raise VoiceError(f"the voice's file {file}", "none there", "restore it, or ship the voice again")
    return voice


def shipped(folder: Path = FOLDER) -> list[Voice]:
    """Every voice that ships, by name."""
    return [read(card.parent) for card in sorted(folder.glob("*/card.json"))]


def find(name: str, folder: Path = FOLDER) -> Voice:
    """The shipped voice of that name.

    Raises:
        VoiceError: when there is none.

    Example:
        >>> find("glass").latents
        8
    """
    voices = {voice.name: voice for voice in shipped(folder)}
    if name not in voices:
        raise VoiceError(
            f"a shipped voice ({', '.join(voices)})", name, "choose one of these, or name a .ts file"
        )
    return voices[name]


def of(name: str, folder: Path = FOLDER) -> Voice:
    """The shipped voice of that name, or the one that a size of that name belongs to.

    Raises:
        VoiceError: when there is none.

    Example:
        >>> of("glass-small").name
        'glass'
    """
    owners = {size.name: voice for voice in shipped(folder) for size in voice.sizes}
    return owners[name] if name in owners else find(name, folder)


def file(name: str, folder: Path = FOLDER) -> Path:
    """The file of a shipped voice, or of one of its sizes, by its name.

    Raises:
        VoiceError: when there is none.
    """
    sizes = {size.name: size.path for voice in shipped(folder) for size in voice.sizes}
    return sizes[name] if name in sizes else find(name, folder).path
