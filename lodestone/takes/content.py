"""What a take tells: latents as heard, the field and its times, knobs, scenes and mutes as cues."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from definitions.osc import named
from lodestone.simulated_host import Cue
from lodestone.takes.take_file import Take, TakeError
from sensors.board_time import WRAP, passed
from sensors.frame import are_readings
from sensors.replay import RecordedWorld

Array = npt.NDArray[np.float64]
SENSORS = 4
LATE_US = 1_000_000
"""A frame that is older than the last by less was overtaken; by more: the board has started anew."""
ROOM_C = 25.0
MOST_LATENT = 1e6
"""No voice's latents are larger; what is, or is no number, came from nowhere and is left out."""


def latents(take: Take) -> Iterator[tuple[float, npt.NDArray[np.float32]]]:
    """Time in s and latents [Z] of every /latent."""
    for event in take.events:
        if event.address == "/latent" and all(isinstance(value, int | float) for value in event.values):
            row = np.array(event.values, np.float64)
            if (np.abs(row) < MOST_LATENT).all():
                yield event.time_s, row.astype(np.float32)


def told(take: Take, address: str) -> Iterator[tuple[float, dict[str, Any]]]:
    """Time in s and fields by name of every message to `address`."""
    for event in take.events:
        if event.address == address and (fields := named(address, event.values)) is not None:
            yield event.time_s, fields


def field_world(take: Take) -> RecordedWorld:
    """The field of the take as the world of a simulated board, on the board's own times.

    Raises:
        TakeError: fewer than two whole frames.
    """
    times: list[float] = []
    rows: list[list[tuple[float, ...]]] = []
    degrees: list[tuple[float, ...]] = []
    clock = _BoardTime()
    warmth: tuple[float, ...] = (ROOM_C,) * SENSORS
    row: list[tuple[float, ...] | None] = [None] * SENSORS
    at: float | None = 0.0
    for event in take.events:
        if event.address == "/frame" and (frame := named("/frame", event.values)) is not None:
            at, row = clock.seconds(event.time_s, frame["time_us"]), [None] * SENSORS
            warmth = frame["temperature_c"]
        elif event.address == "/field" and (field := named("/field", event.values)) is not None:
            if clock.silent and field["sensor"] == 1:
                at, row = event.time_s, [None] * SENSORS
            if 1 <= field["sensor"] <= SENSORS and are_readings(field["field"]):
                row[field["sensor"] - 1] = field["field"]
            whole = [values for values in row if values is not None]
            if len(whole) == SENSORS and at is not None and (not times or at > times[-1]):
                times.append(at)
                rows.append(whole)
                degrees.append(warmth)
                row = [None] * SENSORS
    if len(times) < 2:
        raise TakeError("a take with the field in it", f"{len(times)} frames of it", "render it as heard")
    return RecordedWorld.of(np.array(times), np.array(rows), np.array(degrees), name="take")


class _BoardTime:
    """The board's own time of a frame, modulo 2³¹ µs, on the take's; packets come late, but never early."""

    def __init__(self) -> None:
        self._last_us: int | None = None
        self._at = 0.0

    @property
    def silent(self) -> bool:
        """No /frame has come: the arrival of the field must do."""
        return self._last_us is None

    def seconds(self, arrived_s: float, time_us: int) -> float | None:
        """When it was on the take's time; None for a frame that others overtook on the way."""
        pause_us = None if self._last_us is None else passed(self._last_us, time_us)
        if self._last_us is None:
            self._at = arrived_s
        elif pause_us is None and (self._last_us - time_us) % WRAP < LATE_US:
            return None
        else:
            self._at += (pause_us or 0) * 1e-6
            if pause_us is None or abs(self._at - arrived_s) > 1.0:  # the board has started anew
                self._at = arrived_s
        self._last_us = time_us
        return self._at


def cues(take: Take, scenes: tuple[str, ...], knobs: frozenset[str]) -> list[Cue]:
    """What was turned and asked for, as cues: knobs by name, scenes that there are, mute, rest.

    Args:
        take: the take.
        scenes: names of those that will play; a change to another is left out.
        knobs: names of those that there will be.
    """
    found: list[Cue] = []
    for time_s, row in told(take, "/knobs"):
        if row["name"] in knobs and row["name"] != "rest_capture" and math.isfinite(row["value"]):
            found.append(Cue(time_s, f"/knob/{row['name']}", (float(row["value"]),)))
    scene, muted, resting = scenes[0] if scenes else "", 0, 0
    for time_s, status in told(take, "/status"):
        if status["scene_name"] != scene and status["scene_name"] in scenes:
            scene = status["scene_name"]
            found.append(Cue(time_s, "/scene", (scene,)))
        if status["muted"] != muted:
            muted = status["muted"]
            found.append(Cue(time_s, "/mute", (muted,)))
        if status["resting"] and not resting:
            found.append(Cue(time_s, "/rest", ()))
        resting = status["resting"]
    return sorted(found, key=lambda cue: cue.time_s)
