"""Makes the page: `out/page/`, a folder for any static host, and the same as one file, `lodestone.html`."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

import calibration
from calibration.session import calibrate_simulated
from files import fresh_folder, write_bytes
from firmware import Engine
from lodestone.page.errors import PageError
from lodestone.page.facts import (
    board_facts,
    chip_facts,
    knob_facts,
    message_facts,
    reach_table,
    scene_facts,
)
from lodestone.page.one_file import bundle
from lodestone.page.pack import pack
from lodestone.places import place
from lodestone.scenes import Scene, make_scene
from lodestone.settings import EXACT, SceneSettings
from mapping import touch_graph
from mapping.families import in_words, names
from model_export.compiler import compile_plan
from voices import atlas, catalogue

SITE = place("page")
SITE_FILES = ("*.html", "*.css", "*.js")
MODULES = ("instrument.wasm", "instrument-plain.wasm")
CALIBRATED, CALIBRATION_SEED = "simulated.calibration.json", 1
FIRST_VOICE, FIRST_MAPPING = "glass", "rotate"
"""What a page begins with, as `lodestone play` does."""
ANY_LATENTS = (16, 64)
"""Of the touches for voices of the player's: a voice takes the first of them."""

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Built:
    """Where the page lies."""

    folder: Path
    file: Path


def build_page(out: Path, modules: Path, progress: Progress = lambda _: None) -> Built:
    """Makes the site and the one file in `out`, with every voice that ships under every mapping.

    Args:
        out: a folder; `page/`, `lodestone.html` and `page-work/` (plans, kept for the next time) go there.
        modules: where firmware/browser/build.sh put the WebAssembly modules.
        progress: told one short line at each stage.

    Raises:
        PageError: the modules are not there.
        LodestoneError: one of its family.
    """
    for name in MODULES:
        if not (modules / name).is_file():
            raise PageError(f"the module {modules / name}", "no such file", "make it with `make page`")
    work = out / "page-work"
    work.mkdir(parents=True, exist_ok=True)
    files: dict[str, bytes] = {name: (modules / name).read_bytes() for name in MODULES}
    facts = _facts(work, files, progress)
    files["facts.json"] = json.dumps(facts, separators=(",", ":")).encode()
    progress("packing")
    packed = {name: pack(data) for name, data in files.items()}
    folder = _site(out / "page", packed)
    file = out / "lodestone.html"
    file.write_bytes(bundle(SITE, packed))
    return Built(folder, file)


def ready_page(out: Path) -> Built | None:
    """The page that an installed package carries, put into `out` as `build_page` would make it.

    Returns:
        None where none is carried, as in a checkout.
    """
    carried = place("site")
    if not (carried / "index.html").is_file():
        return None
    folder, file = out / "page", out / "lodestone.html"
    with fresh_folder(folder) as fresh:
        shutil.copytree(carried, fresh, dirs_exist_ok=True)
    packed = {path.name.removesuffix(".packed"): path.read_bytes() for path in carried.glob("data/*.packed")}
    write_bytes(file, bundle(SITE, packed))
    return Built(folder, file)


def page_folder(out: Path) -> Path:
    """Where the page lies that is to be served: what `--make` left in `out`, else the one carried."""
    made = out / "page"
    return made if (made / "index.html").is_file() else place("site")


def _facts(work: Path, files: dict[str, bytes], progress: Progress) -> dict[str, Any]:
    """Makes the scenes, puts their plans into `files`, and returns all that the page must know."""
    scenes, reach = [], None
    words: dict[str, list[str]] = {}
    for voice, family, scene in make_scenes(work, progress):
        touch = Engine.load(scene.touch_plan)
        if voice.name not in words:
            words[voice.name] = _latent_words(voice, scene.voice_plan)
        if reach is None:
            reach = reach_table(touch)
        touch_file, voice_file = f"{scene.name}.touch.plan", f"{voice.name}.voice.plan"
        files[touch_file] = scene.touch_plan.read_bytes()
        files[voice_file] = scene.voice_plan.read_bytes()
        more = {
            "mapping": family,
            "touch": touch_file,
            "voice_file": voice_file,
            "summary": voice.summary,
        }
        scenes.append({**scene_facts(scene, touch, words[voice.name]), **more})
    families, calibrated = _families(), work / CALIBRATED
    mappings = {name: in_words(name) for name in families}
    return {
        "format": "lodestone-page",
        "version": 1,
        "sample_rate": 44100,
        "board": board_facts(),
        "chip": chip_facts(),
        "calibrated": f"simulated board {CALIBRATION_SEED}",
        "messages": message_facts(),
        "mappings": mappings,
        "reach": reach,
        "scenes": scenes,
        "touches": _touches(families, calibrated, files),
    }


def make_scenes(work: Path, progress: Progress) -> list[tuple[catalogue.Voice, str, Scene]]:
    """Every voice that ships under every mapping, in the page's order; plans are left in `work`/plans.

    Raises:
        LodestoneError: one of its family.
    """
    progress("calibrating the simulated board")
    work.mkdir(parents=True, exist_ok=True)
    calibrated = work / CALIBRATED
    if not calibrated.is_file():
        calibrate_simulated(calibrated, CALIBRATION_SEED)
    made = []
    for voice in sorted(catalogue.shipped(), key=lambda voice: voice.name != FIRST_VOICE):
        progress(f"putting {voice.name} together")
        made += [(voice, family, _scene(voice.name, family, calibrated, work)) for family in _families()]
    return made


def _families() -> list[str]:
    return sorted(names(), key=lambda name: name != FIRST_MAPPING)


def _touches(families: list[str], path: Path, files: dict[str, bytes]) -> list[dict[str, Any]]:
    """Touches for voices that do not come with the page: they give standard deviations of any voice."""
    made = []
    for family in families:
        for latents in ANY_LATENTS:
            card = {"name": "any", "latent": {"mean": [0.0] * latents, "std": [1.0] * latents}}
            plan = compile_plan(touch_graph(calibration.load(path), card, family))
            name = f"any-{family}-{latents}.touch.plan"
            files[name] = plan
            knobs = knob_facts(Engine(plan))
            made.append({"mapping": family, "latents": latents, "touch": name, "knobs": knobs})
    return made


def _scene(voice: str, family: str, calibrated: Path, work: Path) -> Scene:
    name = voice if family == FIRST_MAPPING else f"{voice}-{family}"
    settings = SceneSettings(name, voice, family, str(calibrated.absolute()), precision=EXACT)
    return make_scene(settings, work / "plans")


def _latent_words(voice: catalogue.Voice, plan: Path) -> list[str]:
    """As `atlas.in_words`, by our own engine: some seconds of sound in a fraction of one."""
    engine = Engine.load(plan)

    def player(latents: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
        engine.reset()
        rows = latents.astype(np.float32)
        return np.concatenate([engine.run({"latent": row[None, :, None]})["audio"].ravel() for row in rows])

    mean, std = voice.mean.astype(float), voice.std.astype(float)
    return atlas.in_words(atlas.survey(player, mean, std, voice.sample_rate))


def _site(folder: Path, packed: dict[str, bytes]) -> Path:
    if folder.exists():
        shutil.rmtree(folder)
    (folder / "data").mkdir(parents=True)
    for pattern in SITE_FILES:
        for source in sorted(SITE.glob(pattern)):
            shutil.copy(source, folder)
    for name, data in packed.items():
        (folder / "data" / f"{name}.packed").write_bytes(data)
    return folder
