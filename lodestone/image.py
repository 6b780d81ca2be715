"""The image: one folder with everything that a board needs to become the instrument (docs/board.md)."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, Protocol

import firmware
from definitions import settings as table
from definitions.chips import Value
from errors import LodestoneError
from files import fresh_folder
from lodestone.places import ROOT as ROOT  # what tests and bench name the checkout by
from lodestone.places import place
from lodestone.settings import Settings
from sensors import SensorSettings

SOURCE_FOLDERS = ("generated", "engine", "chips", "osc", "instrument", "platform")
MANIFEST = "MANIFEST"
SAFE_FILES = "safe.start"
"""Scenes' names have no dot: no scene of the player's has these files."""


class ImageError(LodestoneError):
    """An image could not be made, or is not whole."""


class SceneFiles(Protocol):
    """What an image takes of a scene: a name without spaces, and two compiled plans."""

    @property
    def name(self) -> str:
        """Without spaces."""

    @property
    def touch_plan(self) -> Path:
        """Of the mapping and its calibration."""

    @property
    def voice_plan(self) -> Path:
        """Of the whole voice."""

    @property
    def sister_plans(self) -> tuple[Path, ...]:
        """Cheaper voices for the same latents, the dearest first: what plays when the board is too slow."""

    @property
    def later_stages(self) -> Mapping[Path, tuple[Path, ...]]:
        """The stages behind the first, by the plan of that one, of the voices that several cores play."""


def build_image(
    out_dir: Path,
    scenes: Sequence[SceneFiles],
    settings: Settings | None = None,
    safe: SceneFiles | None = None,
) -> Path:
    """Writes the image folder of `scenes` and `settings`; an earlier image there is replaced in one step.

    Args:
        out_dir: the folder to make. A folder that is neither empty nor an image is left alone.
        scenes: at least one; the first one sounds at the first start.
        settings: the player's; the defaults where None.
        safe: what plays where the button is held at the start; the first scene where None.

    Returns:
        `out_dir`.

    Raises:
        ImageError: no scene, two of one name, a missing plan, or a folder that is something else.

    Example:
        >>> import tempfile
        >>> from tests.support.tiny import scene
        >>> folder = Path(tempfile.mkdtemp())
        >>> image = build_image(folder / "image", [scene(folder, "first")])
        >>> (image / "board.conf").is_file()
        True
    """
    settings = settings or Settings()
    _check(out_dir, scenes)
    with fresh_folder(out_dir) as fresh:
        _fill(fresh, scenes, settings, safe)
    return out_dir


def _check(out_dir: Path, scenes: Sequence[SceneFiles]) -> None:
    if not scenes:
        raise ImageError("at least one scene", "none", "add a [[scene]] to instrument.toml")
    names = [scene.name for scene in scenes]
    if len(set(names)) != len(names) or any(not name or set(name) & set(" \t#/") for name in names):
        raise ImageError("scenes of different names without spaces", ", ".join(names), "rename them")
    for plan in (p for scene in scenes for p in (scene.touch_plan, *chain.from_iterable(_voices(scene)))):
        if not plan.is_file():
            raise ImageError(f"the plan {plan}", "no such file", "compile it with `lodestone compile`")
    if out_dir.exists() and any(out_dir.iterdir()) and not (out_dir / MANIFEST).is_file():
        raise ImageError("an empty folder or an earlier image", str(out_dir), "name another folder")


def _fill(folder: Path, scenes: Sequence[SceneFiles], settings: Settings, safe: SceneFiles | None) -> None:
    for program in ("render.cpp", "check.cc"):
        shutil.copy(place("bela_project") / program, folder)
    for name in SOURCE_FOLDERS:
        for source in sorted((place("firmware") / name).glob("*")):
            if source.suffix in (".cpp", ".h"):
                (folder / "firmware" / name).mkdir(parents=True, exist_ok=True)
                shutil.copy(source, folder / "firmware" / name)
    (folder / "plans").mkdir()
    for scene in scenes:
        _copy_plans(folder, scene, scene.name)
    if safe is not None:
        _copy_plans(folder, safe, SAFE_FILES)
    voices = [[len(stages) for stages in _voices(scene)] for scene in scenes]
    safe_voices = None if safe is None else [len(stages) for stages in _voices(safe)]
    texts = {
        "board.conf": _understood(
            board_conf([scene.name for scene in scenes], settings, voices, safe_voices)
        ),
        "arguments": " ".join(bela_arguments(settings)) + "\n",
        "settings.json": json.dumps(bela_settings(settings), indent=2) + "\n",
    }
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    (folder / MANIFEST).write_text(manifest(folder), encoding="utf-8")


def _copy_plans(folder: Path, scene: SceneFiles, name: str) -> None:
    shutil.copy(scene.touch_plan, folder / "plans" / f"{name}.touch.plan")
    for number, stages in enumerate(_voices(scene)):
        for plan, copy in zip(stages, _stage_files(name, number, len(stages)), strict=True):
            shutil.copy(plan, folder / copy)


def _understood(conf: str) -> str:
    """`conf`, once the firmware's own reader has taken every line of it. Raises ImageError."""
    trouble, _ = firmware.read_board_conf(conf)
    if trouble:
        raise ImageError("settings that the firmware takes", trouble, "correct instrument.toml")
    return conf


def _voices(scene: SceneFiles) -> list[tuple[Path, ...]]:
    """The plans of each voice's stages, mostly one; the whole voice first."""
    return [(plan, *scene.later_stages.get(plan, ())) for plan in (scene.voice_plan, *scene.sister_plans)]


def _stage_files(scene_name: str, voice: int, stages: int) -> list[str]:
    """Where the stages of a scene's voice lie below the image."""
    name = f"plans/{scene_name}.voice{voice or ''}"
    return [f"{name}.plan", *(f"{name}.stage{stage}.plan" for stage in range(2, stages + 1))]


def board_conf(
    scene_names: Sequence[str],
    settings: Settings,
    voices: Sequence[Sequence[int]] | None = None,
    safe: Sequence[int] | None = None,
) -> str:
    """The text of board.conf: what the firmware reads.

    Args:
        scene_names: in the order in which they are asked for.
        settings: the player's.
        voices: of each scene, how many stages each of its voices has; one voice of one stage where None.
        safe: the same of the safe scene; None: there is none.
    """
    lines = ["format = lodestone-board 1", *table.conf_lines(settings.values)]
    lines += [f"sensor = {_sensor(sensor)}" for sensor in settings.sensors]
    lines += ["state = /root/lodestone/state", "status_file = /run/lodestone.status"]
    lines += ["log = /root/lodestone/log/board.log"]
    for name, stages in zip(scene_names, voices or [[1]] * len(scene_names), strict=True):
        lines.append(f"scene = {name} {_plans(name, stages)}")
    morphs = {scene.name: round(1000 * scene.morph) for scene in settings.scenes}
    lines += [f"morph = {name} {morphs[name]}" for name in scene_names if morphs.get(name)]
    if safe is not None:
        lines.append(f"safe_scene = safe {_plans(SAFE_FILES, safe)}")
    return "\n".join(lines) + "\n"


def _plans(name: str, stages: Sequence[int]) -> str:
    voices = ["+".join(_stage_files(name, voice, count)) for voice, count in enumerate(stages)]
    return " ".join([f"plans/{name}.touch.plan", *voices])


def _sensor(sensor: SensorSettings) -> str:
    values = {"axes": sensor.axes, "identity": sensor.identity, **sensor.values}
    words = [f"{key}={_numbers(value)}" for key, value in values.items()]
    return f"{sensor.chip} {sensor.address:#04x} {' '.join(words)}"


def _numbers(value: Value) -> str:
    return ",".join(str(int(number)) for number in (value if isinstance(value, tuple) else (value,)))


def bela_arguments(settings: Settings) -> list[str]:
    """What the program is started with: the settings that Bela's own main takes from its command line."""
    rate = ["-r", str(settings.rate)] if settings.board == "bela-gem" else []
    return ["-p", str(settings.period), *rate]


def bela_settings(settings: Settings) -> dict[str, Any]:
    """settings.json of Bela's browser interface: how it builds and runs the project."""
    words = bela_arguments(settings)
    arguments = {"user": "", "make": "CPPFLAGS=-std=c++14", "-M": "0"}
    return {
        "fileName": "render.cpp",
        "CLArgs": {**dict(zip(words[::2], words[1::2], strict=True)), **arguments},
    }


def manifest(folder: Path) -> str:
    """A line `sha256  path` for each file but the manifest itself, sorted: `sha256sum -c` reads it."""
    lines = []
    for path in sorted(p for p in folder.rglob("*") if p.is_file() and p.name != MANIFEST):
        lines.append(
            f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(folder).as_posix()}\n"
        )
    return "".join(lines)
