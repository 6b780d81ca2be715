"""A simulated board: four chips over their stacks, on one bus, with a gesture above them."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from definitions import chips
from firmware import BusNak, BusStuck, BusTimeout
from geometry import BoardGeometry
from sensors.chips.simulated_chip import ChipModel
from sensors.replay import RecordedWorld
from sensors.settings import ADDRESSES
from sensors.simulation.bus import TIMEOUT_MS, SimulatedBus, VirtualClock
from sensors.simulation.faults import Fault, FaultSchedule
from sensors.simulation.gesture import Gesture, load_gesture
from sensors.simulation.live_world import LiveWorld
from sensors.simulation.world import Environment, World

OK, NAK, TIMEOUT, STUCK = range(4)


class SimulatedBoard:
    """Everything that is on the sensor bus, and its clock.

    Args:
        gesture: a gesture, the name of one, a path, or a world made before (a recording, a live one).
        seed: of all noise and of the chips' TREF.
        noise_ut: standard deviation of each reading, µT; None for what the chip is assumed to have.
        chip: the name of one that has a driver (definitions/chips.toml).
        geometry, environment: see `World`; the environment defaults to the gesture's.
        addresses: of the four chips, in the order of the attractors.
        overhead_us: software time of the host for each transfer.
        timeout_ms: how long the adapter waits for a bus that is held.
        faults: what breaks, and when; a schedule can be added to while it runs.
    """

    def __init__(
        self,
        gesture: Gesture | World | RecordedWorld | LiveWorld | str | Path,
        *,
        seed: int = 0,
        noise_ut: float | None = None,
        chip: str = "mlx90393",
        geometry: BoardGeometry | None = None,
        environment: Environment | None = None,
        addresses: Sequence[int] | None = None,
        bit_rate_hz: float = 400_000.0,
        overhead_us: float = 0.0,
        timeout_ms: float = TIMEOUT_MS,
        faults: Sequence[Fault] | FaultSchedule = (),
    ) -> None:
        self.world: World | RecordedWorld | LiveWorld
        if isinstance(gesture, World | RecordedWorld | LiveWorld):
            self.world = gesture
        else:
            loaded = gesture if isinstance(gesture, Gesture) else load_gesture(gesture)
            self.world = World(loaded, geometry, environment)
        self.clock = VirtualClock()
        addresses = ADDRESSES[chip] if addresses is None else addresses
        self.chips = [self._chip(chip, k, address, seed, noise_ut) for k, address in enumerate(addresses)]
        self.bus = SimulatedBus(
            self.chips,
            self.clock,
            bit_rate_hz=bit_rate_hz,
            overhead_us=overhead_us,
            timeout_ms=timeout_ms,
            faults=faults if isinstance(faults, FaultSchedule) else FaultSchedule(faults) if faults else None,
        )

    def _chip(self, kind: str, sensor: int, address: int, seed: int, noise_ut: float | None) -> ChipModel:
        row = chips.chip(kind)
        model = getattr(import_module(f"sensors.chips.{kind}_model"), f"{row.driver}Model")
        noise = row.noise_ut if noise_ut is None else noise_ut
        made: ChipModel = model(self.world, sensor, address, seed=seed, noise_ut=noise)
        return made

    @property
    def duration_s(self) -> float:
        """Length of the gesture."""
        return self.world.duration_s

    def transfer_at(self, now_us: int, address: int, write: bytes, read_bytes: int) -> tuple[int, int, bytes]:
        """One transfer that begins at `now_us` on somebody else's clock.

        Returns:
            status (0 ok, 1 NAK, 2 timeout, 3 stuck), duration in µs rounded up, bytes read.
        """
        began = self.clock.now_ns = now_us * 1000
        status, answer = OK, b""
        try:
            answer = self.bus.transfer(address, write, read_bytes)
        except BusNak:
            status = NAK
        except BusTimeout:
            status = TIMEOUT
        except BusStuck:
            status = STUCK
        return status, -((began - self.clock.now_ns) // 1000), answer

    def recover_at(self, now_us: int) -> tuple[int, int, bytes]:
        """A bus clear that begins at `now_us`; as `transfer_at`."""
        began = self.clock.now_ns = now_us * 1000
        free = self.bus.recover()
        return OK if free else STUCK, -((began - self.clock.now_ns) // 1000), b""

    def info(self) -> dict[str, Any]:
        """What is simulated, JSON-ready."""
        return {
            "gesture": self.world.name,
            "title": self.world.title,
            "duration_s": self.world.duration_s,
            "addresses": [chip.address for chip in self.chips],
            "tref": [getattr(chip, "tref", 0) for chip in self.chips],
        }
