"""A host for the simulated board that sends what a script says, and when."""

from __future__ import annotations

import math

import numpy as np

from sensors.simulation import QuietOutside
from tests.support.messages import message


class ScriptedHost(QuietOutside):
    """Sends what is due, beats its heart while alive, and plays a sine into the board's input."""

    def __init__(
        self, script: list[tuple[float, bytes]], dies_at: float = math.inf, level: float = 0.2
    ) -> None:
        super().__init__()
        beats = [(t / 10, message("/heartbeat")) for t in range(1000) if t / 10 < dies_at]
        self.script = sorted(script + beats, key=lambda item: item[0])
        self.level = level
        self.frame = 0

    def datagram_in(self, now_us: int) -> bytes | None:
        if self.script and self.script[0][0] * 1e6 <= now_us:
            return self.script.pop(0)[1]
        return None

    def audio(self, now_us: int, block: np.ndarray) -> np.ndarray:
        count = len(block) // 2
        at = self.frame + np.arange(count)
        self.frame += count
        return np.repeat(self.level * np.sin(2 * np.pi * 0.003 * at), 2).astype(np.float32)
