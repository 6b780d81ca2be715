"""What the player sees in the terminal: the request, live bars of the four sensors, what is missing."""

from __future__ import annotations

import numpy as np
from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from calibration.model import AXES, SENSORS
from calibration.procedure import EMPTY, FREE_PLAY, Step
from calibration.recording import FrameLike

# Bars are logarithmic from this field to that: a magnet's four decades.
FAINT_MT, FULL_MT = 0.01, 50.0
REFRESH_HZ = 10


class TerminalWatcher:
    """Live bars while frames come; asks before each step that needs the player unless `ask` is false."""

    def __init__(self, console: Console, *, ask: bool) -> None:
        self._console, self._ask = console, ask
        self._live: Live | None = None
        self._first_s: float | None = None
        self._shown_s = -1.0
        self._base: np.ndarray | None = None

    def begin(self, step: Step) -> None:
        """Says what to do, and waits for Enter where the player must have done it."""
        self._console.print(f"[bold]{step.name}[/bold]: {step.request}")
        if self._ask and step.name in (EMPTY.name, FREE_PLAY.name):
            self._console.input("  Enter when ready ")
        self._first_s, self._shown_s = None, -1.0
        self._live = Live(console=self._console, auto_refresh=False, transient=True)
        self._live.start()

    def frame(self, step: Step, frame: FrameLike) -> None:
        """Draws ten times a second of the frames' own time."""
        if self._first_s is None:
            self._first_s = frame.time_s
        if self._base is None:
            self._base = np.asarray(frame.field_mt, dtype=np.float64)
        elapsed = frame.time_s - self._first_s
        if self._live is None or elapsed - self._shown_s < 1.0 / REFRESH_HZ:
            return
        self._shown_s = elapsed
        self._live.update(self._picture(step, frame, elapsed), refresh=True)

    def end(self, step: Step, words: str) -> None:
        """The step's result in one line."""
        self.close()
        self._console.print(f"  [green]✓[/green] {words}")

    def close(self) -> None:
        """Takes the live picture away; safe to call twice."""
        if self._live is not None:
            self._live.stop()
            self._live = None

    def _picture(self, step: Step, frame: FrameLike, elapsed: float) -> Group:
        table = Table.grid(padding=(0, 1))
        assert self._base is not None
        played = np.asarray(frame.field_mt, dtype=np.float64) - self._base
        for sensor in range(SENSORS):
            cells = [Text(f"sensor {sensor + 1}")]
            for axis in range(AXES):
                value = played[sensor, axis]
                level = np.log(max(abs(value), FAINT_MT) / FAINT_MT) / np.log(FULL_MT / FAINT_MT)
                cells += [Text("xyz"[axis]), _bar(float(level)), Text(f"{value:8.2f} mT")]
            table.add_row(*cells)
        progress = ProgressBar(total=step.seconds, completed=min(elapsed, step.seconds), width=60)
        return Group(table, progress)


def _bar(level: float) -> Text:
    filled = round(12 * min(max(level, 0.0), 1.0))
    return Text("█" * filled + "░" * (12 - filled))
