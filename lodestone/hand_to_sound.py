"""How long from the hand to the sound: a magnet that jumps at random phases, on the simulated board.

The whole firmware plays three times with the same noise: the magnet stays here, it stays there, it jumps to
and fro. Until a jump is in the sound, the third run sounds like the one that stayed, to the bit; later like
the other one. What lies between is followed as `model_export.step_response` does it: the levels in third
octaves are projected on the way from the one to the other, in windows of 3 ms that count at their middle. Two
blocks of the converters are added.
"""

from __future__ import annotations

import itertools
import json
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from definitions.osc import named
from errors import LodestoneError
from lodestone import wav
from lodestone.image import build_image
from lodestone.osc_log import decode
from lodestone.places import SIMULATOR
from lodestone.scenes import Scene
from lodestone.settings import Settings
from sensors.simulation import BoardServer, QuietOutside, SimulatedBoard, World
from sensors.simulation.gesture import Gesture, parse_gesture
from sensors.simulation.jumping import JumpingWorld

Array = npt.NDArray[np.float64]

WINDOW = 128
STEP = 8
FLOOR = 1e-5
SHARES = (0.1, 0.5)
SETTLES_S = 0.7
"""So long the sound of a jump may take; the next one comes up to SPREAD_S later."""
SPREAD_S = 0.1
WARM_S = 14.0
"""By then the prefill has found what the voice needs."""
_HERE, _THERE = (-78.0, -14.0), (-60.0, -24.0)
"""Where the marble lies, mm: both beside the left attractor, a sigma of the latents apart (root mean square),
as far as free play moves them on average. Wider leaps take longer: the slew limit holds them."""
_MARBLE = """
format = "lodestone-gesture"
version = 1
title = "A marble"
duration_s = 1.0
[[object]]
name = "marble"
kind = "ball"
diameter_mm = 15.0
at = [{}, {}, 0.0]
"""


class HandToSoundError(LodestoneError):
    """The delay cannot be measured."""


@dataclass(frozen=True)
class HandToSound:
    """Milliseconds from the jump of a magnet to its sound, one row a phase.

    Attributes:
        tenth_ms, half_ms: [phases] until 10 and 50 per cent of the change are in the sound.
        sum_ms: what `/status` tells at the end of the run, from parts.
        prefill: samples, at the end of the run.
        frames_per_second: of the sensors.
        underruns: of the run.
        load: of the core that was simulated.
    """

    tenth_ms: Array
    half_ms: Array
    sum_ms: float
    prefill: int
    frames_per_second: float
    underruns: int
    load: float

    def in_words(self) -> str:
        """One line: medians."""
        told = self.plain()
        tenth, half = told["tenth_ms"], told["half_ms"]
        return f"a tenth of the change is heard after {tenth:.0f} ms, half after {half:.0f}"

    def plain(self) -> dict[str, float]:
        """Medians and the slowest hundredth, for JSON."""
        return {
            "phases": len(self.tenth_ms),
            "tenth_ms": round(float(np.median(self.tenth_ms)), 1),
            "tenth_ms_99": round(float(np.quantile(self.tenth_ms, 0.99)), 1),
            "half_ms": round(float(np.median(self.half_ms)), 1),
        }


@dataclass(frozen=True)
class Trial:
    """How the magnet jumps, and on which board.

    Attributes:
        phases: jumps, each at a random moment.
        load: of one core, which the voice's computing takes of each block.
        jitter_us: wake-ups come up to so much late.
        period: frames a block.
        seed: of the moments and of all noise.
        warm_s: before the first jump.
    """

    phases: int
    load: float = 0.0
    jitter_us: int = 0
    period: int = 16
    seed: int = 1
    warm_s: float = WARM_S

    def moments_s(self) -> Array:
        """When it jumps: at random phases of sensor, block and period."""
        steps = SETTLES_S + SPREAD_S * np.random.default_rng(self.seed).random(self.phases)
        return np.asarray(self.warm_s + np.cumsum(steps))


def measure(scene: Scene, trial: Trial, settings: Settings | None = None) -> HandToSound:
    """Plays the three runs and finds every jump in the sound.

    Args:
        scene: a compiled one.
        trial: how often, on what board.
        settings: of the board; the defaults where None. Its targets and bus are not used.

    Raises:
        HandToSoundError: the firmware does not play, or a jump is not heard within SETTLES_S.
    """
    settings = settings or Settings()
    here, there = _gesture(_HERE), _gesture(_THERE)
    moments = trial.moments_s()
    seconds = float(moments[-1]) + SETTLES_S
    worlds = (World(here), World(there), JumpingWorld(here, there, list(moments)))
    with tempfile.TemporaryDirectory(prefix="lodestone-") as folder:
        image = build_image(Path(folder) / "image", [scene], settings)
        with ThreadPoolExecutor(len(worlds)) as pool:
            runs = list(pool.map(lambda world: _play(image, world, seconds, scene, trial), worlds))
    stayed, gone, jumped = (run.sound for run in runs)
    status, underruns = runs[-1].status, runs[-1].underruns
    times = np.array(
        [
            _heard_ms((stayed, gone)[k % 2], (gone, stayed)[k % 2], jumped, moment, scene.card.sample_rate)
            for k, moment in enumerate(moments)
        ]
    )
    times += 2e3 * trial.period / scene.card.sample_rate
    return HandToSound(
        times[:, 0],
        times[:, 1],
        float(status["delay_ms"]),
        int(status["prefill"]),
        float(status["frames_per_second"]),
        underruns,
        trial.load,
    )


def _gesture(place: tuple[float, float]) -> Gesture:
    return parse_gesture(_MARBLE.format(*place), "a marble")


@dataclass(frozen=True)
class _Run:
    """What the board sounds, its last `/status`, and how often the sound was late."""

    sound: Array
    status: dict[str, Any]
    underruns: int


class _LastStatus(QuietOutside):
    """Keeps nothing but the last `/status`."""

    def __init__(self) -> None:
        super().__init__()
        self.packet = b""

    def datagram_out(self, now_us: int, data: bytes) -> None:
        if data.startswith(b"/status"):
            self.packet = data

    def audio(self, now_us: int, block: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        return block[:0]


def _play(image: Path, world: World, seconds: float, scene: Scene, trial: Trial) -> _Run:
    outside = _LastStatus()
    board = SimulatedBoard(world, seed=trial.seed)
    with tempfile.TemporaryDirectory(prefix="lodestone-") as name:
        folder = Path(name)
        options = {
            "--bus": f"sim:{folder}/bus",
            "--seconds": seconds,
            "--rate": scene.card.sample_rate,
            "--period": trial.period,
            "--inputs": 0,
            "--outputs": 1,
            "--voice-load": trial.load,
            "--wake-jitter-us": trial.jitter_us,
            "--wav": folder / "out.wav",
            "--stats": folder / "stats.json",
        }
        command = [SIMULATOR, image, *(part for pair in options.items() for part in pair)]
        with BoardServer(board, folder / "bus", outside):
            done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
        if done.returncode != 0:
            said = (done.stderr.strip().splitlines() or [f"exit {done.returncode}"])[-1]
            raise HandToSoundError("a firmware that plays to the end", said, "look at the scene's voice")
        _, sound = wav.read(folder / "out.wav")
        stats = json.loads((folder / "stats.json").read_text())
        told = named("/status", next(decode(0, "out", outside.packet)).arguments)
        if told is None:
            raise HandToSoundError("a board that tells its status", "none", "play longer")
        return _Run(sound[:, 0].astype(np.float64), told, int(stats["underruns"]))


def _heard_ms(before: Array, after: Array, jumped: Array, moment_s: float, rate: int) -> list[float]:
    """For each of SHARES when so much of the change is in the sound; counted from the jump."""
    begin = int(moment_s * rate) - WINDOW
    part = slice(begin, begin + int(SETTLES_S * rate))
    low, high, now = (_bands(sound[part], rate) for sound in (before, after, jumped))
    way = high - low
    place = ((now - low) * way).sum(axis=1) / np.maximum((way**2).sum(axis=1), 1e-9)
    middles_ms = 1e3 * ((begin + np.arange(len(place)) * STEP + WINDOW / 2) / rate - moment_s)
    times = []
    for share in SHARES:
        reached = np.flatnonzero(place >= share)
        if not len(reached):
            raise HandToSoundError(
                f"a jump of the magnet that is heard within {SETTLES_S} s",
                f"{100 * place.max():.0f} % of the change at {moment_s:.2f} s",
                "look whether the mapping hears that magnet",
            )
        times.append(float(middles_ms[reached[0]]))
    return times


def _bands(sound: Array, rate: int) -> Array:
    """[windows, bands] levels in dB: third octaves, and what lies below the first that a window resolves."""
    index = np.arange(0, len(sound) - WINDOW, STEP)[:, None] + np.arange(WINDOW)
    power = np.abs(np.fft.rfft(sound[index] * np.hanning(WINDOW), axis=1)) ** 2
    frequency = np.fft.rfftfreq(WINDOW, 1 / rate)
    edges = np.concatenate([[0.0], 1.5 * rate / WINDOW * 2.0 ** (np.arange(40) / 3.0)])
    inside = [(frequency >= low) & (frequency < high) for low, high in itertools.pairwise(edges)]
    bands = [power[:, band].sum(axis=1) for band in inside if band.any()]
    return np.asarray(10.0 * np.log10(np.stack(bands, axis=1) + FLOOR))
