"""A whole simulated performance: calibrate, put the scene together, play it through the firmware, report."""

from __future__ import annotations

import json
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from calibration.session import calibrate_simulated
from definitions.osc import named
from errors import LodestoneError
from files import put_in_place, scratch_folder, write_bytes
from graphs.card import read_card
from lodestone import osc_log, wav
from lodestone.hand_to_sound import HandToSound, Trial, measure
from lodestone.host import HostVoice
from lodestone.image import build_image
from lodestone.picture import draw_performance
from lodestone.places import SIMULATOR
from lodestone.scenes import Scene, make_scene
from lodestone.settings import EXACT, SceneSettings, Settings
from lodestone.simulated_host import CHANNELS, Cue, SimulatedHost, first_sound_cues
from lodestone.speaker import LiveSpeaker
from lodestone.summary import Summary
from lodestone.voice_files import find_voice, voice_graph
from mapping.chain import chain
from model_export.compiler import compile_plan
from sensors.replay import RecordedWorld
from sensors.simulation.server import BoardServer
from sensors.simulation.simulated_board import SimulatedBoard

FILES = {
    "sound": "performance.wav",
    "picture": "performance.png",
    "osc log": "performance.osc.log",
    "figures": "performance.json",
    "latents": "performance.latents.tsv",
}
JUMPS_AFTER_S = 2.0
"""The prefill need not be found again: it is that of the performance."""


class PerformanceError(LodestoneError):
    """The simulated performance could not be played."""


@dataclass(frozen=True)
class Performance:
    """What `lodestone play` and `lodestone render` are asked for; see their options.

    Attributes:
        gesture: what moves: a gesture's name or file, or a world made before, such as a take's field.
        scenes: play these instead of the one of `voice`, `mapping` and `calibration`.
        cues: of the host; the script of `lodestone play` where None. They are made when the scenes are.
        host_voice: what the simulated host plays from the same latents; the scene's own voice where empty.
        noise_ut: of the sensors; what the chip is assumed to have where None.
        jumps: of a magnet, afterwards, that tell how long it takes to be heard; 0: none.
    """

    out: Path
    voice: str
    calibration: Path | None
    mapping: str
    gesture: str | RecordedWorld
    seconds: float
    seed: int
    live: bool
    scenes: tuple[SceneSettings, ...] = ()
    beside: Path = Path()
    cues: Callable[[Sequence[Scene]], Sequence[Cue]] | None = None
    noise_ut: float | None = None
    jumps: int = 0
    host_voice: str = ""

    @property
    def title(self) -> str:
        """What is played, in a line."""
        played = self.gesture if isinstance(self.gesture, str) else self.gesture.title
        if self.scenes:
            return f"{played}, scenes {', '.join(scene.name for scene in self.scenes)}"
        return f"{played}, voice {self.voice}, mapping {self.mapping}"


def perform(wanted: Performance) -> Summary:
    """Plays the performance into `wanted.out` and tells what came of it.

    Raises:
        LodestoneError: one of its family, for anything missing or wrong.
    """
    wanted.out.mkdir(parents=True, exist_ok=True)
    console = Console(stderr=True)
    board = SimulatedBoard(wanted.gesture, seed=wanted.seed, noise_ut=wanted.noise_ut)
    scenes = _several(wanted, console) if wanted.scenes else [_prepare(wanted, console)]
    return _play(wanted, scenes, board, console)


def _several(wanted: Performance, console: Console) -> list[Scene]:
    made = []
    for one in wanted.scenes:
        console.print(f"Putting the scene together: {one.name} ({one.voice}, {one.mapping})")
        made.append(make_scene(replace(one, precision=EXACT), wanted.out / "plans", wanted.beside))
    rates = sorted({scene.card.sample_rate for scene in made})
    if len(rates) != 1:
        raise PerformanceError("scenes of one rate", f"{rates} Hz", "render them apart with --voice")
    return made


def _prepare(wanted: Performance, console: Console) -> Scene:
    find_voice(wanted.voice)  # both before what takes longer
    chain(wanted.mapping)
    calibration_file = wanted.calibration
    if calibration_file is None:
        console.print("Calibrating the simulated board")
        calibration_file = wanted.out / "simulated.calibration.json"
        calibrate_simulated(calibration_file, wanted.seed)
    console.print(f"Putting the scene together: {wanted.voice}, {wanted.mapping}")
    exact = SceneSettings(
        "play", wanted.voice, wanted.mapping, str(calibration_file.absolute()), precision=EXACT
    )
    return make_scene(exact, wanted.out / "plans")


def _play(wanted: Performance, scenes: list[Scene], board: SimulatedBoard, console: Console) -> Summary:
    """Made in a folder of its own; it takes its place when it is whole, so that Ctrl-C leaves what was."""
    files = {name: wanted.out / file for name, file in FILES.items()}
    with scratch_folder(wanted.out / "performance") as fresh:
        made = {name: fresh / file for name, file in FILES.items()}
        stats, host, wall, peak = _perform(wanted, scenes, board, console, made)
        for name, path in made.items():
            put_in_place(path, files[name])
    heard = None
    if wanted.jumps > 0:
        console.print(f"Letting a magnet jump {wanted.jumps} times")
        found = Settings(prefill=round(stats["ring_prefill"]))
        heard = measure(scenes[0], Trial(wanted.jumps, warm_s=JUMPS_AFTER_S), found)
    return _summary(wanted, scenes[0], stats, files, host, wall, peak, heard)


def _perform(
    wanted: Performance,
    scenes: list[Scene],
    board: SimulatedBoard,
    console: Console,
    files: dict[str, Path],
) -> tuple[dict[str, Any], SimulatedHost, float, float]:
    """Figures, the host with all it heard, the seconds that it took, and the largest sample."""
    scene = scenes[0]
    cues = wanted.cues(scenes) if wanted.cues is not None else first_sound_cues(wanted.seconds)
    image = build_image(wanted.out / "image", scenes)
    began = time.monotonic()
    with ExitStack() as stack:
        progress = stack.enter_context(_progress(console))
        bar = progress.add_task("Playing", total=wanted.seconds)
        speaker = stack.enter_context(LiveSpeaker(scene.card.sample_rate, CHANNELS)) if wanted.live else None
        host = SimulatedHost(
            HostVoice(_host_plan(wanted, scene), scene.rest),
            cues,
            speaker,
            lambda seconds: progress.update(bar, completed=seconds),
        )
        socket = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="lodestone-"))) / "board.sock"
        stack.enter_context(BoardServer(board, socket, host))
        _run_firmware(image, socket, scene, wanted.seconds, files)
        progress.update(bar, completed=wanted.seconds)
    wall = time.monotonic() - began
    osc_log.write(files["osc log"], host.messages)
    rate, sound = wav.read(files["sound"])
    stats = json.loads(files["figures"].read_text())
    _require_scene(stats, host)
    modes = [(float(change["time_s"]), str(change["sounding"])) for change in stats["modes"]]
    title = f"Lodestone: {wanted.title}"
    draw_performance(files["picture"], title, host.messages, scene.card.latent, modes, sound[:, 0], rate)
    return stats, host, wall, float(abs(sound).max())


def _host_plan(wanted: Performance, scene: Scene) -> Path:
    """The plan of what the host plays: the board's voice, or another one of the same latents.

    Raises:
        PerformanceError: it has other latents or another rate than the board's voice.
    """
    if not wanted.host_voice:
        return scene.voice_plan
    graph = voice_graph(find_voice(wanted.host_voice), wanted.out / "plans" / "voices")
    card, plan = read_card(graph), wanted.out / "plans" / "host.voice.plan"
    own, theirs = ((c.latents, c.sample_rate) for c in (scene.card, card))
    if own != theirs:
        raise PerformanceError(
            f"a voice of {own[0]} latents at {own[1]} Hz for the host, as the board's is",
            f"{wanted.host_voice} of {theirs[0]} at {theirs[1]} Hz",
            "name one that has them, as a student's teacher",
        )
    write_bytes(plan, compile_plan(graph))
    return plan


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:.1f} of {task.total:.0f} s"),
        TimeElapsedColumn(),
        console=console,
    )


def _run_firmware(image: Path, socket: Path, scene: Scene, seconds: float, files: dict[str, Path]) -> None:
    command = [
        str(SIMULATOR),
        str(image),
        f"--bus=sim:{socket}",
        f"--seconds={seconds}",
        f"--rate={scene.card.sample_rate}",
        f"--inputs={CHANNELS}",
        f"--outputs={CHANNELS}",
        f"--wav={files['sound']}",
        f"--stats={files['figures']}",
        f"--latent-log={files['latents']}",
    ]
    done = subprocess.run(
        [part for word in command for part in word.split("=", 1)], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip().splitlines() or [f"exit {done.returncode}"]
        raise PerformanceError(
            "a firmware that plays to the end", said[-1], "look at the image in " + str(image)
        )


def _require_scene(stats: dict[str, Any], host: SimulatedHost) -> None:
    """The board starts whatever is wrong and says why in `/status`; silence is no performance."""
    if "scene" not in stats:
        statuses = [m for m in host.messages if m.address == "/status" and m.direction == "out"]
        told = named("/status", statuses[-1].arguments) if statuses else None
        said = told["trouble"] if told else "silence"
        raise PerformanceError("a board that plays the scene", said, "correct the settings of the image")


def _summary(
    wanted: Performance,
    scene: Scene,
    stats: dict[str, Any],
    files: dict[str, Path],
    host: SimulatedHost,
    wall: float,
    peak: float,
    heard: HandToSound | None,
) -> Summary:
    shares = stats["measured"]["cpu_share"]
    return Summary(
        seconds=stats["seconds"],
        wall_seconds=wall,
        voice=", ".join(one.voice for one in wanted.scenes) or wanted.voice,
        latents=scene.card.latents,
        frames_per_second=stats["frames_per_second"],
        voice_load=shares["lodestone-voice"],
        underruns=stats["underruns"],
        latency_ms=stats["field_to_sound_ms"],
        heard=heard,
        packets=sum(message.direction == "out" for message in host.messages),
        peak=peak,
        files=files,
    )
