"""A step of the procedure: frames are taken, judged, and the player asked to repeat it or leave it out.

It knows nothing of buses or screens: `open_step` yields frames for a step, a `Watcher` shows them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, Protocol, TypeVar

from calibration.errors import CalibrationError
from calibration.model import AXES, SENSORS, SensorIdentity
from calibration.stretch import FrameLike, Recording, collect
from errors import LodestoneError


class Source(Protocol):
    """What calibration needs of a `sensors.FrameSource`: frames, and `info` with identities and ranges."""

    @property
    def info(self) -> dict[str, Any]:
        """What the source says of itself: spec, sensors, ranges."""

    def __iter__(self) -> Iterator[FrameLike]: ...


@dataclass(frozen=True)
class Step:
    """One step: how long it listens, what the player is asked to do, and whether that takes a moment.

    A known spot carries the place of the ball [x, y] in mm and whether its mark points up, and one of a row
    whether there is one before it to go back to. What cannot be done is not offered.
    """

    name: str
    seconds: float
    request: str
    asks: bool = True
    place_mm: tuple[float, float] | None = None
    mark_up: bool = True
    may_skip: bool = True
    may_go_back: bool = False


class Choice(Enum):
    """What the player wants: to go on, to do the step once more, to leave it out, or to give up.

    BACK, before a known spot: the spot before it once more.
    """

    GO = auto()
    BACK = auto()
    REPEAT = auto()
    SKIP = auto()
    STOP = auto()


class Watcher(Protocol):
    """Shows what happens; asks before a step (GO, SKIP, BACK), after it (GO, REPEAT), when it is refused."""

    def begin(self, step: Step) -> Choice:
        """Before a step."""

    def frame(self, step: Step, frame: FrameLike) -> None:
        """Each frame of it."""

    def end(self, step: Step, words: str) -> Choice:
        """After it, with what it found."""

    def again(self, step: Step, error: CalibrationError) -> Choice:
        """It was refused."""


OpenStep = Callable[[Step], AbstractContextManager[Source]]


def identities(info: Mapping[str, Any]) -> tuple[SensorIdentity, ...]:
    """The four chips as a source describes them in its `info`.

    Raises:
        CalibrationError: it does not, or not as one of ours would: a recording has been changed by hand.
    """
    try:
        return tuple(_identity(info, sensor) for sensor in range(SENSORS))
    except (KeyError, IndexError, TypeError, ValueError, AttributeError, OverflowError):
        wanted = f"a source that tells which {SENSORS} sensors it reads"
        do = "record again with this version, or calibrate on the board's own bus"
        raise CalibrationError(wanted, str(info.get("spec"))[:80], do) from None


def _identity(info: Mapping[str, Any], sensor: int) -> SensorIdentity:
    settings = info["sensors"][sensor]
    x, y, z = (float(info["full_scale_mt"][sensor][axis]) for axis in range(AXES))
    return SensorIdentity(
        chip=str(settings["chip"]),
        address=int(settings["address"]),
        serial=int(info["identity"][sensor]),
        settings=_numbers(settings),
        full_scale_mt=(x, y, z),
    )


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


T = TypeVar("T")
R = TypeVar("R")


class GivenUp(CalibrationError):  # noqa: N818 - the player's wish
    """From a watcher: the player ends the whole calibration, not this step alone."""

    def __init__(self) -> None:
        super().__init__("a calibration", "an interruption", "the old one stays in force")


class OneBack(Exception):  # noqa: N818 - no error: the player wants the known spot before this one
    """Before a known spot: the one before it once more."""


class Runner:
    """Takes the player through steps: each can be repeated or left out, all must be of one board."""

    def __init__(self, open_step: OpenStep, watcher: Watcher) -> None:
        self._open_step, self._watcher = open_step, watcher
        self.sensors: tuple[SensorIdentity, ...] | None = None
        self.source = ""

    def do(
        self,
        step: Step,
        judge: Callable[[Recording], tuple[T, str]],
        may_skip: Callable[[], None] = lambda: None,
    ) -> T | None:
        """As `take`, of all its frames."""
        return self.take(step, collect, judge, may_skip)

    def take(
        self,
        step: Step,
        gather: Callable[[Iterable[FrameLike], float, Callable[[FrameLike], None]], R],
        judge: Callable[[R], tuple[T, str]],
        may_skip: Callable[[], None] = lambda: None,
    ) -> T | None:
        """The step's result, or None when it was left out.

        Args:
            gather: makes a recording of the frames of so many seconds, shows each to the watcher.
            judge: makes result and words of what was recorded, or refuses it with a CalibrationError.
            may_skip: raises a CalibrationError where this step cannot be left out.

        Raises:
            OneBack: the player wants the known spot before this one once more.
        """
        choice = self._watcher.begin(step)
        while True:
            if choice is Choice.BACK:
                raise OneBack
            try:
                if choice is Choice.SKIP:
                    may_skip()
                    return None
                result, words = judge(self._gathered(step, gather))
            except CalibrationError as error:
                choice = self._watcher.again(step, error)
                if choice is Choice.STOP:
                    raise
            else:
                choice = self._watcher.end(step, words)
                if choice is not Choice.REPEAT:
                    return result
            if choice is Choice.REPEAT:
                choice = self._watcher.begin(step)

    def listen(self, step: Step) -> Recording:
        """The frames of a step; a source that fails refuses it, and so does another board than before."""
        return self._gathered(step, collect)

    def _gathered(
        self, step: Step, gather: Callable[[Iterable[FrameLike], float, Callable[[FrameLike], None]], R]
    ) -> R:
        try:
            with self._open_step(step) as source:
                recording = gather(source, step.seconds, lambda frame: self._watcher.frame(step, frame))
                found, self.source = identities(source.info), str(source.info["spec"])
        except CalibrationError:
            raise
        except LodestoneError as error:
            raise CalibrationError(error.wanted, error.got, error.do) from None
        if self.sensors is not None and found != self.sensors:
            got = "other sensors, or other settings, than in the step before"
            raise CalibrationError("the same board in every step", got, "begin again")
        self.sensors = found
        return recording
