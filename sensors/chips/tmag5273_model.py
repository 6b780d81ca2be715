"""A register-level TMAG5273: its ways to convert, status registers, twelve bits, four factory addresses.

Sources: register map and status bits as independent drivers use them (Linux, Zephyr, CircuitPython, Rust);
25 µs a channel and result, 50 µs from sleep and 270 µs from power-on from TI's data sheets. Noise, and what
comes of faults, are assumptions: nobody has published them. Also assumed: a result counts as new until one
of its bytes is read.
"""

from __future__ import annotations

import math

from sensors.chips.simulated_chip import Surroundings, gaussian

CHANNEL_NS = 25_000
_START_UP_NS = 270_000
_WAKE_NS = 50_000
_BEGIN_NS = 70_000  # from standing by to the first conversion
_MAKER = b"\x49\x54"
_RESULTS, _CONV_STATUS, _ANGLE, _MAGNITUDE, _DEVICE_STATUS = 0x10, 0x18, 0x19, 0x1B, 0x1C
_READY, _DIAG, _POR, _SET_COUNT = 0x01, 0x02, 0x10, 5
_UNDER_VOLTAGE, _MEMORY_ERROR, _ERRORS = 0x01, 0x02, 0x0F
_INT_HIGH = 0x10
_T0_COUNTS, _T0_C, _COUNTS_PER_KELVIN = 17508.0, 25.0, 60.1
_STANDBY, _SLEEP, _CONTINUOUS = 0, 1, 2
_TRIGGER = 0x80  # with a register's number: converts once, where it stands by
_CHANNELS = {8: (0, 1), 9: (0, 1), 10: (1, 2), 11: (0, 2)}
"""MAG_CH_EN of the pseudo-simultaneous orders, to the axes that they give; below 8 it is a mask."""
_ANGLE_AXES = {1: (0, 1), 2: (1, 2), 3: (0, 2)}
_TEMPCO = {1: 0.0012, 3: 0.002}
"""What MAG_TEMPCO makes up for, per kelvin: a magnet of neodymium, of ferrite."""
_WRITABLE = range(0x0D)
_CRC_BLOCK = 4


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
        drift_per_k: float = 0.0,
    ) -> None:
        self.address = address
        self.present = True
        self.time_scale = 1.0
        self.frozen = False
        self.broken_memory = False
        self.flip_bits = 0
        self.hangs = False
        self.stretch_ns = 0
        self.deaf_until_ns = 0
        self.extra_ut = 0.0
        self.noise_ut = noise_ut
        self.drift_per_k = drift_per_k
        self._world, self._sensor = world, sensor
        self._noise = gaussian(seed, 100 + sensor)
        self._version = 2 if twice else 1
        self._narrow_mt = 133.0 if twice else 40.0
        self._once_ns: int | None = None
        self._power_on()

    def brown_out(self, now_ns: int) -> None:
        """All registers as from the factory: the chip stands by, and says so in its status."""
        self._power_on()
        self._registers[_DEVICE_STATUS] |= _UNDER_VOLTAGE
        self.deaf_until_ns = now_ns + _START_UP_NS

    def write(self, data: bytes, now_ns: int) -> None:
        """The first byte is a register number, the others are written from there on."""
        if not data or self._woken(now_ns):
            return
        self._convert(now_ns)
        self._pointer = data[0] & 0x7F
        for value in data[1:]:
            self._put_register(self._pointer, value)
            self._pointer = (self._pointer + 1) & 0x7F
        if len(data) > 1:
            self._since_ns, self._converted = now_ns + _BEGIN_NS, 0
        if data[0] & _TRIGGER and self._mode == _STANDBY:
            self._once_ns = now_ns + _BEGIN_NS + self._conversion_ns()
            self._registers[_CONV_STATUS] &= ~_READY

    def read(self, count: int, now_ns: int) -> bytes:
        """From the register number on; with CRC_EN a checksum comes behind each four bytes."""
        if self._woken(now_ns):
            return b"\xff" * count
        self._convert(now_ns)
        crc = bool(self._registers[0] & 0x80)
        answer = bytearray()
        block = bytearray()
        while len(answer) < count:
            if crc and len(block) == _CRC_BLOCK:
                answer.append(_crc8(block))
                block.clear()
                continue
            block.append(self._take(self._pointer))
            answer.append(block[-1])
            self._pointer = (self._pointer + 1) & 0x7F
        return bytes(answer)

    @property
    def _mode(self) -> int:
        return self._registers[0x01] & 3

    def _power_on(self) -> None:
        self._registers = bytearray(0x20)
        self._registers[0x0D] = self._version
        self._registers[0x0E:0x10] = _MAKER
        self._registers[_CONV_STATUS] = _POR
        self._registers[_DEVICE_STATUS] = _INT_HIGH
        self._pointer = 0
        self._since_ns = 0
        self._converted = 0
        self._once_ns = None

    def _woken(self, now_ns: int) -> bool:
        """Whether the chip slept: whatever it is asked wakes it, and is lost."""
        if self._mode != _SLEEP:
            return False
        self._registers[0x01] &= ~3
        self.deaf_until_ns = now_ns + _WAKE_NS
        return True

    def _put_register(self, index: int, value: int) -> None:
        if index in _WRITABLE:
            self._registers[index] = value
        elif index == _CONV_STATUS:
            self._registers[index] &= ~(value & _POR)  # a 1 clears it
        elif index == _DEVICE_STATUS:
            self._registers[index] &= ~(value & _ERRORS)

    def _take(self, index: int) -> int:
        if index >= len(self._registers):
            return 0
        if index == _DEVICE_STATUS and self.broken_memory:
            return self._registers[index] | _MEMORY_ERROR
        if index == _CONV_STATUS:
            wrong = self.broken_memory or self._registers[_DEVICE_STATUS] & _ERRORS
            return self._registers[index] | (_DIAG if wrong else 0)
        if _RESULTS <= index < _CONV_STATUS:
            self._registers[_CONV_STATUS] &= ~_READY
        return self._registers[index]

    def _axes(self) -> tuple[int, ...]:
        enabled = self._registers[0x02] >> 4
        return _CHANNELS.get(enabled, tuple(axis for axis in range(3) if enabled >> axis & 1))

    def _conversion_ns(self) -> int:
        averages = 1 << min(self._registers[0x00] >> 2 & 7, 5)
        enabled = self._registers[0x02] >> 4
        magnetic = 3 if enabled in _CHANNELS else len(self._axes())
        channels = magnetic + (self._registers[0x07] & 1)
        return round(CHANNEL_NS * (1 + averages * channels) * self.time_scale)

    def _convert(self, now_ns: int) -> None:
        """Puts the last finished conversion into the result registers."""
        period = self._conversion_ns()
        if self._once_ns is not None and self._mode == _STANDBY and now_ns >= self._once_ns:
            self._finish(self._once_ns - period // 2, 1)
            self._once_ns = None
        if self._mode != _CONTINUOUS:
            return
        done = (now_ns - self._since_ns) // period
        if done > self._converted:
            self._finish(self._since_ns + done * period - period // 2, done - self._converted)
            self._converted = done

    def _finish(self, middle: int, sets: int) -> None:
        if self.broken_memory:
            return  # what it would convert with cannot be trusted: no result is ever new
        status = self._registers[_CONV_STATUS]
        count = (status >> _SET_COUNT) + sets & 7
        self._registers[_CONV_STATUS] = status & _POR | count << _SET_COUNT | _READY
        if self.frozen:
            return
        if self._registers[0x07] & 1:
            kelvin = self._world.temperature_c(self._sensor, middle)
            self._put(0, round(_T0_COUNTS + (kelvin - _T0_C) * _COUNTS_PER_KELVIN))
        for axis in self._axes():
            self._put(1 + axis, self._code(axis, middle))
        self._polar()
        if self.flip_bits:
            self._registers[_RESULTS + 2] ^= self.flip_bits >> 8
            self.flip_bits = 0

    def _code(self, axis: int, time_ns: int) -> int:
        """Twelve bits, at the top of sixteen."""
        wide = self._registers[0x03] >> (0 if axis == 2 else 1) & 1
        range_ut = self._narrow_mt * (2 if wide else 1) * 1000.0
        kelvin = self._world.temperature_c(self._sensor, time_ns) - _T0_C
        field = self._world.axis_ut(self._sensor, axis, time_ns) + self.extra_ut
        field *= 1.0 + (self.drift_per_k + _TEMPCO.get(self._registers[0] >> 5 & 3, 0.0)) * kelvin
        field += self.noise_ut * next(self._noise)
        return min(max(round(field / range_ut * 2048), -2048), 2047) * 16

    def _put(self, quantity: int, value: int) -> None:
        clamped = min(max(value, -0x8000), 0x7FFF)
        at = _RESULTS + 2 * quantity
        self._registers[at : at + 2] = clamped.to_bytes(2, "big", signed=True)

    def _polar(self) -> None:
        """Angle (degrees, four bits behind the point) and size of the two axes that ANGLE_EN names."""
        axes = _ANGLE_AXES.get(self._registers[0x03] >> 2 & 3)
        if axes is None:
            return
        first, second = (
            int.from_bytes(
                self._registers[_RESULTS + 2 + 2 * axis : _RESULTS + 4 + 2 * axis], "big", signed=True
            )
            for axis in axes
        )
        angle = round(math.degrees(math.atan2(second, first)) % 360.0 * 16.0) % (360 * 16)
        self._registers[_ANGLE : _ANGLE + 2] = angle.to_bytes(2, "big")
        self._registers[_MAGNITUDE] = min(round(math.hypot(first, second)) >> 8, 0xFF)


def _crc8(data: bytes | bytearray) -> int:
    """CRC-8 of the polynomial 0x07, from 0xFF."""
    crc = 0xFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc << 1 ^ (0x07 if crc & 0x80 else 0)) & 0xFF
    return crc
