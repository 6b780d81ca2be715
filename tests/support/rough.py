"""A rough evening: modes, scenes and knobs change, sensors fail, packets storm, the host comes and goes."""

from __future__ import annotations

import random
from collections.abc import Callable

import numpy as np

from sensors.simulation import QuietOutside, SimulatedBoard
from tests.support.messages import message

KEPT_STATUSES = 4096


class RoughEvening(QuietOutside):
    """Does something nasty on average every half second of simulated time; the same for the same seed."""

    def __init__(self, board: SimulatedBoard, seconds: float, scenes: int, seed: int = 5) -> None:
        super().__init__()
        self.tick: Callable[[float], None] = lambda seconds: None  # called once a block
        self.board = board
        self.random = random.Random(seed)
        self.packets: list[tuple[float, bytes]] = []
        self.switches: list[tuple[float, int]] = []  # time, sensor that goes or comes
        self.statuses: list[bytes] = []
        for _ in range(int(seconds * 2)):
            self._happen(self.random.uniform(min(10.0, seconds / 2), seconds), scenes)
        # Whatever chance brings: each mode and each scene sounds once.
        self.packets += [(1.0 + i / 10, message("/heartbeat")) for i in range(30)]
        self.packets += [
            (1.2 + i * 0.6, message("/mode", mode)) for i, mode in enumerate(["host", "both", "onboard"])
        ]
        self.packets += [(5.0 + 2 * i, message("/scene", i)) for i in range(scenes)]
        self.packets.sort()
        self.switches.sort()

    def _happen(self, at: float, scenes: int) -> None:
        rng = self.random
        kind = rng.randrange(7)
        if kind == 0:
            self.packets.append((at, message("/mode", rng.choice(["onboard", "host", "both"]))))
        elif kind == 1:
            self.packets.append((at, message("/scene", rng.randrange(scenes + 1))))
        elif kind == 2:
            self.packets.append((at, message("/knob/reach", rng.uniform(-1.0, 5.0))))
        elif kind == 3:
            self.packets += [(at, message("/mute", 1)), (at + 0.05, message("/mute", 0))]
        elif kind == 4:
            self.packets += [(at + i / 10, message("/heartbeat")) for i in range(rng.randrange(60))]
        elif kind == 5:
            sensor = rng.randrange(4)
            self.switches += [(at, sensor), (at + rng.uniform(0.01, 2.0), sensor)]
        else:
            self.packets += [(at, rng.randbytes(rng.randrange(1, 200))) for _ in range(200)]

    def datagram_in(self, now_us: int) -> bytes | None:
        if self.packets and self.packets[0][0] * 1e6 <= now_us:
            return self.packets.pop(0)[1]
        return None

    def datagram_out(self, now_us: int, data: bytes) -> None:
        if data.startswith(b"/status") and len(self.statuses) < KEPT_STATUSES:
            self.statuses.append(data)

    def audio(self, now_us: int, block: np.ndarray) -> np.ndarray:
        self.tick(now_us * 1e-6)
        assert np.abs(block).max() <= 1.0  # a channel that is not written, or a runaway, is louder
        while self.switches and self.switches[0][0] * 1e6 <= now_us:
            chip = self.board.chips[self.switches.pop(0)[1]]
            chip.present = not chip.present
        return np.full_like(block, 0.1)
