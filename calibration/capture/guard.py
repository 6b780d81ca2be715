"""Does a calibration belong to this board? And how do two calibrations differ, in words?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from calibration.errors import CalibrationError
from calibration.model import AXES, SENSORS, Array, Calibration, SensorIdentity
from calibration.when import local_words

# Magnets are told to be other ones when the reach changed by more than this.
STRENGTH_CHANGE = 0.1
OFFSET_CHANGE_MT = 0.2
WARMER_C = 5.0


def check_board(calibration: Calibration, sensors: tuple[SensorIdentity, ...]) -> None:
    """Refuses a calibration that was made with other chips, in another order, or with other settings.

    Raises:
        CalibrationError: and why, in words.
    """
    stored = [sensor.serial for sensor in calibration.sensors]
    present = [sensor.serial for sensor in sensors]
    if stored != present:
        raise CalibrationError(
            "the board of this calibration", _swapped(stored, present), "calibrate this board"
        )
    for number, (old, new) in enumerate(zip(calibration.sensors, sensors, strict=True), start=1):
        if old.chip != new.chip:
            got = f"{new.chip} instead of {old.chip} as sensor {number}"
            raise CalibrationError("the chips of this calibration", got, "calibrate this board")
        changed = sorted(
            key
            for key in old.settings.keys() & new.settings.keys()  # earlier files tell more
            if old.settings[key] != new.settings[key]
        )
        if changed:
            key = changed[0]
            got = f"{key} {new.settings.get(key)} instead of {old.settings.get(key)} on sensor {number}"
            raise CalibrationError("the settings of this calibration", got, "set it back, or calibrate again")


def _swapped(stored: list[int], present: list[int]) -> str:
    if sorted(stored) == sorted(present):
        moved = [str(k + 1) for k in range(SENSORS) if stored[k] != present[k]]
        return f"sensors {' and '.join(moved)} exchanged"
    other = [str(k + 1) for k in range(SENSORS) if stored[k] != present[k]]
    if len(other) == SENSORS:
        return "another board: no chip is the same"
    return f"another chip as sensor {' and '.join(other)}"


@dataclass(frozen=True)
class Difference:
    """One line of `lodestone calibration diff`: what, from, to, and what it means ("" when little)."""

    what: str
    before: str
    after: str
    words: str = ""


def differences(before: Calibration, after: Calibration) -> list[Difference]:
    """What changed from one calibration to the next."""
    try:
        check_board(before, after.sensors)
        lines = []
    except CalibrationError as error:
        lines = [Difference("board", before.board, after.board, error.got)]
    lines.append(Difference("made", local_words(before.created), local_words(after.created)))
    lines.append(_temperature(before, after))
    moved = np.abs(after.rest.offset_mt - before.rest.offset_mt)
    sensor = int(moved.max(axis=1).argmax())
    words = f"sensor {sensor + 1} has moved, or its magnets have" if moved.max() > OFFSET_CHANGE_MT else ""
    lines.append(Difference("offset", "", f"up to {moved.max():.3f} mT other", words))
    lines.append(_strength(before, after))
    lines += _polarity(before, after)
    noise = [f"{1000 * np.median(c.rest.noise_mt):.1f} µT" for c in (before, after)]
    lines.append(Difference("noise", *noise))
    return lines


def _temperature(before: Calibration, after: Calibration) -> Difference:
    old, new = (float(c.rest.temperature_c.mean()) for c in (before, after))
    words = (
        f"{abs(new - old):.0f} degrees {'warmer' if new > old else 'colder'}"
        if abs(new - old) > WARMER_C
        else ""
    )
    return Difference("temperature", f"{old:.1f} °C", f"{new:.1f} °C", words)


def _strength(before: Calibration, after: Calibration) -> Difference:
    ratio = float(np.median(after.response.reach_mt / before.response.reach_mt))
    words = ""
    if abs(ratio - 1.0) > STRENGTH_CHANGE:
        words = (
            f"tonight's magnets reach {100 * abs(ratio - 1.0):.0f} % {'further' if ratio > 1 else 'less far'}"
        )
    old, new = (float(np.median(c.response.reach_mt)) for c in (before, after))
    return Difference("reach", f"{old:.2f} mT", f"{new:.2f} mT", words)


def _polarity(before: Calibration, after: Calibration) -> list[Difference]:
    """Which pole mostly came down on the rings, told by the skew of z."""

    def skew(calibration: Calibration) -> Array:
        low = calibration.play.low_mt.reshape(SENSORS, AXES)[:, 2]
        high = calibration.play.high_mt.reshape(SENSORS, AXES)[:, 2]
        return np.asarray((high + low) / (high - low))

    old, new = float(np.median(skew(before))), float(np.median(skew(after)))
    words = "tonight's magnets lie the other way up" if old * new < -0.05 else ""
    return [Difference("polarity", f"{old:+.2f}", f"{new:+.2f}", words)]
