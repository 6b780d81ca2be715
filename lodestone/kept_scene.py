"""What plays now, written into `instrument.toml` as a scene of its own."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from files import locked, write_text
from lodestone.board_messages import BoardKnob
from lodestone.settings import SceneSettings, SettingsError, load_settings, parse_settings

NOT_KEPT = ("rest_capture",)
"""A press, not a place where a knob stands."""


def keep_scene(path: Path, name: str, plays: str, knobs: Sequence[BoardKnob]) -> SceneSettings:
    """Adds a scene to the settings: what `plays` is made of, with the knobs as they stand now.

    The file's own text stays as it is, comments and all; the scene is written behind it, in the file's way to
    end lines.

    Args:
        path: the player's settings.
        name: of the new scene.
        plays: the scene that sounds, by its name.
        knobs: as the board tells them.

    Raises:
        SettingsError: there is no such scene in the file, the name is taken or no name, or the file cannot be
            written to as it is.
    """
    with locked(path.parent):
        settings = load_settings(path)
        names = [scene.name for scene in settings.scenes]
        source = next((scene for scene in settings.scenes if scene.name == plays), None)
        if source is None:
            got = f"{plays!r} on the board, {', '.join(names) or 'none'} there"
            do = "give the settings that this board was built from"
            raise SettingsError(f"the scene that plays in {path}", got, do)
        if name in names:
            raise SettingsError(f"a name that no scene of {path} has", name, "choose another")
        kept = replace(source, name=name, knobs=_standing(source.knobs, knobs))
        text = path.read_bytes().decode("utf-8")
        line_end = "\r\n" if "\r\n" in text else "\n"
        whole = text.rstrip("\r\n") + ("\n\n" + scene_text(kept)).replace("\n", line_end)
        if parse_settings(whole, str(path)).scenes[-1] != kept:
            raise SettingsError(f"scenes as [[scene]] in {path}", "another form", "write them so")
        write_text(path, whole)
    return kept


def _standing(before: Mapping[str, float], knobs: Sequence[BoardKnob]) -> dict[str, float]:
    """Where knobs stand, without those that stand where the mapping has them."""
    now = {knob.name: float(f"{knob.value:.6g}") for knob in knobs if knob.name not in NOT_KEPT}
    first = {knob.name: float(f"{knob.initial:.6g}") for knob in knobs}
    moved = {name: value for name, value in now.items() if name in before or value != first[name]}
    return {**before, **moved}


def scene_text(scene: SceneSettings) -> str:
    """A scene as TOML, what is usual left out."""
    usual = SceneSettings("", "")
    lines = ["[[scene]]", f"name = {_quoted(scene.name)}", f"voice = {_quoted(scene.voice)}"]
    for key in ("mapping", "calibration", "smoothing", "small", "precision"):
        if getattr(scene, key) != getattr(usual, key):
            lines.append(f"{key} = {_quoted(getattr(scene, key))}")
    if scene.seed != usual.seed:
        lines.append(f"seed = {scene.seed}")
    if scene.morph != usual.morph:
        lines.append(f"morph = {scene.morph!r}")
    if scene.knobs:
        turned = ", ".join(f"{knob} = {value!r}" for knob, value in scene.knobs.items())
        lines.append(f"knobs = {{ {turned} }}")
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    """A TOML string: JSON's escapes are TOML's."""
    return json.dumps(text, ensure_ascii=False)
