"""Linux I2C from Python (smbus2): a bench without a Bela."""

from __future__ import annotations

import errno
import os
from typing import Any

from errors import is_count
from firmware import BusNak, BusStuck, BusTimeout
from sensors.errors import SensorError

_NAK = {errno.ENXIO, errno.EREMOTEIO}
_STUCK = {errno.EAGAIN, errno.EBUSY, errno.EIO}


class SmbusBus:
    """One adapter, by number (1 is /dev/i2c-1) or path.

    Raises:
        SensorError: it does not exist or is not permitted; the message says what to do.
    """

    def __init__(self, place: str) -> None:
        self._place: int | str = int(place) if is_count(place) else place
        self.path = f"/dev/i2c-{place}" if is_count(place) else place
        self._bus: Any = None
        self._open()

    def transfer(self, address: int, write: bytes, read_bytes: int) -> bytes:
        """Writes, then reads after a repeated start, in one request to the kernel."""
        import smbus2

        messages = []
        if write or not read_bytes:
            messages.append(smbus2.i2c_msg.write(address, list(write)))
        if read_bytes:
            messages.append(smbus2.i2c_msg.read(address, read_bytes))
        try:
            self._bus.i2c_rdwr(*messages)
        except OSError as error:
            if error.errno in _NAK:
                raise BusNak(str(error)) from None
            if error.errno in _STUCK:
                raise BusStuck(str(error)) from None
            raise BusTimeout(str(error)) from None
        return bytes(messages[-1]) if read_bytes else b""

    def recover(self) -> bool:
        """Closes and opens the device again; the kernel's driver clears the bus by itself where it can."""
        self.close()
        try:
            self._open()
        except SensorError:
            return False
        return True

    def close(self) -> None:
        """Closes the device."""
        if self._bus is not None:
            self._bus.close()
        self._bus = None

    def _open(self) -> None:
        import smbus2

        try:
            self._bus = smbus2.SMBus(self._place)
        except FileNotFoundError:
            have = [f"/dev/{name}" for name in sorted(os.listdir("/dev")) if name.startswith("i2c-")]
            there = f"there are {', '.join(have)}" if have else "there is no /dev/i2c-* at all"
            raise SensorError(
                f"the I2C bus {self.path}", f"no such device; {there}", "enable the bus, or name another"
            ) from None
        except PermissionError:
            raise SensorError(
                f"access to {self.path}",
                "permission denied",
                "join the group i2c (then log in again), or use root",
            ) from None
        except OSError as error:
            raise SensorError(
                f"an I2C bus at {self.path}", error.strerror or str(error), "name another"
            ) from None
