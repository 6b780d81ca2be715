"""Frames for as long, and as fast, as somebody wants to look at them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol, TypeVar


class Timed(Protocol):
    """Anything with the time at which it was read."""

    @property
    def time_s(self) -> float:
        """When it was read, s."""


T = TypeVar("T", bound=Timed)


def first(frames: Iterable[T], seconds: float) -> Iterator[T]:
    """The frames of the first so many seconds; all where 0."""
    begun: float | None = None
    for frame in frames:
        begun = frame.time_s if begun is None else begun
        if seconds and frame.time_s - begun >= seconds:
            return
        yield frame


def paced(frames: Iterable[T], speed: float) -> Iterator[T]:
    """At the pace of their time stamps, times `speed`; unpaced where 0."""
    from sensors.machine_clock import MonotonicClock

    clock = MonotonicClock()
    begun_us, first_s = clock.now_us(), None
    for frame in frames:
        first_s = frame.time_s if first_s is None else first_s
        if speed:
            clock.sleep_until_us(begun_us + round((frame.time_s - first_s) / speed * 1e6))
        yield frame
