"""A take through the real firmware: its field moves a simulated board, its cues turn knobs and scenes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from firmware import Engine
from graphs.card import Card
from lodestone.perform import Performance, perform
from lodestone.scenes import Scene
from lodestone.settings import SceneSettings, load_settings
from lodestone.simulated_host import Cue
from lodestone.summary import Summary
from lodestone.takes.content import cues, field_world
from lodestone.takes.take_file import Take, TakeError


def scenes_for(
    settings: Path | None, voice: str, mapping: str, calibration: Path, seed: int
) -> tuple[tuple[SceneSettings, ...], Path]:
    """The scenes to render with, and where their paths begin.

    Raises:
        TakeError: settings without scenes.
        SettingsError: settings that cannot be read.
    """
    if settings is None:
        return (SceneSettings("render", voice, mapping, str(calibration), seed=seed),), Path()
    scenes = load_settings(settings).scenes
    if not scenes:
        raise TakeError(f"scenes in {settings}", "none", "add a [[scene]], or give --mapping")
    return scenes, settings.parent


def perform_take(take: Take, scenes: tuple[SceneSettings, ...], beside: Path, out: Path) -> Summary:
    """Plays the field of a take with these scenes; files are left in `out`.

    Raises:
        LodestoneError: one of its family, for a take without field, and anything missing or wrong.
    """
    world = field_world(take)
    wanted = Performance(
        out=out,
        voice=scenes[0].voice,
        calibration=None,
        mapping=scenes[0].mapping,
        gesture=world,
        seconds=max(take.seconds, 1.0),
        seed=0,
        live=False,
        scenes=scenes,
        beside=beside,
        cues=lambda made: _cues(take, made),
        noise_ut=0.0,
    )
    return perform(wanted)


def _cues(take: Take, scenes: Sequence[Scene]) -> Sequence[Cue]:
    names = frozenset(knob for scene in scenes for knob in _card(scene.touch_plan).knobs)
    return cues(take, tuple(scene.name for scene in scenes), names)


def _card(plan: Path) -> Card:
    return Card.from_json(Engine.load(plan).card)
