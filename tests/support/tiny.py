"""A voice and a touch small enough to read, as plans; and runs of the firmware with them."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from lodestone.image import ROOT, build_image
from lodestone.settings import Settings
from model_export.compiler import compile_plan, compile_stages
from sensors.simulation import BoardServer, Outside, QuietOutside, SimulatedBoard
from tests.support.graph_maker import GraphMaker

SIM = ROOT / "firmware" / "lodestone-sim"
RATE = 44100


@dataclass(frozen=True)
class Files:
    """A scene as `build_image` wants it."""

    name: str
    touch_plan: Path
    voice_plan: Path
    sister_plans: tuple[Path, ...] = ()
    later_stages: Mapping[Path, tuple[Path, ...]] = field(default_factory=dict)


def voice_model(
    hop: int = 512,
    *,
    rate: int = RATE,
    channels: int = 1,
    pitch: float = 0.004,
    latents: int = 2,
    work: int = 0,
    title: str = "",
) -> onnx.ModelProto:
    """A sine with a phase that goes on: latent 0 bends its pitch, latent 1 its loudness.

    `work` is how many operations it does for nothing; its card counts a million multiplications for each.
    """
    g = GraphMaker()
    z = g.node("Tanh", g.input("latent", [1, latents, 1]))
    for _ in range(work):
        z = g.node("MatMul", g.constant(np.eye(latents)[None]), z)
    cycles = g.node("Add", g.node("Mul", g.slice(z, 1, 0, 1), g.constant(pitch / 4)), g.constant(pitch))
    level = g.node("Add", g.node("Mul", g.slice(z, 1, 1, 2), g.constant(0.1)), g.constant(0.3))
    state = g.input("state.0", [1, 1, 1])
    ramp = g.constant(np.arange(1, hop + 1, dtype=np.float32).reshape(1, 1, hop))
    phase = g.node("Add", state, g.node("Mul", cycles, ramp))
    end = g.slice(phase, 2, hop - 1, hop)
    g.output(g.node("Sub", end, g.node("Floor", end)), "next.0", [1, 1, 1])
    sound = g.node("Mul", g.node("Sin", g.node("Mul", phase, g.constant(2 * np.pi))), level)
    if channels == 2:
        sound = g.node("Concat", sound, g.node("Neg", sound), axis=1)
    g.output(sound, "audio", [1, channels, hop])
    card = {"kind": "voice", "name": title or f"tiny-{hop}", "sample_rate": rate, "hop": hop, "frames": 1,
            "latents": latents, "channels": channels, "delay_samples": 3,
            "macs_per_second": 1_000_000 * work}  # fmt: skip
    return g.model(json.dumps(card))


def voice_plan(hop: int = 512, **voice: Any) -> bytes:
    """The plan of `voice_model`."""
    return compile_plan(voice_model(hop, **voice))


def touch_plan(latents: int = 2, first: int = 0, room: tuple[float, ...] | None = None) -> bytes:
    """Compressed field from channel `first` on as latents, a knob for the reach, and a rest taken at once."""
    g = GraphMaker()
    field, before = g.input("field", [4, 3]), g.input("state.0", [4, 3])
    pressed = g.node("Greater", g.input("knob.rest_capture", []), g.constant(0.5))
    rest = g.node("Where", pressed, field, before)
    g.output(rest, "next.0", [4, 3])
    lifted = g.node("Mul", g.node("Sub", field, rest), g.input("knob.reach", []))
    touch = g.node("Reshape", g.node("Tanh", lifted), g.constant([12], np.int64))
    g.output(touch, "touch", [12])
    g.output(g.slice(touch, 0, first, first + latents), "latent", [latents])
    if room is not None:  # what it tells of the room, whatever it is
        g.output(
            g.node("Add", g.constant(room), g.node("Mul", g.slice(touch, 0, 0, 4), g.constant(0.0))),
            "room",
            [4],
        )
    knobs = {"reach": {"minimum": 0, "maximum": 4, "default": 0.25},
             "rest_capture": {"minimum": 0, "maximum": 1, "default": 0}}  # fmt: skip
    card = {"kind": "touch", "name": "tiny-touch", "latents": latents, "knobs": knobs}
    return compile_plan(g.model(json.dumps(card)))


def scene(folder: Path, name: str, **voice: Any) -> Files:
    folder.mkdir(parents=True, exist_ok=True)
    files = Files(name, folder / f"{name}.t", folder / f"{name}.v")
    files.touch_plan.write_bytes(touch_plan(voice.get("latents", 2)))
    files.voice_plan.write_bytes(voice_plan(**voice))
    return files


def staged(folder: Path, name: str, count: int, **voice: Any) -> Files:
    """A scene whose voice is cut into `count` stages."""
    files = scene(folder, name, **voice)
    plans = [files.voice_plan, *(folder / f"{name}.v{stage}" for stage in range(2, count + 1))]
    for path, plan in zip(plans, compile_stages(voice_model(**voice), count), strict=True):
        path.write_bytes(plan)
    return replace(files, later_stages={files.voice_plan: tuple(plans[1:])})


def with_sister(files: Files, **voice: Any) -> Files:
    """The same scene with one cheaper voice more."""
    plan = files.voice_plan.with_suffix(f".{len(files.sister_plans)}")
    plan.write_bytes(voice_plan(**voice))
    return replace(files, sister_plans=(*files.sister_plans, plan))


def image(folder: Path, *scenes: Files, safe: Files | None = None, **changes: Any) -> Path:
    made = list(scenes) or [scene(folder / "plans", "one")]
    return build_image(folder / "image", made, replace(Settings(), **changes), safe)


@dataclass(frozen=True)
class Run:
    """What a run of the firmware left behind."""

    wav: Path
    stats: dict[str, Any]
    latents: list[tuple[int, int, int, NDArray[np.float32]]]
    outside: QuietOutside

    def samples(self) -> NDArray[np.float32]:
        """[frames, channels] of the WAV file, floats."""
        data = self.wav.read_bytes()
        channels = int.from_bytes(data[22:24], "little")
        return np.frombuffer(data, "<f4", offset=44).reshape(-1, channels)


def play(
    folder: Path,
    image_folder: Path,
    *options: str,
    seconds: float = 2.0,
    outside: Outside | None = None,
    gesture: str = "free-play",
    board: SimulatedBoard | None = None,
    program: Sequence[str | Path] = (SIM,),
) -> Run:
    """Plays an image against a simulated board."""
    folder.mkdir(parents=True, exist_ok=True)
    heard = outside or QuietOutside()
    made = board or SimulatedBoard(gesture, seed=3)
    command = [*program, image_folder, "--bus", f"sim:{folder}/bus", "--seconds", str(seconds)]
    command += [
        "--wav",
        folder / "out.wav",
        "--stats",
        folder / "stats.json",
        "--latent-log",
        folder / "latents.tsv",
    ]
    with BoardServer(made, folder / "bus", heard):
        done = subprocess.run(
            [*command, *options], capture_output=True, text=True, timeout=120 + 10 * seconds
        )
    assert done.returncode == 0, done.stderr
    latents = []
    for line in (folder / "latents.tsv").read_text().splitlines():
        index, block, frame, *values = line.split("\t")
        latents.append((int(index), int(block), int(frame), np.array(values, np.float32)))
    assert isinstance(heard, QuietOutside)
    return Run(folder / "out.wav", json.loads((folder / "stats.json").read_text()), latents, heard)
