"""The live view of twelve bars."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from rich.console import Group
from rich.table import Table
from rich.text import Text

from sensors.frame import SENSORS, Flag, Frame

BAR = 25
_KNEE_MT = 0.3
_TOP_MT = 80.0
_STYLES = ((0.999, "green"), (0.001, "yellow"), (-1.0, "red"))


class WatchView:
    """Collects frames and draws the newest, with rates and health."""

    def __init__(self, info: dict[str, Any]) -> None:
        self._info = info
        self._rest: np.ndarray[Any, Any] | None = None
        self._times: list[float] = []
        self._frame: Frame | None = None
        self._seen = np.zeros(SENSORS, dtype=np.uint32)

    def add(self, frame: Frame) -> None:
        """Takes a frame; the first good one of each sensor counts as its rest."""
        self._frame = frame
        self._times.append(frame.time_s)
        del self._times[:-200]
        self._seen |= frame.flags
        if self._rest is None and (frame.valid > 0).all():
            self._rest = frame.field_mt.copy()

    @property
    def rate_hz(self) -> float:
        """Over the last 200 frames."""
        span = self._times[-1] - self._times[0] if len(self._times) > 1 else 0.0
        return (len(self._times) - 1) / span if span > 0 else 0.0

    def render(self) -> Group:
        """Four sensors with three bars each, and a line about the whole."""
        if self._frame is None:
            return Group(Text("waiting for frames"))
        table = Table(box=None, padding=(0, 1))
        scale = f"field from rest, ±{_TOP_MT:g} mT at the ends"
        for column in ("sensor", scale, "mT", "weight 0…1", "°C", "health"):
            table.add_column(column, no_wrap=True)
        for sensor in range(SENSORS):
            self._add_rows(table, self._frame, sensor)
        foot = f"{self.rate_hz:6.1f} frames/s   frame {self._frame.sequence}   {self._frame.time_s:.2f} s"
        self._seen[:] = 0
        return Group(table, Text(foot, style="dim"))

    def _add_rows(self, table: Table, frame: Frame, sensor: int) -> None:
        rest = np.zeros((SENSORS, 3)) if self._rest is None else self._rest
        weight = float(frame.valid[sensor])
        style = next(style for least, style in _STYLES if weight >= least)
        for axis, name in enumerate("xyz"):
            value = float(frame.field_mt[sensor, axis] - rest[sensor, axis])
            cells = ["", "", ""]
            if axis == 0:
                cells = [
                    f"{weight:.2f}",
                    f"{frame.temperature_c[sensor]:.1f}",
                    words(int(self._seen[sensor])),
                ]
            table.add_row(f"{sensor + 1} {name}", Text(bar(value), style=style), f"{value:+8.3f}", *cells)


def bar(value_mt: float) -> str:
    """A bar from the middle, left or right; asinh, so that four decades are seen."""
    share = math.asinh(abs(value_mt) / _KNEE_MT) / math.asinh(_TOP_MT / _KNEE_MT)
    length = min(round(share * BAR), BAR)
    if value_mt < 0:
        return " " * (BAR - length) + "█" * length + "│" + " " * BAR
    return " " * BAR + "│" + "█" * length + " " * (BAR - length)


def words(flags: int) -> str:
    """The flags as a player reads them."""
    names = (
        (Flag.WRONG, "wrong chip"),
        (Flag.FROZEN, "frozen"),
        (Flag.RESET, "was reset"),
        (Flag.SATURATED, "clips"),
        (Flag.WRAPPED, "wraps"),
        (Flag.LOST, "lost"),
        (Flag.UNKNOWN, "not known"),
    )
    told = [name for flag, name in names if flags & flag]
    return ", ".join(told) if told else "ok"


PLAIN_HEAD = (
    f"{'time s':>9}  {'frames/s':>8}"
    + "".join(f"  {f'|B| {sensor} mT':>8}" for sensor in range(1, SENSORS + 1))
    + "  health of sensors 1 / 2 / 3 / 4"
)
"""What stands above the lines of `plain_line`."""


def plain_line(frame: Frame, rate_hz: float) -> str:
    """One line for a log: seconds, rate, field magnitudes in mT, health; `PLAIN_HEAD` stands above them."""
    fields = "".join(f"  {np.linalg.norm(frame.field_mt[k]):8.2f}" for k in range(SENSORS))
    health: Sequence[str] = [words(int(frame.flags[k])) for k in range(SENSORS)]
    return f"{frame.time_s:9.2f}  {rate_hz:8.1f}{fields}  {' / '.join(health)}"
