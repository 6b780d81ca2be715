"""A world that is moved while it runs: marbles in hands, a gesture or recording in a loop."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Protocol

import numpy as np

from geometry import BoardGeometry
from sensors.chips.simulated_chip import Surroundings
from sensors.errors import SensorError
from sensors.simulation.magnets import THERMAL_PER_K, stack_field_ut
from sensors.simulation.marbles import STEP_S, Marble, Marbles, StackTable
from sensors.simulation.world import Environment

STEP_NS = round(STEP_S * 1e9)
MOST_MARBLES = 8
SEAM_S = 1.0
FAR_MM = 1000.0


def three_marbles() -> dict[int, Marble]:
    """15, 20 and 10 mm, beside the board's middle."""
    return {
        1: Marble(15.0, (-25.0, -100.0, 0.0)),
        2: Marble(20.0, (0.0, -110.0, 0.0)),
        3: Marble(10.0, (25.0, -100.0, 0.0)),
    }


class Hand(Protocol):
    """Whoever moves the marbles besides those outside; asked before each step."""

    def act(self, time_s: float, world: LiveWorld) -> None:
        """Moves what it wants by `move` and `let_go`."""
        ...


class LiveWorld:
    """`sensors.chips.simulated_chip.Surroundings`, to be moved from any thread.

    The field is solved every 5 ms of the board's time and joined by straight lines: it is 5 ms late at most.

    Args:
        marbles: by number; none where a gesture or a recording plays alone.
        ground: the field below the marbles; the stacks and the room's own where None.
        hand: moves marbles of its own accord.
    """

    name, title, duration_s = "live", "Played live", 1e9

    def __init__(
        self,
        marbles: dict[int, Marble] | None = None,
        *,
        ground: Surroundings | None = None,
        hand: Hand | None = None,
        geometry: BoardGeometry | None = None,
        environment: Environment | None = None,
    ) -> None:
        self.geometry = geometry or BoardGeometry()
        room = environment or Environment()
        self.marbles = Marbles(StackTable(self.geometry), {} if marbles is None else marbles)
        self._hand, self._ground, self._room, self._began_c = hand, ground, room, room.temperature_c
        self._points = self.geometry.sensors_mm()
        self._stacks_ut = stack_field_ut(self.geometry, self._points)
        self._static = self._empty() if ground is None else [0.0] * 12
        self._wishes: deque[Callable[[], None]] = deque()
        self._next_ns = 0
        self._to = self._from = self._solve()

    def move(self, number: int, x: float, y: float, z: float = 0.0, pole: int = 0) -> None:
        """A hand takes a marble and carries it there, mm; one that was not there appears.

        Args:
            pole: 1: north pole up, -1: down, 0: it turns as the field does.

        Raises:
            SensorError: no such number, or a place that is none.
        """
        if not 1 <= number <= MOST_MARBLES:
            raise SensorError(f"a magnet from 1 to {MOST_MARBLES}", str(number), "name one of them")
        if not (abs(x) <= FAR_MM and abs(y) <= FAR_MM and 0.0 <= z <= FAR_MM):
            wanted = f"a place within {FAR_MM:g} mm, not below the board"
            raise SensorError(wanted, f"{x:g} {y:g} {z:g}", "correct it")

        def carry() -> None:
            marble = self.marbles.all.setdefault(number, Marble(15.0, (x, y, z)))
            marble.held, marble.target, marble.set_pole = True, (x, y, z), pole
            self.marbles.at_rest = False

        self._wishes.append(carry)

    def let_go(self, number: int) -> None:
        """The marble rolls on as it was moved, and where the field draws it."""

        def free() -> None:
            if number in self.marbles.all:
                self.marbles.all[number].held = False
                self.marbles.at_rest = False

        self._wishes.append(free)

    def warm(self, kelvin: float) -> None:
        """The whole board is warmer by so much than it began: chips and stacks.

        Raises:
            SensorError: a gesture or a recording says how warm it is.
        """
        if self._ground is not None:
            got = "one that a gesture or a recording warms"
            raise SensorError("a world without a ground of its own", got, "warm it in the gesture")
        room = replace(self._room, temperature_c=self._began_c + kelvin)

        def warmer() -> None:
            self._room = room
            self._static = self._empty()
            self.marbles.at_rest = False

        self._wishes.append(warmer)

    def places(self) -> dict[int, tuple[float, float, float]]:
        """Where the marbles are, mm. Any thread."""
        return {number: marble.place for number, marble in list(self.marbles.all.items())}

    def axis_ut(self, sensor: int, axis: int, time_ns: int) -> float:
        """Flux density in µT along one axis of a chip."""
        while time_ns >= self._next_ns:
            self._step()
        k = sensor * 3 + axis
        part = min(max(1.0 - (self._next_ns - time_ns) / STEP_NS, 0.0), 1.0)
        value = self._from[k] + part * (self._to[k] - self._from[k])
        return value if self._ground is None else value + self._ground.axis_ut(sensor, axis, time_ns)

    def temperature_c(self, sensor: int, time_ns: int) -> float:
        """Temperature of the chip in °C."""
        if self._ground is not None:
            return self._ground.temperature_c(sensor, time_ns)
        return self._room.temperature_c

    def _step(self) -> None:
        if self._hand is not None:
            self._hand.act(self._next_ns * 1e-9, self)
        while self._wishes:
            self._wishes.popleft()()
        self._from = self._to
        if not self.marbles.at_rest:
            self.marbles.step()
            self._to = self._solve()
        self._next_ns += STEP_NS

    def _empty(self) -> list[float]:
        """[12] µT of stacks and room."""
        thermal = 1.0 + THERMAL_PER_K * (self._room.temperature_c - self._began_c)
        total = thermal * self._stacks_ut + np.asarray(self._room.ambient_ut)
        flat: list[float] = total.ravel().tolist()
        return flat

    def _solve(self) -> list[float]:
        if not self.marbles.all:
            return self._static
        flat = self.marbles.field_ut(self._points).ravel().tolist()
        return [a + b for a, b in zip(self._static, flat, strict=True)]


class Looped:
    """A world in a loop; its end glides over into its beginning, so that nothing jumps.

    Args:
        world: a gesture or a recording.
    """

    def __init__(self, world: Any) -> None:
        if world.duration_s <= 2.0 * SEAM_S:
            raise SensorError(
                f"a gesture longer than {2 * SEAM_S:g} s", f"{world.duration_s:g} s", "take a longer one"
            )
        self._world = world
        self._length_ns = round((world.duration_s - SEAM_S) * 1e9)

    def axis_ut(self, sensor: int, axis: int, time_ns: int) -> float:
        """Flux density in µT along one axis of a chip."""
        at = time_ns % self._length_ns
        value = float(self._world.axis_ut(sensor, axis, at))
        seam = round(SEAM_S * 1e9)
        if at >= seam or time_ns < self._length_ns:
            return value
        end = float(self._world.axis_ut(sensor, axis, self._length_ns + at))
        return end + (value - end) * float(at / seam)

    def temperature_c(self, sensor: int, time_ns: int) -> float:
        """Temperature of the chip in °C."""
        return float(self._world.temperature_c(sensor, time_ns % self._length_ns))
