"""A register-level TMAG5273: continuous conversion, twelve bits, four factory addresses.

Sources: register map as independent drivers use it (CircuitPython and Rust); 25 µs a channel and result
from the data sheet. Noise and behaviour under faults are assumptions: nobody has published them.
"""

from __future__ import annotations

from sensors.chips.simulated_chip import Surroundings, gaussian

CHANNEL_NS = 25_000
_MAKER = b"\x49\x54"
_RESULTS = 0x10
_T0_COUNTS, _T0_C, _COUNTS_PER_KELVIN = 17508.0, 25.0, 60.1
_CONTINUOUS = 2
_WRITABLE = range(0x0D)


class Tmag5273Model:
    """One chip. Arguments as `Mlx90393Model`; `twice` makes it the x2 variant (±133/±266 mT)."""

    def __init__(
        self,
        world: Surroundings,
        sensor: int,
        address: int,
        *,
        seed: int = 0,
        noise_ut: float = 20.0,
        twice: bool = False,
    ) -> None:
        self.address = address
        self.present = True
        self.time_scale = 1.0
        self.frozen = False
        self.broken_memory = False
        self.flip_bits = 0
        self.hangs = False
        self.stretch_ns = 0
        self.extra_ut = 0.0
        self.noise_ut = noise_ut
        self._world, self._sensor = world, sensor
        self._noise = gaussian(seed, 100 + sensor)
        self._version = 2 if twice else 1
        self._narrow_mt = 133.0 if twice else 40.0
        self._power_on()

    def brown_out(self, now_ns: int) -> None:
        """All registers as from the factory: the chip stands by."""
        self._power_on()

    def write(self, data: bytes, now_ns: int) -> None:
        """The first byte is a register number, the others are written from there on."""
        if not data:
            return
        self._convert(now_ns)
        self._pointer = data[0] & 0x7F
        for value in data[1:]:
            if self._pointer in _WRITABLE:
                self._registers[self._pointer] = value
            self._pointer = (self._pointer + 1) & 0x7F
        if len(data) > 1:
            self._since_ns, self._converted = now_ns, 0

    def read(self, count: int, now_ns: int) -> bytes:
        """From the register number on."""
        self._convert(now_ns)
        if self.broken_memory:
            return b"\xff" * count
        answer = bytes(
            self._registers[index] if index < len(self._registers) else 0
            for index in range(self._pointer, self._pointer + count)
        )
        self._pointer = (self._pointer + count) & 0x7F
        return answer

    def _power_on(self) -> None:
        self._registers = bytearray(0x20)
        self._registers[0x0D] = self._version
        self._registers[0x0E:0x10] = _MAKER
        self._pointer = 0
        self._since_ns = 0
        self._converted = 0

    def _conversion_ns(self) -> int:
        averages = 1 << min(self._registers[0x00] >> 2 & 7, 5)
        channels = (self._registers[0x02] >> 4 & 7).bit_count() + (self._registers[0x07] & 1)
        return round(CHANNEL_NS * (1 + averages * channels) * self.time_scale)

    def _convert(self, now_ns: int) -> None:
        """Puts the last finished conversion into the result registers."""
        if self._registers[0x01] & 3 != _CONTINUOUS:
            return
        period = self._conversion_ns()
        done = (now_ns - self._since_ns) // period
        if done <= self._converted or self.frozen:
            return
        self._converted = done
        middle = self._since_ns + done * period - period // 2
        if self._registers[0x07] & 1:
            kelvin = self._world.temperature_c(self._sensor, middle)
            self._put(0, round(_T0_COUNTS + (kelvin - _T0_C) * _COUNTS_PER_KELVIN))
        for axis in range(3):
            if self._registers[0x02] >> 4 >> axis & 1:
                self._put(1 + axis, self._code(axis, middle))
        if self.flip_bits:
            self._registers[_RESULTS + 2] ^= self.flip_bits >> 8
            self.flip_bits = 0

    def _code(self, axis: int, time_ns: int) -> int:
        """Twelve bits, at the top of sixteen."""
        wide = self._registers[0x03] >> (0 if axis == 2 else 1) & 1
        range_ut = self._narrow_mt * (2 if wide else 1) * 1000.0
        field = self._world.axis_ut(self._sensor, axis, time_ns) + self.extra_ut
        field += self.noise_ut * next(self._noise)
        return min(max(round(field / range_ut * 2048), -2048), 2047) * 16

    def _put(self, quantity: int, value: int) -> None:
        clamped = min(max(value, -0x8000), 0x7FFF)
        at = _RESULTS + 2 * quantity
        self._registers[at : at + 2] = clamped.to_bytes(2, "big", signed=True)
