"""What `lodestone live` plays: an image for this machine, and hands over the simulated board."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from calibration.session import calibrate_simulated
from errors import LodestoneError
from files import write_text
from lodestone.image import build_image
from lodestone.kept_scene import scene_text
from lodestone.scenes import make_scene
from lodestone.settings import EXACT, FORMAT, VERSION, SceneSettings, Settings
from lodestone.takes.content import field_world
from lodestone.takes.take_file import is_take, read_take
from sensors import default_sensors
from sensors.replay import RecordedWorld
from sensors.simulation.gesture import load_gesture
from sensors.simulation.hands import ImprovisingHand
from sensors.simulation.live_world import LiveWorld, Looped, three_marbles
from sensors.simulation.world import World

SETTINGS = "instrument.toml"
LOCAL = ("127.0.0.1", 7563)
OURS = ("improvise", "outside")
"""Hands that are no gesture: made up as they go, or moved by /sim/magnet alone."""
Talk = Callable[[str], None]


class PrepareError(LodestoneError):
    """What is to be played live does not fit together."""


def world_of(hands: str, seed: int) -> LiveWorld:
    """The world that `hands` move: improvise, outside, a gesture, or the path of a recording or a take.

    Raises:
        TakeError: a take without field.
        SensorError: no such gesture or recording.
    """
    if hands == "improvise":
        return LiveWorld(three_marbles(), hand=ImprovisingHand(seed))
    if hands == "outside":
        return LiveWorld(three_marbles())
    path = Path(hands)
    if is_take(path):
        return LiveWorld(ground=Looped(field_world(read_take(path))))
    if path.is_file() and path.suffix != ".toml":
        return LiveWorld(ground=Looped(RecordedWorld(path)))
    return LiveWorld(ground=Looped(World(load_gesture(hands))))


def scenes_of(voices: Sequence[str], mapping: str, calibration: Path) -> tuple[SceneSettings, ...]:
    """A scene for each voice, named after it."""
    return tuple(
        SceneSettings(Path(voice).name.split(".")[0], voice, mapping, str(calibration), precision=EXACT)
        for voice in voices
    )


def leave_settings(out: Path, scenes: Sequence[SceneSettings]) -> Path:
    """Writes what plays as `instrument.toml` in `out`, by which `lodestone teach --live` finds it."""
    named = [replace(one, voice=_found_from_anywhere(one.voice)) for one in scenes]
    path, head = out / SETTINGS, f'format = "{FORMAT}"\nversion = {VERSION}\n'
    write_text(path, "\n".join([head, *(scene_text(one) for one in named)]))
    return path


def _found_from_anywhere(voice: str) -> str:
    """A file by its whole path; a voice that ships by its name."""
    return str(Path(voice).absolute()) if Path(voice).is_file() else voice


def image_of(settings: Settings, out: Path, port: int, target: tuple[str, int], talk: Talk) -> Path:
    """Builds the image of `settings` for a board on this machine, with the simulated board's sensors.

    Raises:
        PrepareError: a voice of another rate than the settings'.
        LodestoneError: one of its family, for anything missing or wrong.
    """
    made = []
    for one in settings.scenes:
        talk(f"Putting the scene together: {one.name} ({one.voice}, {one.mapping})")
        scene = make_scene(one, out / "plans", progress=lambda line: talk(f"  {line}"))
        if scene.card.sample_rate != settings.rate:
            got = f"{one.voice} of {scene.card.sample_rate} Hz"
            raise PrepareError(f"voices of {settings.rate} Hz", got, "play it with --voice alone")
        made.append(scene)
    here = settings.but(
        osc_port=port,
        osc_targets=(target,),
        sensors=default_sensors(),
        button_pin=-1,
        led_pin=-1,
    )
    return build_image(out / "image", made, here)


def simulated_calibration(out: Path, seed: int, talk: Talk) -> Path:
    """A calibration of the simulated board; made once for each folder and seed."""
    path = out / f"simulated-{seed}.calibration.json"
    if not path.exists():
        talk("Calibrating the simulated board")
        out.mkdir(parents=True, exist_ok=True)
        calibrate_simulated(path, seed)
    return path.absolute()
