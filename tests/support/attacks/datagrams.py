"""Packets that claim to come from a board, mutated: heard by a host and by a calibration over the network.

Whatever they say, the listener goes on, and what it believes is finite.
"""

from __future__ import annotations

import itertools
import random
import tempfile
from collections import deque
from pathlib import Path
from typing import Any

import numpy as np

from definitions.osc import messages
from definitions.osc_rows import Message
from definitions.packets import messages_in
from errors import LodestoneError
from lodestone.board import encode
from lodestone.hosting.latents import LatentGlide
from lodestone.hosting.link import BoardLink
from lodestone.live.world_commands import WorldCommands
from lodestone.osc_log import decode
from lodestone.snapshot_link import wish
from lodestone.sound_choice import Choice
from lodestone.teach_desk import TeachDesk, obeyed
from lodestone.teaching import Lesson, Pair, load_taught
from mapping.latent_statistics import latent_statistics
from sensors.buses.osc_measured import MeasuredSource
from sensors.simulation import SimulatedBoard
from sensors.simulation.faults import FaultSchedule
from sensors.simulation.live_world import LiveWorld, three_marbles
from tests.support.attacks.foreign import changed_bytes
from tests.support.plain_board import gaussian_card

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


def packets_from(sender: str, dice: random.Random, count: int, receiver: str = "") -> list[bytes]:
    """Odd packets of all rows that `sender` says, to all or to one receiver."""
    rows = [row for row in messages() if row.sender == sender and receiver in ("", row.to)]
    return [packet(dice.choice(rows), dice) for _ in range(count)]


def world(dice: random.Random) -> str:
    """What hosts tell the simulated world: its field stays finite."""
    marbles, faults = LiveWorld(three_marbles()), FaultSchedule(())
    board = SimulatedBoard(marbles, faults=faults)
    commands = WorldCommands(board, marbles, faults)
    for number, packet in enumerate(packets_from("host", dice, PACKETS, "simulation")):
        commands.hear(packet)
        if number % 20 == 0:
            commands.say(number * 100_000)
            told = [marbles.axis_ut(number % 4, axis, number * 5_000_000) for axis in range(3)]
            assert np.isfinite(told).all(), "the field of the world is no number"
    return "refused" if commands.refused else "taken"


def teaching(dice: random.Random) -> str:
    """What hosts say to a lesson: what it keeps can be read again."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "taught.json"
        lesson = Lesson(path, "one", lambda *_: iter(()))
        places = (Pair(tuple(np.eye(12)[n % 12]), (0.1 * (n % 30),) * 4) for n in itertools.count())
        choice = Choice(latent_statistics(gaussian_card(4)), 1)
        desk = TeachDesk(lesson, choice, lambda: next(places), lambda _: 1)
        wishes = [
            line
            for packet in packets_from("host", dice, PACKETS, "teaching")
            for message in messages_in(packet) or []
            if (line := wish(message))
        ]
        told = [reason for line in wishes for reason in obeyed(desk, line)]
        for pairs in load_taught(path).values():
            assert np.isfinite([pair.latent for pair in pairs]).all(), "a taught sound is no number"
    return "refused" if any(line.startswith("wanted") for line in told) else "taken"


def case(dice: random.Random) -> str:
    """One evening of such packets."""
    packets = packets_from("board", dice, PACKETS)
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
    source = MeasuredSource("osc:test", "127.0.0.1", Line(packets * 3), patience_s=0.2)
    try:
        with source:
            for frame in source:
                told = (frame.field_mt, frame.temperature_c, frame.valid, frame.time_s)
                assert all(np.isfinite(part).all() for part in told), "a frame is no number"
    except LodestoneError:
        return "refused"
    return "taken"


def packet(row: Message, dice: random.Random) -> bytes:
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


class Line:
    """An `OscLink` that gives these packets, then silence."""

    port = 9

    def __init__(self, packets: list[bytes]) -> None:
        self._packets = deque(packets)

    def send(self, data: bytes) -> None:
        pass

    def receive(self) -> bytes | None:
        return self._packets.popleft() if self._packets else None

    @property
    def left(self) -> int:
        """Packets that have not been taken."""
        return len(self._packets)

    def close(self) -> None:
        pass
