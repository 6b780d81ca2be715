"""How sensors come back from every fault, in ten minutes of play: `python -m bench.sensor_faults [N]`."""

from __future__ import annotations

import sys
from dataclasses import dataclass

import numpy as np

from sensors import default_sensors, sensor_array
from sensors.simulation import Fault, SimulatedBoard, World, improvise
from sensors.simulation.faults import KINDS

SECONDS = 600.0
PERIOD_US = 5000
BEFORE_S, AFTER_S = 1.0, 1.5
INSTANT = ("brown-out", "flip")


@dataclass(frozen=True)
class Outcome:
    """One fault: how long after its end the sensor was read, and had its whole weight."""

    back_ms: float
    whole_ms: float
    others_missed: float


def play(world: World, fault: Fault, seed: int) -> Outcome:
    """From a second before the fault until the sensor has its whole weight again, or 1.5 s after the end."""
    board = SimulatedBoard(world, seed=seed, faults=[fault])
    board.clock.now_ns = round((fault.at_s - BEFORE_S) * 1e9)
    array = sensor_array(board.bus, board.clock, default_sensors())
    ends_us = (fault.at_s + fault.seconds) * 1e6
    times, lost, whole = [], [], []
    while board.clock.now_us() < ends_us + AFTER_S * 1e6:
        begun = board.clock.now_us()
        frame = array.tick()
        times.append(begun)
        lost.append(frame.flags != 0)
        whole.append(frame.valid[fault.sensor] == 1.0)
        board.clock.sleep_until_us(begun + PERIOD_US)
    at = np.array(times)
    settled = at > (fault.at_s - BEFORE_S + 0.4) * 1e6
    touched = {fault.sensor, (fault.sensor + 1) % 4} if fault.kind == "clash" else {fault.sensor}
    others = [k for k in range(4) if k not in touched]
    return Outcome(
        _last_ms(at, np.array(lost)[:, fault.sensor], ends_us),
        _last_ms(at, ~np.array(whole), ends_us),
        float(np.array(lost)[settled][:, others].mean()),
    )


def _last_ms(at: np.ndarray, bad: np.ndarray, ends_us: float) -> float:
    """From the end of the fault to the end of the last bad frame; 0 where it was over before."""
    when = at[bad]
    return max(0.0, (float(when[-1]) + PERIOD_US - ends_us) / 1000) if len(when) else 0.0


def main() -> None:
    """Prints the table."""
    schedules = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    world = World(improvise(seed=5, duration_s=SECONDS))
    print(
        f"{schedules} schedules each, at random moments of ten minutes, 20 ms to 3 s; the longest of all, ms"
    )
    print("fault        read again   whole weight   frames of the others that were missed")
    for index, kind in enumerate(KINDS):
        outcomes = []
        for number in range(schedules):
            random = np.random.default_rng([number, index, 19])
            seconds = 0.0 if kind in INSTANT else float(random.uniform(0.02, 3.0))
            fault = Fault(kind, float(random.uniform(2.0, SECONDS - 6.0)), seconds, int(random.integers(4)))
            outcomes.append(play(world, fault, number))
        back, whole = max(o.back_ms for o in outcomes), max(o.whole_ms for o in outcomes)
        missed = max(o.others_missed for o in outcomes)
        print(f"{kind:12} {back:10.0f} {whole:14.0f} {100 * missed:12.2f} %")


if __name__ == "__main__":
    main()
