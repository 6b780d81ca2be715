"""The calibration procedure: self-check, empty board, free play; each step a recording, then the fit.

It knows nothing of buses or screens: `open_step` yields frames for a step, a `Watcher` shows them.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from calibration.fit import fit_play, fit_rest
from calibration.model import AXES, SENSORS, Calibration, SensorIdentity
from calibration.recording import FrameLike, Recording, collect
from calibration.self_check import self_check


class Source(Protocol):
    """What calibration needs of a `sensors.FrameSource`: frames, and `info` with identities and ranges."""

    @property
    def info(self) -> dict[str, Any]: ...
    def __iter__(self) -> Iterator[FrameLike]: ...


@dataclass(frozen=True)
class Step:
    """One step: how long it listens and what the player is asked to do."""

    name: str
    seconds: float
    request: str


SELF_CHECK = Step("self-check", 3.0, "Nothing to do: the sensors are being asked.")
EMPTY = Step("empty board", 5.0, "Take every magnet and both hands away from the board.")
FREE_PLAY = Step(
    "free play", 40.0, "Play with everything you will use tonight, over the whole board, near and far."
)


class Watcher(Protocol):
    """Shows what happens. `begin` may wait for the player."""

    def begin(self, step: Step) -> None: ...
    def frame(self, step: Step, frame: FrameLike) -> None: ...
    def end(self, step: Step, words: str) -> None: ...


OpenStep = Callable[[Step], AbstractContextManager[Source]]


@dataclass(frozen=True)
class Session:
    """What was recorded: of one board, before anything is fitted."""

    sensors: tuple[SensorIdentity, ...]
    source: str
    empty: Recording
    free_play: Recording


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


def record(open_step: OpenStep, watcher: Watcher, *, play_seconds: float = FREE_PLAY.seconds) -> Session:
    """Goes through the steps; refuses as soon as one shows that the next would be in vain.

    Raises:
        CalibrationError: a sensor is at fault, something moved, or a recording cannot be used.
    """
    _, check, sensors = _listen(open_step, watcher, SELF_CHECK)
    self_check(check, sensors)
    watcher.end(SELF_CHECK, f"four sensors, {check.rate_hz:.0f} frames/s")
    _, empty, _ = _listen(open_step, watcher, EMPTY)
    rest = fit_rest(empty)
    watcher.end(EMPTY, f"noise {1000 * rest.noise_mt.max():.1f} µT, still")
    free = Step(FREE_PLAY.name, play_seconds, FREE_PLAY.request)
    source, play, _ = _listen(open_step, watcher, free)
    fitted, _ = fit_play(play, rest)
    watcher.end(free, f"{100 * fitted.coverage:.0f} % of the play room visited")
    return Session(sensors, source, empty, play)


def _listen(
    open_step: OpenStep, watcher: Watcher, step: Step
) -> tuple[str, Recording, tuple[SensorIdentity, ...]]:
    watcher.begin(step)
    with open_step(step) as source:
        recording = collect(source, step.seconds, lambda frame: watcher.frame(step, frame))
        info = source.info
        return str(info["spec"]), recording, identities(info)


def fit(session: Session, *, board: str, magnet_set: str, created: str | None = None) -> Calibration:
    """A calibration out of the recordings."""
    rest = fit_rest(session.empty)
    play, response = fit_play(session.free_play, rest)
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    return Calibration(
        created=created or now,
        board=board,
        magnet_set=magnet_set,
        frame_rate_hz=round(session.free_play.rate_hz, 1),
        sensors=session.sensors,
        rest=rest,
        play=play,
        response=response,
    )
