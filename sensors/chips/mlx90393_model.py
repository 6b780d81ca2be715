"""A register-level MLX90393: what a driver sees of the chip, with its timing, noise, quantisation and faults.

Sources: Melexis data sheet 3901090393; where it is silent, what independent drivers observed.
Wake-on-change converts like burst; its thresholds are not modelled.
"""

from __future__ import annotations

from sensors.chips import mlx90393_codes as codes
from sensors.chips.simulated_chip import Surroundings, gaussian

_NOP, _SB, _SW, _SM, _RM, _RR, _WR = 0x0, 0x1, 0x2, 0x3, 0x4, 0x5, 0x6
_EX, _HR, _HS, _RT = 0x8, 0xD, 0xE, 0xF
_MODE_BIT = {_SB: codes.STATUS_BURST, _SW: codes.STATUS_WAKE, _SM: codes.STATUS_SINGLE}
_CUSTOMER_WORDS = 0x20
_IDLE_DATA_BITS = 3


class Mlx90393Model:
    """One chip.

    Args:
        world: field and temperature around the chip.
        sensor: number of the sensor in `world`.
        address: 7-bit address.
        seed: of the noise and of TREF.
        noise_ut: standard deviation of each axis of a conversion, µT (assumed: no trustworthy figure exists);
            more where less is averaged than with oversampling 1, filter 2.
        tref: the reference word of the thermometer; drawn from the seed where None.
        first_unflagged: the first read of a not-ready measurement after a reset gives zero field without
            ERROR, as one user reported of the silicon.
    """

    def __init__(
        self,
        world: Surroundings,
        sensor: int,
        address: int,
        *,
        seed: int = 0,
        noise_ut: float = 5.0,
        tref: int | None = None,
        first_unflagged: bool = False,
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
        self._first_unflagged = first_unflagged
        self._last: dict[int, int] = {}
        self._answer = b""
        self._nv = [0] * 64
        self._nv[0x00] = 0x007C
        spread = round(60 * next(gaussian(seed, 200 + sensor)))
        self._nv[0x24] = codes.TREF_NOMINAL + spread if tref is None else tref
        self._power_on()

    @property
    def tref(self) -> int:
        """The reference word of the thermometer: differs from chip to chip."""
        return self._nv[0x24]

    @tref.setter
    def tref(self, value: int) -> None:
        self._nv[0x24] = self._ram[0x24] = value

    def brown_out(self, now_ns: int) -> None:
        """RAM is loaded from the non-volatile memory, the mode is left, RS is set."""
        self._power_on()

    def write(self, data: bytes, now_ns: int) -> None:
        """Runs one command; its answer waits for `read`."""
        if not data:
            return
        self._convert(now_ns)
        command, select = data[0] >> 4, data[0] & 0xF
        if self.broken_memory and command != _RT:
            self._error = True
            self._reply(b"")
        elif command in _MODE_BIT:
            self._start(command, select, now_ns)
        elif command == _RM:
            self._read_measurement(select)
        elif command == _RR:
            self._read_register(data)
        elif command == _WR:
            self._write_register(data)
        else:
            self._control(command, data[0])

    def read(self, count: int, now_ns: int) -> bytes:
        """The answer of the last command; FF beyond its end."""
        answer, self._answer = self._answer[:count], self._answer[count:]
        return answer + b"\xff" * (count - len(answer))

    def _power_on(self) -> None:
        self._ram = list(self._nv)
        self._mode = 0
        self._select = 0
        self._started_ns = 0
        self._converted = 0
        self._data: dict[int, int] | None = None
        self._reset, self._error = True, False
        self._answer = b""
        self._fresh = True

    def _reply(self, data: bytes, data_bits: int | None = None, *, hide_mode: bool = False) -> None:
        bits = (len(data) // 2 - 1 if data else _IDLE_DATA_BITS) if data_bits is None else data_bits
        status = bits & 3
        status |= 0 if hide_mode else _MODE_BIT.get(self._mode, 0)
        status |= codes.STATUS_ERROR if self._error else 0
        status |= codes.STATUS_RESET if self._reset else 0
        self._error = self._reset = False
        self._answer = bytes([status]) + data

    def _control(self, command: int, byte: int) -> None:
        if byte == 0x00:
            pass
        elif command == _EX and byte == 0x80:
            self._mode = 0
        elif byte == 0xF0:
            broken = self.broken_memory
            self._power_on()
            self._error = broken
        elif byte == 0xD0:
            self._ram = list(self._nv)
        elif byte == 0xE0:
            self._nv[:_CUSTOMER_WORDS] = self._ram[:_CUSTOMER_WORDS]
        else:
            self._error = True
        self._reply(b"")

    def _start(self, command: int, select: int, now_ns: int) -> None:
        if self._mode:
            self._error = True
            self._reply(b"", hide_mode=True)
            return
        self._mode = command
        self._select = select or (self._ram[1] >> 6) & 0xF
        self._started_ns, self._converted = now_ns, 0
        self._data = None
        self._reply(b"")

    def _read_register(self, data: bytes) -> None:
        index = (data[1] >> 2) & 0x3F if len(data) == 2 else None
        if index is None or self._mode in (_SB, _SW):
            self._error = True
            self._reply(b"\xff\xff")
            return
        self._reply(self._ram[index].to_bytes(2, "big"))

    def _write_register(self, data: bytes) -> None:
        if len(data) != 4 or self._mode in (_SB, _SW):
            self._error = True
        else:
            index = (data[3] >> 2) & 0x3F
            if index < _CUSTOMER_WORDS:
                self._ram[index] = data[1] << 8 | data[2]
        self._reply(b"")

    def _read_measurement(self, select: int) -> None:
        wanted = [bit for bit in (1, 2, 4, 8) if (select or self._select) & bit]
        if self._data is None:
            quiet = self._first_unflagged and self._fresh and self._mode == _SM
            self._fresh = False
            self._error = self._error or not quiet
            word = 0x8000 if quiet else 0xFFFF
            self._reply(word.to_bytes(2, "big") * len(wanted), len(wanted) - 1)
            return
        words = [self._data.get(bit, 0xFFFF) for bit in wanted]
        if self.flip_bits and words:
            words[0] ^= self.flip_bits
            self.flip_bits = 0
        self._data, self._fresh = None, False
        self._reply(b"".join(word.to_bytes(2, "big") for word in words), len(wanted) - 1)

    def _filter(self) -> tuple[int, int, int]:
        register = self._ram[2]
        return register & 3, (register >> 2) & 7, (register >> 11) & 3

    def _conversion_ns(self) -> int:
        osr, filt, osr2 = self._filter()
        axes = (self._select >> 1 & 7).bit_count()
        typical = codes.conversion_us(osr, filt, axes, osr2=osr2 if self._select & 1 else None)
        return round(typical * 1000 * self.time_scale)

    def _convert(self, now_ns: int) -> None:
        """Brings the data up to date: what was converted until now."""
        if not self._mode:
            return
        length = self._conversion_ns()
        period = max(length, (self._ram[1] & 0x3F) * 20_000_000)
        done = (
            1 + (now_ns - self._started_ns - length) // period if now_ns >= self._started_ns + length else 0
        )
        if done <= self._converted:
            return
        if self._mode == _SM:
            done = 1
            self._mode = 0
        self._converted = done
        self._data = self._sample(self._started_ns + (done - 1) * period)

    def _sample(self, start_ns: int) -> dict[int, int]:
        """Converts T, X, Y, Z one after another, each at the middle of its own window."""
        selected = {bit for bit in (1, 2, 4, 8) if self._select & bit}
        if self.frozen and selected <= set(self._last):
            return {bit: self._last[bit] for bit in selected}
        osr, filt, osr2 = self._filter()
        noise_ut = self.noise_ut * codes.noise_factor(osr, filt)
        gain, scale = (self._ram[0] >> 4) & 7, 1000.0 * self.time_scale
        at = start_ns + codes.WAKE_US * scale
        data: dict[int, int] = {}
        if self._select & 1:
            kelvin = self._world.temperature_c(self._sensor, int(at))
            data[1] = codes.encode_temperature(kelvin, self._ram[0x24])
            at += codes.temperature_us(osr2) * scale
        window = codes.axis_us(osr, filt) * scale
        for axis, bit in enumerate((2, 4, 8)):
            if self._select & bit:
                field = self._world.axis_ut(self._sensor, axis, int(at + window / 2))
                field += self.extra_ut + noise_ut * next(self._noise)
                resolution = (self._ram[2] >> codes.RES_SHIFT[axis]) & 3
                data[bit] = codes.encode(field, axis, gain, resolution)
                at += window
        self._last.update(data)
        return data
