"""A simulated I2C bus whose time is exact to the bit, and the virtual clock that it moves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from firmware import BusNak, BusStuck, BusTimeout
from sensors.chips.simulated_chip import ChipModel

TIMEOUT_MS = 1000.0
"""How long i2c-omap waits for a bus that is held before it gives up, whatever time-out it has been told."""
RECOVERY_BITS = 20
"""Nine clock pulses and a stop, at half the bus rate."""


class VirtualClock:
    """Simulated time: moves only when somebody sleeps or uses the bus."""

    def __init__(self) -> None:
        self.now_ns = 0

    def now_us(self) -> int:
        """Microseconds since the start."""
        return self.now_ns // 1000

    def sleep_until_us(self, time_us: int) -> None:
        """Moves on to `time_us`; does nothing where that has passed."""
        self.now_ns = max(self.now_ns, time_us * 1000)


class Faults(Protocol):
    """Whatever breaks the bus and its chips as time passes (`sensors.simulation.faults`)."""

    def apply(self, bus: SimulatedBus, now_ns: int) -> None:
        """Makes everything happen that is due by `now_ns`."""
        ...


class SimulatedBus:
    """One I2C bus with any number of chip models.

    A transfer takes 9 bits a byte (address bytes too) and a bit time each for start, repeated start, stop
    and the idle time after it; a chip that stretches the clock adds its time at each byte.
    Two chips at one address answer together: an open drain bus reads the AND of what they send.

    Args:
        chips: the models.
        clock: moved on by every transfer.
        bit_rate_hz: 400 kHz is fast mode.
        overhead_us: software time of the host for each transfer.
        timeout_ms: how long the adapter waits for a bus that is held.
        faults: told the time before each transfer, and between its write and its read.
    """

    def __init__(
        self,
        chips: Sequence[ChipModel],
        clock: VirtualClock,
        *,
        bit_rate_hz: float = 400_000.0,
        overhead_us: float = 0.0,
        timeout_ms: float = TIMEOUT_MS,
        faults: Faults | None = None,
    ) -> None:
        self.chips = list(chips)
        self.clock = clock
        self.stuck = False
        self.held_low = False
        self.transfers = 0
        self._bit_ns = 1e9 / bit_rate_hz
        self._overhead_ns = round(overhead_us * 1000)
        self._timeout_ns = round(timeout_ms * 1e6)
        self._faults = faults

    def transfer(self, address: int, write: bytes, read_bytes: int) -> bytes:
        """Writes, then reads after a repeated start.

        Raises:
            BusNak: nobody answers to `address`, or the chip vanished between write and read.
            BusStuck: SDA is held low.
            BusTimeout: the chip holds the clock and never lets go.
        """
        clock = self.clock
        self.transfers += 1
        clock.now_ns += self._overhead_ns
        self._notify()
        if self.stuck:
            clock.now_ns += self._timeout_ns
            raise BusStuck("SDA is held low")
        chips = [chip for chip in self.chips if chip.address == address and self._hears(chip)]
        if not chips:
            self._spend(1 + 9 + 2)
            raise BusNak(f"nobody answers at 0x{address:02X}")
        if any(chip.hangs for chip in chips):
            clock.now_ns += self._timeout_ns
            raise BusTimeout(f"0x{address:02X} holds the clock")
        stretch = max(chip.stretch_ns for chip in chips)
        answer = b""
        if write or not read_bytes:
            self._spend(1 + 9 * (1 + len(write)), stretch * (1 + len(write)))
            for chip in chips:
                chip.write(write, clock.now_ns)
        if read_bytes:
            answer = self._read(chips, address, read_bytes, stretch)
        self._spend(2)
        return answer

    def _hears(self, chip: ChipModel) -> bool:
        return chip.present and self.clock.now_ns >= chip.deaf_until_ns

    def recover(self) -> bool:
        """Nine clocks and a stop: frees SDA unless something keeps holding it."""
        self._notify()
        self._spend(RECOVERY_BITS)
        self.stuck = self.stuck and self.held_low
        return not self.stuck

    def _read(self, chips: list[ChipModel], address: int, count: int, stretch: int) -> bytes:
        self._notify()
        chips = [chip for chip in chips if chip.present]
        if not chips:
            self._spend(1 + 9 + 2)
            raise BusNak(f"0x{address:02X} vanished between write and read")
        self._spend(1 + 9 * (1 + count), stretch * (1 + count))
        answers = [chip.read(count, self.clock.now_ns) for chip in chips]
        if len(answers) == 1:
            return answers[0]
        together = list(answers[0])
        for other in answers[1:]:
            together = [a & b for a, b in zip(together, other, strict=True)]
        return bytes(together)

    def _spend(self, bits: int, extra_ns: int = 0) -> None:
        self.clock.now_ns += round(bits * self._bit_ns) + extra_ns

    def _notify(self) -> None:
        if self._faults is not None:
            self._faults.apply(self, self.clock.now_ns)
