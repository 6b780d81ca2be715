"""Every fault, at random moments of ten minutes of play: no leap, the others play on, and it comes back."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from sensors import Flag, Frame, SensorError, default_sensors, sensor_array
from sensors.simulation import Fault, SimulatedBoard, World, improvise
from sensors.simulation.faults import KINDS, random_faults

MINUTES = 10.0
SCHEDULES = 80
CHUNK = 20
PERIOD_S = 0.005
SETTLED_S = 1.0
BACK_S = 1.0
INSTANT = ("brown-out", "flip")


@pytest.fixture(scope="module")
def world() -> World:
    return World(improvise(seed=5, duration_s=MINUTES * 60))


def play(world: World, fault: Fault, seed: int) -> tuple[list[Frame], np.ndarray]:
    """From one second before the fault to two seconds after its end; and when each frame began, s."""
    board = SimulatedBoard(world, seed=seed, faults=[fault], timeout_ms=10.0)
    begin, end = fault.at_s - SETTLED_S, fault.at_s + fault.seconds + 2.0
    board.clock.now_ns = round(begin * 1e9)
    array = sensor_array(board.bus, board.clock, default_sensors())
    frames, begins = [], []
    while board.clock.now_us() < end * 1e6:
        begun = board.clock.now_us()
        begins.append(begun * 1e-6)
        frames.append(Frame.from_firmware(array.tick()))
        board.clock.sleep_until_us(begun + 5000)
    assert array.stats.longest_us < 16_000
    return frames, np.array(begins)


def schedule(number: int) -> Fault:
    """The kinds in turn; moment, length and sensor drawn."""
    random = np.random.default_rng([number, 17])
    kind = list(KINDS)[number % len(KINDS)]
    seconds = 0.0 if kind in INSTANT else float(random.choice([0.02, 0.1, 0.5, 1.5, 3.0]))
    return Fault(kind, float(random.uniform(1.0, MINUTES * 60 - 6.0)), seconds, int(random.integers(4)))


def touched(fault: Fault) -> set[int]:
    if fault.kind == "stuck":
        return {0, 1, 2, 3}
    return {fault.sensor, (fault.sensor + 1) % 4} if fault.kind == "clash" else {fault.sensor}


def check(world: World, fault: Fault, frames: list[Frame], begins: np.ndarray) -> None:
    times = np.array([frame.time_s for frame in frames])
    field = np.array([frame.field_mt for frame in frames])
    valid = np.array([frame.valid for frame in frames])
    flags = np.array([frame.flags for frame in frames])
    truth = world.field_mt(times)
    # the axes are converted one after another and stamped with one time: as far as the field moves in 2.5 ms
    near = [np.abs(world.field_mt(times + shift) - truth) for shift in (-0.0025, 0.0025)]
    between = np.maximum(*near)
    wrong = np.abs(field - truth) - between
    settled = times > fault.at_s - SETTLED_S + 0.4
    assert np.all((valid >= 0.0) & (valid <= 1.0))
    fall = -np.diff(valid, axis=0) / np.diff(begins)[:, None]
    assert fall.max() < 1.05, "the influence fades within a second, never faster"
    assert -fall.min() < 1.05 / 0.3, "and returns within 0.3 s"
    for sensor in set(range(4)) - touched(fault):
        # a chip that holds the clock takes a frame or two from all, twice a second
        missed = float((flags[settled, sensor] != 0).mean())
        assert missed <= (0.06 if fault.kind == "hang" else 0.0), "the others play on"
        assert np.all(valid[settled, sensor] == 1.0)
        assert wrong[settled & (flags[:, sensor] == 0), sensor].max() < 0.06, "and truly"
    over = times > fault.at_s + fault.seconds + BACK_S
    assert np.all(valid[over] == 1.0), "everything is back a second after the fault"
    assert not flags[over].any()
    assert wrong[over].max() < 0.06
    if fault.kind not in ("magnet", "clash"):
        no_leap(field, truth, between, settled)


def no_leap(field: np.ndarray, truth: np.ndarray, between: np.ndarray, settled: np.ndarray) -> None:
    """What is shown moves no faster than the magnets did lately, and the glide back."""
    step = np.abs(np.diff(field, axis=0))[settled[1:]]
    lately = 13  # frames: 50 ms of gap without a glide, and one frame of doubt
    moved = np.zeros_like(truth)
    for back in range(1, lately + 1):
        moved[back:] = np.maximum(moved[back:], np.abs(truth[back:] - truth[:-back]))
    glide = np.abs(truth.max(axis=0) - truth.min(axis=0)) * PERIOD_S / 0.3 * 1.05
    assert np.all(step < (moved[1:] + between[1:] + glide + 0.15)[settled[1:]])


@pytest.mark.parametrize("first", range(0, SCHEDULES, CHUNK))
def test_faults_at_random_moments(world: World, first: int) -> None:
    for number in range(first, first + CHUNK):
        fault = schedule(number)
        frames, begins = play(world, fault, number)
        try:
            check(world, fault, frames, begins)
        except AssertionError as error:
            raise AssertionError(f"schedule {number}, {fault}: {error}") from None


def expected(kind: str) -> Iterator[Flag]:
    yield {
        "unplug": Flag.LOST,
        "brown-out": Flag.RESET,
        "stuck": Flag.LOST,
        "hang": Flag.LOST,
        "frozen": Flag.FROZEN,
        "memory": Flag.WRONG,
        "flip": Flag.LOST,
        "clash": Flag.LOST,
        "swap": Flag.LOST,
        "magnet": Flag.SATURATED,
    }[kind]


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "slow"])
def test_every_fault_is_told(world: World, kind: str) -> None:
    fault = Fault(kind, 60.0, 0.0 if kind in INSTANT else 1.0, sensor=2)
    frames, _ = play(world, fault, 1)
    told = {int(flag) for frame in frames for flag in [frame.flags[2]] if frame.time_s > 59.9}
    for flag in expected(kind):
        assert any(value & flag for value in told)


def test_a_minute_with_everything(world: World) -> None:
    faults = random_faults(seed=3, duration_s=60.0, count=40)
    assert len({fault.kind for fault in faults}) >= 8
    board = SimulatedBoard(world, seed=3, faults=faults)
    array = sensor_array(board.bus, board.clock, default_sensors())
    while board.clock.now_us() < 66e6:
        begun = board.clock.now_us()
        frame = array.tick()
        board.clock.sleep_until_us(begun + 5000)
    assert frame.valid.tolist() == [1.0] * 4
    assert frame.flags.tolist() == [0] * 4


def test_an_unplugged_sensor_between_write_and_read(world: World) -> None:
    """The chip vanishes while it is being asked: the second half of the transfer is not acknowledged."""
    board = SimulatedBoard(world, faults=[Fault("unplug", 40e-6, 1.0, 0)])
    with pytest.raises(OSError, match="between write and read"):
        board.bus.transfer(0x0C, b"\x3e", 1)


def test_unknown_faults() -> None:
    with pytest.raises(SensorError, match="unplug"):
        Fault("fire", 1.0)
    with pytest.raises(SensorError, match="sensor 0 to 3"):
        Fault("unplug", 1.0, sensor=4)
