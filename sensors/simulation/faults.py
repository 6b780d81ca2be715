"""Faults on a schedule: what breaks on the simulated board, when, and for how long."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sensors.chips.simulated_chip import ChipModel
from sensors.errors import SensorError
from sensors.simulation.bus import SimulatedBus

KINDS: dict[str, str] = {
    "unplug": "the sensor does not answer; plugged in again at the end",
    "brown-out": "the chip starts anew with its factory registers",
    "stuck": "SDA is held low until the end; then a bus clear frees it",
    "hang": "the chip holds the clock low whenever it is asked; the adapter gives up after a second",
    "frozen": "the same words again and again",
    "slow": "conversions take 1.25 times as long",
    "memory": "an uncorrectable memory error: the chip obeys nothing but a reset, in vain",
    "flip": "one bit of one word flips on the way",
    "clash": "the chip moves to its neighbour's address",
    "swap": "unplugged, and another chip of the kind plugged in at the end",
    "magnet": "a magnet lies on the sensor: beyond every range",
}
_SLOW = 1.25
_MAGNET_UT = 300_000.0
_SWAP_TREF = 77


@dataclass(frozen=True)
class Fault:
    """One fault.

    Attributes:
        kind: a key of `KINDS`.
        at_s: when it begins, seconds.
        seconds: how long it lasts; a brown-out or a flipped bit is an instant.
        sensor: which; "stuck" concerns all.
    """

    kind: str
    at_s: float
    seconds: float = 0.0
    sensor: int = 0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise SensorError(f"a fault ({', '.join(KINDS)})", repr(self.kind), "choose one of them")
        if not (0 <= self.sensor < 4 and 0.0 <= self.at_s < 1e6 and 0.0 <= self.seconds < 1e6):
            raise SensorError(
                "a fault of sensor 0 to 3 at a time of the simulation", repr(self), "correct it"
            )


class FaultSchedule:
    """Applies faults to a bus as time passes them; the bus calls it."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        edges = [(round(fault.at_s * 1e9), True, fault) for fault in faults]
        edges += [(round((fault.at_s + fault.seconds) * 1e9), False, fault) for fault in faults]
        self._edges = sorted(edges, key=lambda edge: edge[0])
        self._next = 0
        self._home: dict[int, int] = {}

    def add(self, fault: Fault, at_ns: int, *, begins: bool) -> None:
        """One more, while it runs: the fault begins or ends at `at_ns`, whatever its own times say.

        Threads: the one that uses the bus.
        """
        rest = [*self._edges[self._next :], (at_ns, begins, fault)]
        self._edges = sorted(rest, key=lambda edge: edge[0])
        self._next = 0

    def apply(self, bus: SimulatedBus, now_ns: int) -> None:
        """Makes everything happen that is due by `now_ns`."""
        while self._next < len(self._edges) and self._edges[self._next][0] <= now_ns:
            _, begins, fault = self._edges[self._next]
            self._next += 1
            if fault.kind == "stuck":
                bus.held_low = begins
                bus.stuck = bus.stuck or begins
            else:
                self._change(bus.chips, fault, begins, now_ns)

    def _change(self, chips: Sequence[ChipModel], fault: Fault, begins: bool, now_ns: int) -> None:
        chip = chips[fault.sensor]
        kind = fault.kind
        if kind in ("unplug", "swap"):
            chip.present = not begins
            if not begins:
                if kind == "swap" and hasattr(chip, "tref"):
                    chip.tref += _SWAP_TREF
                chip.brown_out(now_ns)
        elif kind == "brown-out" and begins:
            chip.brown_out(now_ns)
        elif kind == "hang":
            chip.hangs = begins
        elif kind == "frozen":
            chip.frozen = begins
        elif kind == "slow":
            chip.time_scale = _SLOW if begins else 1.0
        elif kind == "memory":
            chip.broken_memory = begins
        elif kind == "flip" and begins:
            chip.flip_bits = 0x4000
        elif kind == "magnet":
            chip.extra_ut = _MAGNET_UT if begins else 0.0
        elif kind == "clash" and begins:
            self._home[fault.sensor] = chip.address
            chip.address = chips[(fault.sensor + 1) % len(chips)].address
        elif kind == "clash":
            chip.address = self._home.pop(fault.sensor)


def random_faults(
    seed: int, duration_s: float, count: int, kinds: Sequence[str] = tuple(KINDS)
) -> list[Fault]:
    """At most `count` faults at random moments, each over two seconds before the next on its sensor."""
    random = np.random.default_rng([seed, 300])
    free_at = [1.0] * 4
    faults: list[Fault] = []
    for at in np.sort(random.uniform(1.0, duration_s, count)).tolist():
        kind = str(random.choice(list(kinds)))
        sensor = int(random.integers(4))
        seconds = 0.0 if kind in ("brown-out", "flip") else float(random.uniform(0.02, 3.0))
        touched = range(4) if kind == "stuck" else [sensor, (sensor + 1) % 4] if kind == "clash" else [sensor]
        if all(free_at[k] <= at for k in touched):
            for k in touched:
                free_at[k] = at + seconds + 2.0
            faults.append(Fault(kind, at, seconds, sensor))
    return faults
