"""Packets that claim to come from a board, mutated: heard by a host and by a calibration over the network.

Whatever they say, the listener goes on, and what it believes is finite.
"""

from __future__ import annotations

import random
from collections import deque
from typing import Any

import numpy as np

from definitions.osc import messages
from definitions.osc_rows import Message
from errors import LodestoneError
from lodestone.board import encode
from lodestone.hosting.latents import LatentGlide
from lodestone.hosting.link import BoardLink
from lodestone.osc_log import decode
from sensors.buses.osc_measured import MeasuredSource
from tests.support.attacks.foreign import changed_bytes

FLOATS = (0.0, 1.0, -1.0, 1e30, 3.4e38, float("nan"), float("inf"), float("-inf"), 1e-45)
WHOLES = (0, 1, 2, 3, 4, 5, -1, 255, 2**31 - 1, -(2**31))
TEXTS = (
    "",
    "reach",
    "onboard",
    "mlx90393",
    "gain_sel=3 resolution=2,2,2",
    "gain_sel=x",
    "x" * 900,
    "é",
    "a\nb",
)
PACKETS = 200
"""Of a case."""


def case(dice: random.Random) -> str:
    """One evening of such packets."""
    rows = [row for row in messages() if row.sender == "board"]
    packets = [_packet(dice.choice(rows), dice) for _ in range(PACKETS)]
    glide = LatentGlide(np.zeros(4, np.float32), np.ones(4, np.float32))
    fields: list[tuple[float, ...]] = []
    link = BoardLink("127.0.0.1", 9, glide.hear)
    link.hear_field = lambda _, field: fields.append(field)
    try:
        for number, packet in enumerate(packets):
            link.take(packet)
            list(decode(number, "out", packet))
            assert np.isfinite(glide.move(0.005)).all(), "a latent is no number"
        assert np.isfinite(fields).all(), "a field is no number"
    finally:
        link.close()
    source = MeasuredSource("osc:test", "127.0.0.1", _Line(packets * 3), patience_s=0.2)
    try:
        with source:
            for frame in source:
                told = (frame.field_mt, frame.temperature_c, frame.valid, frame.time_s)
                assert all(np.isfinite(part).all() for part in told), "a frame is no number"
    except LodestoneError:
        return "refused"
    return "taken"


def _packet(row: Message, dice: random.Random) -> bytes:
    """A message of this row, half of its values odd; one in three with its bytes changed."""
    values: list[Any] = []
    for field in row.fields:
        for _ in range(field.count or dice.randrange(9)):
            kind = dice.choice("ifs") if dice.randrange(30) == 0 else field.kinds[-1]
            if kind == "f":
                values.append(dice.choice(FLOATS) if dice.randrange(3) == 0 else dice.uniform(-5, 5))
            else:
                values.append(dice.choice(WHOLES if kind == "i" else TEXTS))
    if dice.randrange(10) == 0:
        values = values[: dice.randrange(len(values) + 1)]
    packet = encode(row.address, *values)
    return changed_bytes(packet, dice) if dice.randrange(3) == 0 else packet


class _Line:
    """An `OscLink` that gives these packets, then silence."""

    port = 9

    def __init__(self, packets: list[bytes]) -> None:
        self._packets = deque(packets)

    def send(self, data: bytes) -> None:
        pass

    def receive(self) -> bytes | None:
        return self._packets.popleft() if self._packets else None

    def close(self) -> None:
        pass
