"""A listener on the simulated link that sends packets at their times and keeps all that it hears."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pythonosc.osc_packet import OscPacket

from sensors.simulation import QuietOutside


class Hears(QuietOutside):
    """`sent`: packets by the second at which they go."""

    def __init__(self, sent: Mapping[float, bytes]) -> None:
        super().__init__()
        self._waiting = sorted(sent.items())
        self._heard: list[tuple[float, str, tuple[Any, ...]]] = []

    def datagram_in(self, now_us: int) -> bytes | None:
        if not self._waiting or now_us < self._waiting[0][0] * 1e6:
            return None
        return self._waiting.pop(0)[1]

    def datagram_out(self, now_us: int, data: bytes) -> None:
        for timed in OscPacket(data).messages:
            self._heard.append((now_us * 1e-6, timed.message.address, tuple(timed.message.params)))

    def times(self, address: str) -> NDArray[np.float64]:
        """[N] s at which `address` was heard."""
        return np.array([at for at, heard, _ in self._heard if heard == address])

    def values(self, address: str) -> list[tuple[Any, ...]]:
        """What came to `address`, in order."""
        return [values for _, heard, values in self._heard if heard == address]
