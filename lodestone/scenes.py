"""A scene: a calibrated touch, a mapping and a voice, compiled for the engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx

import calibration
from calibration import Calibration
from errors import LodestoneError
from files import write_bytes
from graphs.card import Card, load_onnx, read_card
from lodestone.settings import SceneSettings
from lodestone.voice_files import Progress, find_voice, voice_graph
from mapping import touch_graph
from model_export.compiler import compile_plan, compile_stages
from model_export.compiler.fit import fit
from model_export.noise_free import without_noise
from voices import catalogue

WORTH_A_RUNG = 0.05
"""Least share of a voice's multiplications that leaving out its noise must save. In time it saves more."""


SAFE = "safe"


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
        later_stages: of voices in several stages, those behind the first, by its plan.
    """

    name: str
    touch_plan: Path
    voice_plan: Path
    card: Card
    sister_plans: tuple[Path, ...] = ()
    later_stages: Mapping[Path, tuple[Path, ...]] = field(default_factory=dict)

    @property
    def rest(self) -> npt.NDArray[np.float32]:
        """Latents [Z] of the empty board: the middle of what the voice knows."""
        if self.card.latent is None:
            return np.zeros(self.card.latents, dtype=np.float32)
        return self.card.latent.mean


def make_scene(
    settings: SceneSettings,
    folder: Path,
    beside: Path = Path(),
    progress: Progress = lambda _: None,
    threads: int = 1,
    sizes: bool = False,
) -> Scene:
    """Compiles a scene into `folder`. A voice with a noise branch gets a sister without.

    Args:
        settings: what the player wants of it.
        folder: where `NAME.touch.plan` and `NAME.voice.plan` go, and `voices/` with their graphs.
        beside: the folder that paths in `settings` begin from.
        progress: told one short line at each stage of what takes long.
        threads: cores of a bela-gem that play the voice, and cheaper ones that one core does not carry.
        sizes: whether a voice that ships brings its smaller sizes, where `settings` name no small voice.

    Raises:
        SceneError: the small voice has other latents or another rate.
        LodestoneError: one of its family, for a missing or wrong file and an unknown mapping.
    """
    calibrated = calibration.load(beside / settings.calibration)
    graph = _graph(settings.voice, settings, folder, beside, progress)
    card = read_card(graph)
    smaller = []
    for name in _smaller(settings, beside) if sizes else [settings.small] * bool(settings.small):
        smaller.append(load_onnx(_graph(name, settings, folder, beside, progress)))
        _check_small(read_card(smaller[-1]), card)
    touch = touch_of(calibrated, card, settings, beside)
    folder.mkdir(parents=True, exist_ok=True)
    touch_plan, voice_plan = (folder / f"{settings.name}.{kind}.plan" for kind in ("touch", "voice"))
    write_bytes(touch_plan, compile_plan(touch))
    later = {voice_plan: _write_stages(compile_stages(graph, threads), voice_plan)}
    sisters = []
    for number, sister in enumerate(_sisters(graph, card, smaller), 1):
        sisters.append(folder / f"{settings.name}.voice{number}.plan")
        alone = threads == 1 or fit(compile_plan(sister), "bela-gem").fits
        later[sisters[-1]] = _write_stages(compile_stages(sister, 1 if alone else threads), sisters[-1])
    return Scene(settings.name, touch_plan, voice_plan, card, tuple(sisters), later)


def safe_scene(scene: Scene, settings: SceneSettings, folder: Path, beside: Path = Path()) -> Scene:
    """What plays where the button is held while power comes on: a cheap voice under the default mapping.

    Its calibration stays: it belongs to the board, not to a taste.

    Args:
        scene: whose cheapest voice it takes, mostly the first one.
        settings: what that scene was made of.
        folder: where `NAME.safe.touch.plan` goes.
        beside: the folder that paths in `settings` begin from.

    Raises:
        LodestoneError: as `make_scene`.
    """
    plain = SceneSettings(SAFE, settings.voice, calibration=settings.calibration)
    touch = touch_of(calibration.load(beside / settings.calibration), scene.card, plain)
    touch_plan = folder / f"{scene.name}.safe.touch.plan"
    write_bytes(touch_plan, compile_plan(touch))
    voice_plan = (scene.voice_plan, *scene.sister_plans)[-1]
    later = {voice_plan: scene.later_stages.get(voice_plan, ())}
    return Scene(SAFE, touch_plan, voice_plan, scene.card, (), later)


def touch_of(
    calibrated: Calibration, card: Card, scene: SceneSettings, beside: Path = Path()
) -> onnx.ModelProto:
    """The touch graph of a scene for a voice with this card.

    Raises:
        MappingError: the scene's mapping, or one of its knobs, is not there.
    """
    return touch_graph(calibrated, card, scene.mapping, scene.seed, knobs=scene.knobs, beside=beside)


def _write_stages(plans: list[bytes], first: Path) -> tuple[Path, ...]:
    """Writes the plans of a voice's stages, the first one as `first`; returns where the others are."""
    paths = [first, *(first.with_suffix(f".stage{stage}.plan") for stage in range(2, len(plans) + 1))]
    for path, plan in zip(paths, plans, strict=True):
        write_bytes(path, plan)
    return tuple(paths[1:])


def _graph(voice: str, settings: SceneSettings, folder: Path, beside: Path, progress: Progress) -> Path:
    return voice_graph(find_voice(voice, beside), folder / "voices", settings.precision, progress)


def _check_small(small: Card, whole: Card) -> None:
    wanted, got = (whole.latents, whole.sample_rate), (small.latents, small.sample_rate)
    if wanted != got:
        raise SceneError(
            f"a small voice of {wanted[0]} latents at {wanted[1]} Hz, as the scene's voice has them",
            f"{got[0]} at {got[1]} Hz",
            "name one that was made for the same latents, or none",
        )


def _smaller(settings: SceneSettings, beside: Path) -> list[str]:
    """Voices for when the scene's is too slow: the one that it names, or the sizes of one that ships."""
    if settings.small or (beside / settings.voice).is_file():
        return [settings.small] * bool(settings.small)
    known = [voice for voice in catalogue.shipped() if voice.name == settings.voice]
    return [size.name for voice in known for size in voice.sizes]


def _sisters(graph: Path, card: Card, smaller: list[onnx.ModelProto]) -> list[onnx.ModelProto]:
    """The rungs below a voice, the dearest first: itself without noise if that saves much, smaller ones."""
    found = list(smaller)
    if card.noise:
        quiet = without_noise(load_onnx(graph))
        if read_card(quiet).macs_per_second <= (1 - WORTH_A_RUNG) * card.macs_per_second:
            found.append(quiet)
    return sorted(found, key=lambda model: -read_card(model).macs_per_second)
