"""The calibration procedure: self-check, empty board, free play, known spots; each a recording.

It knows nothing of buses or screens: `open_step` yields frames for a step, a `Watcher` shows them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol, TypeVar

import numpy as np

from calibration.board_model import ball_moment
from calibration.coverage import missing_words, visited_cells
from calibration.errors import CalibrationError
from calibration.fit import DEAD_ZONE_SIGMAS, fit_play, fit_rest, played_field
from calibration.model import AXES, CHANNELS, SENSORS, Rest, SensorIdentity
from calibration.recording import FrameLike, Recording, collect
from calibration.self_check import self_check
from calibration.spots import SpotReadings, printed_spots


class Source(Protocol):
    """What calibration needs of a `sensors.FrameSource`: frames, and `info` with identities and ranges."""

    @property
    def info(self) -> dict[str, Any]: ...
    def __iter__(self) -> Iterator[FrameLike]: ...


@dataclass(frozen=True)
class Step:
    """One step: how long it listens, what the player is asked to do, and whether that takes a moment.

    A known spot carries the place of the ball [x, y] in mm and whether its mark points up.
    """

    name: str
    seconds: float
    request: str
    asks: bool = True
    place_mm: tuple[float, float] | None = None
    mark_up: bool = True


SELF_CHECK = Step("self-check", 3.0, "Nothing to do: the sensors are being asked.", asks=False)
EMPTY = Step("empty board", 5.0, "Take every magnet and both hands away from the board.")
FREE_PLAY = Step(
    "free play", 38.0, "Play with everything you will use tonight, over the whole board, near and far."
)
SPOT_SECONDS = 1.0
# After a chip has come up its weight glides to 1 for this long; those frames do not count.
SETTLING_S = 0.35
# Below this coverage the reach would be guessed.
LEAST_COVERAGE = 0.35


class Watcher(Protocol):
    """Shows what happens. `begin` may wait for the player; `again` asks whether to repeat a refused step."""

    def begin(self, step: Step) -> None: ...
    def frame(self, step: Step, frame: FrameLike) -> None: ...
    def end(self, step: Step, words: str) -> None: ...
    def again(self, step: Step, error: CalibrationError) -> bool: ...


OpenStep = Callable[[Step], AbstractContextManager[Source]]


@dataclass(frozen=True)
class Session:
    """What was recorded: of one board, before anything is fitted. `spots` is None where they were skipped."""

    sensors: tuple[SensorIdentity, ...]
    source: str
    empty: Recording
    free_play: Recording
    spots: SpotReadings | None = None


def identities(info: Mapping[str, Any]) -> tuple[SensorIdentity, ...]:
    """The four chips as a source describes them in its `info`."""
    found = []
    for sensor in range(SENSORS):
        settings = info["sensors"][sensor]
        x, y, z = (float(info["full_scale_mt"][sensor][axis]) for axis in range(AXES))
        found.append(
            SensorIdentity(
                chip=str(settings["chip"]),
                address=int(settings["address"]),
                serial=int(info["identity"][sensor]),
                settings=_numbers(settings),
                full_scale_mt=(x, y, z),
            )
        )
    return tuple(found)


def _numbers(settings: Mapping[str, Any]) -> dict[str, int]:
    """The settings that change what a count means, flat: `resolution` [2, 2, 2] becomes resolution_x, ..."""
    flat: dict[str, int] = {}
    for key, value in settings.items():
        if key in ("chip", "address", "identity"):
            continue
        if isinstance(value, list | tuple):
            flat.update({f"{key}_{axis}": int(part) for axis, part in zip("xyz", value, strict=True)})
        else:
            flat[key] = int(value)
    return flat


def record(
    open_step: OpenStep,
    watcher: Watcher,
    *,
    play_seconds: float = FREE_PLAY.seconds,
    ball_mm: float | None = None,
) -> Session:
    """Goes through the steps; refuses as soon as one shows that the next would be in vain.

    Args:
        open_step: gives the frames of a step.
        watcher: shows them.
        play_seconds: length of the free play.
        ball_mm: diameter of the ball for the known spots; None skips them.

    Raises:
        CalibrationError: a sensor is at fault, something moved, or a recording cannot be used.
    """
    check, sensors = _attempt(watcher, SELF_CHECK, lambda: _self_check(open_step, watcher))
    watcher.end(SELF_CHECK, f"four sensors, {check.rate_hz:.0f} frames/s")
    empty, rest = _attempt(watcher, EMPTY, lambda: _empty(open_step, watcher))
    watcher.end(EMPTY, f"noise {1000 * rest.noise_mt.max():.1f} µT, still")
    free = Step(FREE_PLAY.name, play_seconds, FREE_PLAY.request)
    source, play, words = _attempt(watcher, free, lambda: _free_play(open_step, watcher, free, rest))
    watcher.end(free, words)
    spots = None if ball_mm is None else _record_spots(open_step, watcher, rest, ball_mm)
    return Session(sensors, source, empty, play, spots)


T = TypeVar("T")


def _attempt(watcher: Watcher, step: Step, action: Callable[[], T]) -> T:
    """Does a step again for as long as it is refused and the player wants to."""
    while True:
        try:
            return action()
        except CalibrationError as error:
            if not watcher.again(step, error):
                raise


def _self_check(open_step: OpenStep, watcher: Watcher) -> tuple[Recording, tuple[SensorIdentity, ...]]:
    _, check, sensors = _listen(open_step, watcher, SELF_CHECK)
    self_check(check, sensors)
    return check, sensors


def _empty(open_step: OpenStep, watcher: Watcher) -> tuple[Recording, Rest]:
    _, empty, _ = _listen(open_step, watcher, EMPTY)
    return empty, fit_rest(empty)


def _free_play(open_step: OpenStep, watcher: Watcher, step: Step, rest: Rest) -> tuple[str, Recording, str]:
    source, play, _ = _listen(open_step, watcher, step)
    return source, play, _play_words(play, rest)


def _listen(
    open_step: OpenStep, watcher: Watcher, step: Step
) -> tuple[str, Recording, tuple[SensorIdentity, ...]]:
    watcher.begin(step)
    with open_step(step) as source:
        recording = collect(source, step.seconds, lambda frame: watcher.frame(step, frame))
        info = source.info
        return str(info["spec"]), recording, identities(info)


def _play_words(play: Recording, rest: Rest) -> str:
    fitted, response = fit_play(play, rest)
    if fitted.coverage < LEAST_COVERAGE:
        field = played_field(play, rest, np.eye(CHANNELS))
        floor = DEAD_ZONE_SIGMAS * float(rest.noise_mt.max())
        missing = missing_words(visited_cells(field, floor, float(np.median(response.reach_mt))))
        got = f"{100 * fitted.coverage:.0f} % of it"
        raise CalibrationError("most of the play room visited", got, f"play {missing}, then repeat")
    return f"{100 * fitted.coverage:.0f} % of the play room visited"


def spot_steps() -> list[Step]:
    """The sixteen placements: every printed spot with the ball's mark up, then with the mark down."""
    return [
        Step(
            f"known spot {number + 1} of 16",
            SPOT_SECONDS,
            f"Put the ball alone on the {spot.name}, its mark {'up' if up else 'down'}, and let go.",
            place_mm=spot.place_mm,
            mark_up=up,
        )
        for number, (up, spot) in enumerate((up, spot) for up in (True, False) for spot in printed_spots())
    ]


def _record_spots(open_step: OpenStep, watcher: Watcher, rest: Rest, ball_mm: float) -> SpotReadings:
    readings, places, frames = [], [], 1
    for step in spot_steps():
        still = _attempt(watcher, step, partial(_spot, open_step, watcher, step))
        field = played_field(still, rest, np.eye(CHANNELS))
        readings.append(np.median(field, axis=0).reshape(SENSORS, AXES))
        assert step.place_mm is not None
        places.append((*step.place_mm, ball_mm / 2.0))
        frames = still.frames
        watcher.end(step, "heard")
    noise = float(rest.noise_mt.max()) / np.sqrt(frames)
    return SpotReadings(np.array(readings), np.array(places), ball_moment(ball_mm), noise)


def _spot(open_step: OpenStep, watcher: Watcher, step: Step) -> Recording:
    """The frames of a ball that lies still on its spot."""
    _, recording, _ = _listen(open_step, watcher, step)
    still = recording.since(SETTLING_S)
    fit_rest(still, hum_filter=False, shortest_s=0.3)
    return still
