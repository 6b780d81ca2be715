"""smbus2's own marshalling against the simulated bus: its ioctl is one that walks the messages."""

from __future__ import annotations

import ctypes
import errno
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import smbus2

from firmware import BusNak, BusStuck
from sensors import SensorError, default_sensors, open_source, sensor_array
from sensors.buses.smbus import SmbusBus
from sensors.simulation import SimulatedBoard

I2C_FUNCS, I2C_RDWR = 0x0705, 0x0707


@pytest.fixture
def board(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SimulatedBoard:
    """A simulated board behind the file tmp_path/i2c."""
    (tmp_path / "i2c").touch()
    board = SimulatedBoard("empty", noise_ut=5.0, seed=2)

    def ioctl(file: int, request: int, argument: Any) -> int:
        if request == I2C_FUNCS:
            argument.value = 1
            return 0
        assert request == I2C_RDWR
        messages = [argument.msgs[k] for k in range(argument.nmsgs)]
        write = b""
        reading = 0
        for message in messages:
            if message.flags & 1:
                reading = message.len
            else:
                write = ctypes.string_at(message.buf, message.len)
        try:
            answer = board.bus.transfer(messages[0].addr, write, reading)
        except BusNak:
            raise OSError(errno.EREMOTEIO, "no acknowledge") from None
        except BusStuck:
            raise OSError(errno.EAGAIN, "arbitration lost") from None
        if reading:
            ctypes.memmove(messages[-1].buf, answer, reading)
        return len(messages)

    monkeypatch.setattr(smbus2.smbus2, "ioctl", ioctl)
    return board


def test_frames_through_smbus2(board: SimulatedBoard, tmp_path: Path) -> None:
    bus = SmbusBus(str(tmp_path / "i2c"))
    array = sensor_array(bus, board.clock, default_sensors())
    for _ in range(100):
        begun = board.clock.now_us()
        frame = array.tick()
        board.clock.sleep_until_us(begun + 5000)
    assert frame.valid.tolist() == [1.0] * 4
    np.testing.assert_allclose(frame.field_mt, board.world.field_mt(np.array([0.5]))[0], atol=0.03)
    bus.close()


def test_faults_through_smbus2(board: SimulatedBoard, tmp_path: Path) -> None:
    bus = SmbusBus(str(tmp_path / "i2c"))
    with pytest.raises(BusNak):
        bus.transfer(0x20, b"", 1)
    assert bus.transfer(0x0C, b"", 0) == b""
    board.bus.stuck = True
    with pytest.raises(BusStuck):
        bus.transfer(0x0C, b"\x80", 1)
    assert bus.recover()
    bus.close()


def test_buses_that_cannot_be_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SensorError, match="no such device"), open_source("smbus:57"):
        pass

    def denied(*_: Any) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(smbus2, "SMBus", denied)
    with pytest.raises(SensorError, match="group i2c"):
        open_source("smbus:1")
