"""A scene: a calibrated touch, a mapping and a voice, compiled for the engine."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx

import calibration
import mapping
from lodestone.errors import LodestoneError
from model_export.card import Card, load_onnx, read_card
from model_export.compiler import compile_plan
from model_export.noise_free import without_noise
from model_export.torchscript import plain_name
from voices import catalogue
from voices.graph import export_voice

WORTH_A_RUNG = 0.05
"""Least share of a voice's multiplications that leaving out its noise must save. In time it saves more."""


class SceneError(LodestoneError):
    """A scene cannot be put together."""


@dataclass(frozen=True)
class Scene:
    """What the board needs to play one sound.

    Attributes:
        name: what the player calls it.
        touch_plan: field to latents, 200 times a second.
        voice_plan: latents to sound, once a hop.
        card: the voice's card: rates, latents, statistics.
        sister_plans: cheaper voices for the same latents, the dearest first, for when the board is too slow.
    """

    name: str
    touch_plan: Path
    voice_plan: Path
    card: Card
    sister_plans: tuple[Path, ...] = ()

    @property
    def rest(self) -> npt.NDArray[np.float32]:
        """Latents [Z] of the empty board: the middle of what the voice knows."""
        if self.card.latent is None:
            return np.zeros(self.card.latents, dtype=np.float32)
        return self.card.latent.mean


def find_voice(voice: str) -> Path:
    """The file of a voice: any `.ts`, `.ts.xz` or `.onnx` by its path, else one that ships, by its name.

    Raises:
        VoiceError: where it is neither.
    """
    path = Path(voice)
    return path if path.is_file() else catalogue.find(voice).path


def voice_graph(voice: Path, cache: Path) -> Path:
    """The streaming ONNX graph of a voice: the file itself, or the export of a `.ts`, kept in `cache`.

    Raises:
        model_export.ExportError: where the file is no RAVE model.
    """
    if voice.suffix == ".onnx":
        return voice
    digest = hashlib.sha256(voice.read_bytes()).hexdigest()[:16]
    graph = cache / f"{plain_name(voice)}-{digest}.onnx"
    if not graph.is_file():
        cache.mkdir(parents=True, exist_ok=True)
        partial = graph.with_suffix(".partial")
        onnx.save_model(export_voice(voice), partial)
        partial.replace(graph)
    return graph


def make_scene(
    name: str, voice: Path, calibration_file: Path, mapping_name: str, folder: Path, small: Path | None = None
) -> Scene:
    """Compiles a scene into `folder`. A voice with a noise branch gets a sister without.

    Args:
        name: letters, digits and dashes.
        voice: `.ts` or `.onnx` of the voice.
        calibration_file: a `*.calibration.json`.
        mapping_name: one of `mapping.names()`.
        folder: where `NAME.touch.plan` and `NAME.voice.plan` go.
        small: a cheaper voice that was made for the same latents.

    Raises:
        SceneError: the small voice has other latents or another rate.
        LodestoneError: one of its family, for a missing or wrong file and an unknown mapping.
    """
    calibrated = calibration.load(calibration_file)
    graph = voice_graph(voice, folder / "voices")
    card = read_card(graph)
    touch = mapping.touch_graph(calibrated, card, mapping=mapping_name)
    folder.mkdir(parents=True, exist_ok=True)
    touch_plan, voice_plan = folder / f"{name}.touch.plan", folder / f"{name}.voice.plan"
    touch_plan.write_bytes(compile_plan(touch))
    voice_plan.write_bytes(compile_plan(graph))
    sisters = []
    for number, sister in enumerate(_sisters(graph, card, small, folder), 1):
        sisters.append(folder / f"{name}.voice{number}.plan")
        sisters[-1].write_bytes(compile_plan(sister))
    return Scene(name, touch_plan, voice_plan, card, tuple(sisters))


def _sisters(graph: Path, card: Card, small: Path | None, folder: Path) -> list[onnx.ModelProto]:
    """The rungs below a voice, the dearest first: itself without noise if that saves much, the small one."""
    found = []
    if card.noise:
        quiet = without_noise(load_onnx(graph))
        if read_card(quiet).macs_per_second <= (1 - WORTH_A_RUNG) * card.macs_per_second:
            found.append(quiet)
    if small is not None:
        found.append(_small_voice(small, card, folder))
    return sorted(found, key=lambda model: -read_card(model).macs_per_second)


def _small_voice(small: Path, whole: Card, folder: Path) -> onnx.ModelProto:
    model = load_onnx(voice_graph(small, folder / "voices"))
    card = read_card(model)
    wanted, got = (whole.latents, whole.sample_rate), (card.latents, card.sample_rate)
    if wanted != got:
        raise SceneError(
            f"a small voice of {wanted[0]} latents at {wanted[1]} Hz, as the scene's voice has them",
            f"{got[0]} at {got[1]} Hz",
            "name one that was made for the same latents, or none",
        )
    return model
