"""Where a calibration's frames come from: any bus, a board on the network, or the simulated board."""

from __future__ import annotations

import socket
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import sensors
from calibration.capture.procedure import FREE_PLAY
from calibration.capture.steps import OpenStep, Source, Step
from calibration.errors import CalibrationError
from calibration.stretch import FrameLike

# Of a ball that rests on the simulated board while a known spot is read.
SPOT_GESTURE = """format = "lodestone-gesture"
version = 1
title = "Known spot"
duration_s = {seconds}
[[object]]
kind = "ball"
diameter_mm = {diameter}
pole = "{pole}"
at = [{x}, {y}, 0.0]
"""


def board_spec(host: str, port: int) -> str:
    """The source of a board on the network, for `sensors.open_source`.

    Args:
        host: its name or address.
        port: where it listens.

    Raises:
        CalibrationError: the name leads nowhere.
    """
    try:
        address = socket.gethostbyname(host)
    except OSError:
        do = "check the cable, or give its address: 192.168.7.2 over USB"
        raise CalibrationError(f"a board called {host}", "a name that nobody answers to", do) from None
    return f"osc:{address}?measure=1&board_port={port}"


def open_bus(spec: str) -> OpenStep:
    """The same source for every step; `spec` as for `sensors.open_source`."""
    return lambda _: _open(spec)


Pace = Callable[[Iterable[FrameLike]], Iterator[FrameLike]]


def open_simulated(seed: int, ball_mm: float = 15.0, pace: Pace | None = None) -> OpenStep:
    """The simulated board: empty, played, or with the ball on a spot, as a hand does what the step asks for.

    Args:
        pace: takes its time between the frames; None: as fast as they can be had.
    """

    def open_step(step: Step) -> AbstractContextManager[Source]:
        if step.place_mm is not None:
            return _paced(_spot(step, seed, ball_mm), pace)
        gesture = "free-play" if step.name == FREE_PLAY.name else "empty"
        return _paced(_open(f"sim:{gesture}?seed={seed}"), pace)

    return open_step


@dataclass(frozen=True)
class _Paced:
    """A source whose frames come when somebody lets them."""

    source: Source
    pace: Pace

    @property
    def info(self) -> dict[str, Any]:
        return self.source.info

    def __iter__(self) -> Iterator[FrameLike]:
        return self.pace(self.source)


@contextmanager
def _paced(opened: AbstractContextManager[Source], pace: Pace | None) -> Iterator[Source]:
    with opened as source:
        yield source if pace is None else _Paced(source, pace)


def _spot(step: Step, seed: int, ball_mm: float) -> AbstractContextManager[Source]:
    assert step.place_mm is not None
    x, y = step.place_mm
    text = SPOT_GESTURE.format(
        diameter=ball_mm, pole="up" if step.mark_up else "down", x=x, y=y, seconds=step.seconds + 1.0
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "spot.toml"
        path.write_text(text, encoding="utf-8")
        return _open(f"sim:{path}?seed={seed}")


def _open(spec: str) -> AbstractContextManager[Source]:
    return cast("AbstractContextManager[Source]", sensors.open_source(spec))
