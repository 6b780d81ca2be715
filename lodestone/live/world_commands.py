"""What hosts tell the simulated world: /sim/magnet, /sim/unplug, … by the rows of definitions/osc.toml."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from definitions import osc
from errors import LodestoneError
from lodestone.board import encode
from sensors.buses.osc_link import osc_messages
from sensors.simulation import SimulatedBoard
from sensors.simulation.faults import Fault, FaultSchedule
from sensors.simulation.live_world import LiveWorld

PLACES_EVERY_US = 40_000
STILL_EVERY_US = 1_000_000
MOST_WAITING = 256


class WorldCommands:
    """Obeys packets to the world, and says what there is to say, as packets.

    Args:
        board: whose faults are made.
        world: whose marbles are moved.
        faults: the schedule of the board.
    """

    def __init__(self, board: SimulatedBoard, world: LiveWorld, faults: FaultSchedule) -> None:
        self._board, self._world, self._faults = board, world, faults
        self._said: deque[bytes] = deque(maxlen=MOST_WAITING)
        self._next_us = 0
        self._told: dict[int, tuple[float, float, float]] = {}
        self.refused = 0
        self._obey: dict[str, Callable[..., None]] = {
            "/sim/magnet": self._magnet,
            "/sim/unplug": lambda sensor: self._plug(sensor, False),
            "/sim/plug": lambda sensor: self._plug(sensor, True),
            "/sim/fault": self._fault,
        }

    def hear(self, packet: bytes) -> None:
        """Obeys a packet; what is wrong with it is said as /sim/error."""
        for address, values in osc_messages(packet) or [("(packet)", [])]:
            reason = self._try(address, values)
            if reason:
                self.refused += 1
                self._said.append(encode("/sim/error", address, reason))

    def say(self, now_us: int) -> bytes | None:
        """The next packet for everybody, or None."""
        if now_us >= self._next_us:
            places = self._world.places()
            still = places == self._told
            self._next_us = now_us + (STILL_EVERY_US if still else PLACES_EVERY_US)
            self._told = places
            for number, place in places.items():
                marble = self._world.marbles.all[number]
                self._said.append(encode("/sim/place", number, *place, marble.diameter_mm, *marble.pole))
        return self._said.popleft() if self._said else None

    def _try(self, address: str, values: list[Any]) -> str:
        """Why it was not obeyed; empty where it was."""
        row = osc.command(address, "simulation")
        if row is None or address not in self._obey:
            known = ", ".join(self._obey)
            return f"no such message to the simulated world: there are {known}"
        found = row.read(values)
        if found is None:
            wanted = " ".join(f"{field.kinds} {field.name}" for field in row.fields)
            return f"wanted {wanted}, got {' '.join(map(str, values)) or 'nothing'}"
        for field in row.fields:
            value = found[field.name]
            if field.least is not None and field.most is not None and not field.least <= value <= field.most:
                return f"wanted {field.name} {field.least:g} to {field.most:g}, got {value:g}"
        try:
            self._obey[address](**found)
        except LodestoneError as error:
            return str(error)
        return ""

    def _magnet(self, number: int, x: float, y: float, z: float, free: int, pole: int) -> None:
        self._world.move(number, x, y, z, pole)
        if free:
            self._world.let_go(number)

    def _plug(self, sensor: int, there: bool) -> None:
        self._faults.add(Fault("unplug", 0.0, 0.0, sensor - 1), self._board.clock.now_ns, begins=not there)

    def _fault(self, kind: str, sensor: int, seconds: float) -> None:
        now_ns = self._board.clock.now_ns
        fault = Fault(kind, 0.0, seconds, sensor - 1)
        self._faults.add(fault, now_ns, begins=True)
        self._faults.add(fault, now_ns + round(seconds * 1e9), begins=False)
