"""Three seconds before anything else: do four chips answer, measure, and make sense?"""

from __future__ import annotations

import numpy as np

from calibration.errors import CalibrationError
from calibration.model import AXES, SENSORS, SensorIdentity
from calibration.stretch import SATURATED_AXES, Recording

COLDEST_C, HOTTEST_C = 5.0, 50.0
# Of the frames, where a sensor counts as present.
PRESENT = 0.9
SHORTEST_S = 1.0


def self_check(recording: Recording, sensors: tuple[SensorIdentity, ...]) -> None:
    """Refuses a board that cannot be calibrated, naming the first sensor that is at fault.

    Raises:
        CalibrationError: a sensor is silent, frozen, at a rail, too cold or hot, or has no identity.
    """
    if recording.seconds < SHORTEST_S:
        got = f"{recording.seconds:.1f} s of frames"
        raise CalibrationError(f"{SHORTEST_S:.0f} s of frames for the self-check", got, "check the bus")
    for sensor in range(SENSORS):
        name = f"sensor {sensor + 1} (address 0x{sensors[sensor].address:02X})"
        _check_sensor(recording, sensor, name)
        if sensors[sensor].serial == 0:
            raise CalibrationError(f"{name} with a serial", "none", "power the board off and on")


def _check_sensor(recording: Recording, sensor: int, name: str) -> None:
    present = float(recording.good[:, sensor].mean())
    if present < PRESENT:
        got = f"an answer in {100 * present:.0f} % of the frames"
        raise CalibrationError(f"{name} to answer", got, "check its cable and its address")
    field = recording.usable(sensor)
    for axis in range(AXES):
        if len(np.unique(field[:, axis])) < 2:
            got = f"one value only on {'xyz'[axis]}"
            raise CalibrationError(f"{name} to measure", got, "power the board off and on")
        rail = float((recording.flags[:, sensor] & SATURATED_AXES[axis] != 0).mean())
        if rail > 0.5:
            got = f"{'xyz'[axis]} at the end of its range"
            do = "move the attractor's magnets further from the sensor, or choose a wider range"
            raise CalibrationError(f"{name} inside its range", got, do)
    temperature = float(np.median(recording.temperature_c[:, sensor]))
    if not COLDEST_C <= temperature <= HOTTEST_C:
        wanted = f"{name} between {COLDEST_C:.0f} and {HOTTEST_C:.0f} °C"
        raise CalibrationError(wanted, f"{temperature:.0f} °C", "let the board come to room temperature")
