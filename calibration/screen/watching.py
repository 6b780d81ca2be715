"""The board while it is played: touch against its reach, field above the noise, and where the magnets are.

For the eye and outside of the procedure. With a calibration the field is what the touch stage makes of it;
without one it is the difference from the first frames.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from rich.columns import Columns
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from calibration.carry import carried
from calibration.fitting.coverage import SIDES, visited_cells
from calibration.model import AXES, CHANNELS, SENSORS, Array, Calibration, channel_name
from calibration.screen.finder import Finder
from calibration.screen.seen import LOOKS_HZ, SHOWN_HZ, TYPICAL_REACH_MT
from calibration.screen.terminal import board_map
from calibration.stage.reference import TouchReference
from calibration.stretch import FrameLike
from sensors.watch import bar as field_bar
from sensors.watch import words as health_words

BAR = 20
# Touch beyond this is near the end of the reach.
NEAR_THE_END = 0.85
# Of frames over which the rate is told, and of the empty board that stands in for a calibration.
RATE_FRAMES, REST_FRAMES = 200, 20
LINE_S = 1.0


class LiveView:
    """Takes frames, and draws the newest of them.

    Args:
        calibration: of this board. None where there is none yet: then there is no touch to show, and the
            first REST_FRAMES good frames count as the empty board.
    """

    def __init__(self, calibration: Calibration | None = None) -> None:
        self._calibration = calibration
        self._reference = None if calibration is None else TouchReference(calibration)
        self._rest: list[Array] = []
        self._times: list[float] = []
        self._frame: FrameLike | None = None
        self._played = np.zeros(CHANNELS)
        self._touch = np.zeros(CHANNELS)
        self._seen = np.zeros(SENSORS, dtype=np.uint32)
        self._cells = np.zeros((SENSORS, SIDES, 2), dtype=bool)
        self._finder = Finder()
        self._balls: Array = np.empty((0, 2))
        self._drawn_s, self._looked_s = -np.inf, -np.inf

    def add(self, frame: FrameLike) -> bool:
        """Takes a frame; true when it is time for a new picture."""
        step = frame.time_s - self._times[-1] if self._times else 0.0
        if step < 0.0:  # a recording that begins again
            self._times, self._drawn_s, self._looked_s = [], -np.inf, -np.inf
        self._frame = frame
        self._times = [*self._times[-RATE_FRAMES:], frame.time_s]
        self._seen |= np.asarray(frame.flags, dtype=np.uint32)
        if self._reference is not None:
            self._touch = np.asarray(
                self._reference.step(
                    frame.field_mt, max(step, 0.0), valid=frame.valid, temperature=frame.temperature_c
                ),
                dtype=np.float64,
            )
        elif len(self._rest) < REST_FRAMES and (np.asarray(frame.valid) > 0.0).all():
            self._rest.append(np.asarray(frame.field_mt, dtype=np.float64))
        if frame.time_s - self._drawn_s < 1.0 / SHOWN_HZ:
            return False
        self._drawn_s = frame.time_s
        self._played = self._field(frame)
        self._cells |= visited_cells(self._played[None], *self._floor_and_reach())
        return True

    @property
    def rate_hz(self) -> float:
        """Over the last RATE_FRAMES frames."""
        span = self._times[-1] - self._times[0] if len(self._times) > 1 else 0.0
        return (len(self._times) - 1) / span if span > 0.0 else 0.0

    @property
    def touch(self) -> Array:
        """[12] of the newest frame; zeros without a calibration."""
        return self._touch

    def picture(self) -> Group:
        """Twelve bars beside the board from above, and a line about the whole."""
        if self._frame is None:
            return Group(Text("waiting for frames"))
        if self._frame.time_s - self._looked_s >= 1.0 / LOOKS_HZ:
            self._looked_s = self._frame.time_s
            self._balls = self._finder.look(self._played.reshape(SENSORS, AXES))
        beside = Group(board_map(self._cells, self._balls), Text(balls_words(self._balls), style="cyan"))
        whole = "calibrated" if self._calibration is not None else "not calibrated: no touch, only field"
        foot = Text(f"{self.rate_hz:6.1f} frames/s   {self._frame.time_s:.1f} s   {whole}", style="dim")
        table = self._table()
        self._seen[:] = 0
        return Group(Columns([table, beside]), foot)

    def line(self) -> str:
        """The same for a log: the strongest axis, the magnets found, the rate."""
        strongest = int(np.argmax(np.abs(self._touch if self._calibration is not None else self._played)))
        touch = f" touch {self._touch[strongest]:+.2f}" if self._calibration is not None else ""
        self._balls = self._finder.look(self._played.reshape(SENSORS, AXES))
        places = "; ".join(f"{x:.0f}, {y:.0f} mm" for x, y in self._balls) or "no magnet placed"
        time_s = self._times[-1] if self._times else 0.0
        return (
            f"{time_s:9.2f} s  {self.rate_hz:6.1f}/s  {channel_name(strongest)}"
            f" {self._played[strongest]:+.2f} mT{touch}  {places}"
        )

    def _field(self, frame: FrameLike) -> Array:
        """[12] mT more than the empty board; with a calibration corrected and at the nominal heights."""
        field = np.asarray(frame.field_mt, dtype=np.float64)
        calibration = self._calibration
        if calibration is None:
            rest = np.mean(self._rest, axis=0) if self._rest else field
            return np.asarray((field - rest).reshape(CHANNELS))
        rest = calibration.rest
        warming = np.asarray(frame.temperature_c, dtype=np.float64) - rest.temperature_c
        lifted = field - rest.offset_mt - warming[:, None] * rest.tempco_mt_per_k
        corrected = np.asarray(calibration.correction @ lifted.reshape(CHANNELS))
        return corrected if calibration.carry is None else carried(corrected, calibration.carry)

    def _floor_and_reach(self) -> tuple[float, float]:
        if self._calibration is None:
            return 0.05, TYPICAL_REACH_MT
        response = self._calibration.response
        return float(response.dead_zone_mt.max()), float(np.median(response.reach_mt))

    def _table(self) -> Table:
        assert self._frame is not None
        calibrated = self._calibration is not None
        table = Table(box=None, padding=(0, 1))
        drawn_is = "touch, −1 to 1 of its reach" if calibrated else "field from rest"
        for heading in ("sensor", drawn_is, "touch", "field mT", "above noise dB", "health"):
            table.add_column(heading, no_wrap=True)
        noise = None if self._calibration is None else self._calibration.rest.noise_mt.reshape(CHANNELS)
        for channel in range(CHANNELS):
            sensor, axis = divmod(channel, AXES)
            value = float(self._played[channel])
            level = "" if noise is None else f"{above_noise_db(value, float(noise[channel])):3.0f}"
            drawn = touch_bar(float(self._touch[channel])) if calibrated else Text(field_bar(value))
            told = f"{self._touch[channel]:+.2f}" if calibrated else ""
            health = "" if axis else health_words(int(self._seen[sensor]))
            table.add_row(f"{sensor + 1} {'xyz'[axis]}", drawn, told, f"{value:+8.3f}", level, health)
        return table


def watch_frames(
    console: Console, frames: Iterable[FrameLike], calibration: Calibration | None = None
) -> None:
    """Draws until the frames end; a line a second where the output is no terminal."""
    view = LiveView(calibration)
    if not console.is_terminal:
        told_s = -np.inf
        for frame in frames:
            if view.add(frame) and abs(frame.time_s - told_s) >= LINE_S:
                told_s = frame.time_s
                console.print(view.line(), soft_wrap=True, highlight=False)
        return
    console.print("Ctrl-C ends", style="dim")
    with Live(console=console, auto_refresh=False) as live:
        for frame in frames:
            if view.add(frame):
                live.update(view.picture(), refresh=True)


def touch_bar(touch: float) -> Text:
    """A bar from the middle to the left or right; full is the whole reach, red is near its end."""
    length = min(round(abs(touch) * BAR), BAR)
    empty = " " * (BAR - length)
    drawn = f"{empty}{'█' * length}│{' ' * BAR}" if touch < 0.0 else f"{' ' * BAR}│{'█' * length}{empty}"
    return Text(drawn, style="red" if abs(touch) > NEAR_THE_END else "green")


def above_noise_db(value_mt: float, noise_mt: float) -> float:
    """20 log10 of the field in standard deviations of its noise; 0 inside the noise."""
    return float(20.0 * np.log10(max(abs(value_mt) / noise_mt, 1.0)))


def balls_words(balls_mm: Array) -> str:
    """What the map shows, in words."""
    if len(balls_mm) == 0:
        return "no one or two magnets that would explain it"
    places = " and ".join(f"{x:.0f}, {y:.0f} mm" for x, y in balls_mm)
    return f"{'a magnet' if len(balls_mm) == 1 else 'magnets'} at {places}"
