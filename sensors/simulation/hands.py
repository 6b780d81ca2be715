"""Hands that move the marbles of a live world without anybody: improvising, or turned by MIDI controllers."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from sensors.simulation.live_world import LiveWorld

REACH_MM = 95.0
ORDER = tuple((marble, axis) for axes in ((0, 1), (2,)) for marble in (1, 2, 3) for axis in axes)
"""How controls are given out as they are turned: x and y of three marbles, then their heights."""


class ImprovisingHand:
    """Takes one marble after another, carries it somewhere, lets it go or throws it; without end.

    Args:
        seed: the same play for the same seed.
    """

    def __init__(self, seed: int = 0) -> None:
        self._random = np.random.default_rng([seed, 500])
        self._number = 0
        self._until_s = 0.0
        self._carry: tuple[float, float, tuple[float, float, float], tuple[float, float]] | None = None

    def act(self, time_s: float, world: LiveWorld) -> None:
        """Goes on with what it does, or begins something else."""
        if self._carry is not None:
            begun_s, seconds, start, end = self._carry
            part = min((time_s - begun_s) / seconds, 1.0)
            eased = part**3 * (10.0 - 15.0 * part + 6.0 * part**2)  # minimum jerk: how a hand moves
            lift = 12.0 * math.sin(math.pi * part)
            x, y = (start[k] + (end[k] - start[k]) * eased for k in range(2))
            world.move(self._number, x, y, lift)
            thrown = part >= self._release
            if thrown:
                world.let_go(self._number)
                self._carry = None
                self._until_s = time_s + float(self._random.exponential(0.5))
        elif time_s >= self._until_s:
            self._begin(time_s, world)

    def _begin(self, time_s: float, world: LiveWorld) -> None:
        places = world.places()
        self._number = int(self._random.choice(sorted(places)))
        radius = REACH_MM * math.sqrt(float(self._random.uniform()))
        angle = float(self._random.uniform(0.0, 2.0 * math.pi))
        end = (radius * math.cos(angle), radius * math.sin(angle))
        self._release = float(self._random.choice([0.55, 1.0, 1.0]))  # thrown in mid-way, or put down
        self._carry = (time_s, float(self._random.uniform(0.5, 2.5)), places[self._number], end)


class ControllerHand:
    """Marbles where the knobs of a MIDI controller say: control pairs give x and y.

    Args:
        controls: number of a MIDI control to (marble, axis), axis 0 for x, 1 for y, 2 for the height.
        told: a control that is not among them is given the next place of ORDER, and a line tells it.
    """

    def __init__(
        self,
        controls: Mapping[int, tuple[int, int]] | None = None,
        told: Callable[[str], object] | None = None,
    ) -> None:
        self._controls = dict(controls or {})
        self._told = told
        self._places: dict[int, list[float]] = {}
        self._moved: set[int] = set()

    def hear(self, message: Any) -> None:
        """A MIDI message, as mido has them. From the thread that hears MIDI."""
        if message.type == "control_change":
            self.control(message.control, message.value)

    def control(self, number: int, value: int) -> None:
        """A control has been turned to 0…127. From the thread that hears MIDI."""
        if number not in self._controls and not self._learn(number):
            return
        marble, axis = self._controls[number]
        part = value / 127.0
        place = self._places.setdefault(marble, [0.0, 0.0, 0.0])
        place[axis] = 60.0 * part if axis == 2 else (2.0 * part - 1.0) * REACH_MM
        self._moved.add(marble)

    def _learn(self, number: int) -> bool:
        left = [place for place in ORDER if place not in self._controls.values()]
        if self._told is None or not left:
            return False
        self._controls[number] = left[0]
        marble, axis = left[0]
        self._told(f"control {number} now moves marble {marble} along {'xyz'[axis]}")
        return True

    def act(self, time_s: float, world: LiveWorld) -> None:
        """Carries what has been turned."""
        while self._moved:
            marble = self._moved.pop()
            x, y, z = self._places[marble]
            world.move(marble, x, y, z)
