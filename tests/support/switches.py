"""Switches between board and host at random moments; `bench/switches.py` prints what comes of them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sensors.simulation import QuietOutside, SimulatedBoard
from tests.support.messages import message
from tests.support.tiny import RATE, image, play, scene

HOST_HZ, HOST_PEAK = 330.0, 0.4
BOARD_STEP, BOARD_PEAK = 2.0 * math.pi * 0.005 * 0.4, 0.4
"""Of tests/support/tiny.py's sine: at most 0.005 cycles a sample, and 0.4 of full scale."""
PATIENCE_S, RESCUE_S, BEAT_S = 0.3, 0.03, 0.1
MODES = ("host", "onboard", "both")


class SwitchingHost(QuietOutside):
    """A host that sounds a sine, asks for another mode at random moments, and dies now and then.

    Args:
        count: of switches.
        mean_s: between two.
        seed: of the moments.
    """

    def __init__(self, count: int, mean_s: float, seed: int = 1) -> None:
        super().__init__()
        random = np.random.default_rng(seed)
        moments = 1.5 + np.cumsum(random.uniform(0.05, 2.0 * mean_s - 0.05, count))
        self.seconds = float(moments[-1]) + 1.0
        asked = [MODES[int(random.integers(len(MODES)))] for _ in moments]
        self._due = [(float(at), message("/mode", mode)) for at, mode in zip(moments, asked, strict=True)]
        self.deaths = [(float(at), float(at) + 0.8) for at in moments[25::50]]
        beats = np.arange(0.5, self.seconds, BEAT_S)
        alive = [at for at in beats if not any(died <= at < back for died, back in self.deaths)]
        self._due += [(float(at), message("/heartbeat")) for at in alive]
        self._due.sort(key=lambda due: due[0])
        self._frame = 0

    def datagram_in(self, now_us: int) -> bytes | None:
        if self._due and self._due[0][0] * 1e6 <= now_us:
            return self._due.pop(0)[1]
        return None

    def audio(self, now_us: int, block: NDArray[np.float32]) -> NDArray[np.float32]:
        frames = block.size // 2
        at = np.arange(self._frame, self._frame + frames)
        self._frame += frames
        sine = (HOST_PEAK * np.sin(2.0 * np.pi * HOST_HZ / RATE * at)).astype(np.float32)
        return np.repeat(sine, 2)


@dataclass(frozen=True)
class Switches:
    """What came of them.

    Attributes:
        count: modes that were asked for.
        sounded: changes of the mode that sounds.
        deaths: how often the host died.
        seconds: of sound.
        step, bound: largest difference of two samples, and what a fade of both sounds can make.
        underruns: of the board's voice.
    """

    count: int
    sounded: int
    deaths: int
    seconds: float
    step: float
    bound: float
    underruns: int


def largest_step(fade_s: float) -> float:
    """Of a fade a cos + b sin of the two sines: the root of their squared steps, and the fade's own slope."""
    slope = math.pi / 2.0 / (min(fade_s, RESCUE_S) * RATE) * math.hypot(HOST_PEAK, BOARD_PEAK)
    return math.hypot(BOARD_STEP, 2.0 * math.pi * HOST_HZ / RATE * HOST_PEAK) + slope


def switch(folder: Path, count: int, mean_s: float = 0.15, fade_ms: int = 60, seed: int = 1) -> Switches:
    """Plays them through the firmware, faster than real time."""
    host = SwitchingHost(count, mean_s, seed)
    made = image(folder, scene(folder / "p", "one"), crossfade_ms=fade_ms, frame_rate=50)
    board = SimulatedBoard("empty", seed=3)  # whose voice holds a note: it has no steps of its own
    run = play(folder, made, "--period", "128", seconds=host.seconds, outside=host, board=board)
    sound = run.samples()[RATE:, 0].astype(np.float64)  # the voice has begun by then
    changes = len(run.stats["modes"]) - 1
    step = float(np.abs(np.diff(sound)).max())
    bound = largest_step(fade_ms / 1000.0)
    underruns = int(run.stats["underruns"])
    return Switches(count, changes, len(host.deaths), host.seconds, step, bound, underruns)
