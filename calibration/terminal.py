"""What the player sees in the terminal: the request, live bars and a board map, the verdict, the card."""

from __future__ import annotations

import datetime

import numpy as np
import numpy.typing as npt
from rich.columns import Columns
from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from calibration.coverage import SIDES, missing_words, visited_cells
from calibration.errors import CalibrationError
from calibration.figures import Figures
from calibration.guard import Difference
from calibration.model import AXES, CHANNELS, SENSORS, Calibration
from calibration.procedure import FREE_PLAY, Step
from calibration.recording import FrameLike
from calibration.table import figure_rows
from calibration.verdict import CARE, READY, STOP, Verdict

# Bars are logarithmic from this field to that: a magnet's four decades.
FAINT_MT, FULL_MT = 0.01, 50.0
REFRESH_HZ = 10
# Before the reach is fitted, coverage is shown for that of a 15 mm ball.
TYPICAL_REACH_MT = 8.0
STYLES = {READY: "green", CARE: "yellow", STOP: "red"}


class TerminalWatcher:
    """Live bars while frames come; asks before each step that needs the player unless `ask` is false."""

    def __init__(self, console: Console, *, ask: bool) -> None:
        self._console, self._ask = console, ask
        self._live: Live | None = None
        self._first_s: float | None = None
        self._shown_s = -1.0
        self._base: npt.NDArray[np.float64] | None = None
        self._recent: list[npt.NDArray[np.float64]] = []
        self._cells = np.zeros((SENSORS, SIDES, 2), dtype=bool)

    def begin(self, step: Step) -> None:
        """Says what to do, and waits for Enter where the player must have done it."""
        self._console.print(f"[bold]{step.name}[/bold]: {step.request}")
        if self._ask and step.asks:
            self._console.input("  Enter when ready ")
        self._first_s, self._shown_s = None, -1.0
        self._live = Live(console=self._console, auto_refresh=False, transient=True)
        self._live.start()

    def frame(self, step: Step, frame: FrameLike) -> None:
        """Draws ten times a second of the frames' own time."""
        if self._first_s is None:
            self._first_s = frame.time_s
        field = np.asarray(frame.field_mt, dtype=np.float64)
        if self._base is None or (not step.asks and step.name != FREE_PLAY.name):
            self._base = field
        self._recent.append((field - self._base).reshape(CHANNELS))
        elapsed = frame.time_s - self._first_s
        if self._live is None or elapsed - self._shown_s < 1.0 / REFRESH_HZ:
            return
        self._shown_s = elapsed
        self._cells |= visited_cells(np.array(self._recent), 0.05, TYPICAL_REACH_MT)
        self._live.update(self._picture(step, elapsed), refresh=True)
        self._recent = []

    def end(self, step: Step, words: str) -> None:
        """The step's result in one line."""
        self.close()
        self._console.print(f"  [green]✓[/green] {words}")

    def again(self, step: Step, error: CalibrationError) -> bool:
        """Says why the step was refused; repeats it when the player presses Enter, unless `ask` is false."""
        self.close()
        if not self._ask:
            return False
        self._console.print(f"  [red]✗[/red] {error}")
        answer = self._console.input(f"  Enter to repeat {step.name}, q to give up ")
        return answer.strip().lower() not in ("q", "n", "no")

    def close(self) -> None:
        """Takes the live picture away; safe to call twice."""
        if self._live is not None:
            self._live.stop()
            self._live = None

    def _picture(self, step: Step, elapsed: float) -> Group:
        played = self._recent[-1].reshape(SENSORS, AXES)
        parts: list[Table | Columns] = [field_bars(played)]
        if step.name == FREE_PLAY.name:
            missing = missing_words(self._cells)
            advice = Text(f"still missing: {missing}" if missing else "everywhere visited", style="cyan")
            parts = [Columns([field_bars(played), Group(board_map(self._cells), advice)])]
        progress = ProgressBar(total=step.seconds, completed=min(elapsed, step.seconds), width=60)
        return Group(*parts, progress)


def field_bars(played_mt: npt.NDArray[np.float64]) -> Table:
    """Twelve bars, logarithmic, with their field in mT."""
    table = Table.grid(padding=(0, 1))
    for sensor in range(SENSORS):
        cells = [Text(f"sensor {sensor + 1}")]
        for axis in range(AXES):
            value = float(played_mt[sensor, axis])
            level = np.log(max(abs(value), FAINT_MT) / FAINT_MT) / np.log(FULL_MT / FAINT_MT)
            filled = round(8 * min(max(float(level), 0.0), 1.0))
            cells += [Text("xyz"[axis] + " " + "█" * filled + "░" * (8 - filled)), Text(f"{value:7.2f}")]
        table.add_row(*cells)
    return table


def board_map(cells: npt.NDArray[np.bool_]) -> Text:
    """The board from above: eight sides around each attractor, filled where near and far were visited."""
    canvas = [[" "] * 31 for _ in range(13)]
    places = ((6, 4), (2, 15), (6, 26), (10, 15))  # row, column: left, far, right, near
    around = ((0, -3), (1, -2), (2, 0), (1, 2), (0, 3), (-1, 2), (-2, 0), (-1, -2))
    for sensor, (row, column) in enumerate(places):
        canvas[row][column] = str(sensor + 1)
        for side, (down, right) in enumerate(around):
            seen = int(cells[sensor, side].sum())
            canvas[row + down][column + right] = "·○●"[seen]
    return Text("\n".join("".join(line) for line in canvas))


def print_verdict(console: Console, verdict: Verdict) -> None:
    """The verdict, then every reason with its remedy."""
    console.print(f"[bold {STYLES[verdict.level]}]{verdict.level.capitalize()}[/]")
    for finding in verdict.findings:
        console.print(f"  [{STYLES[finding.level]}]●[/] {finding.cause}: {finding.remedy}")


def print_card(calibration: Calibration, judged: tuple[Figures, Verdict] | None) -> None:
    """A calibration for a reader."""
    console = Console()
    magnets = calibration.magnet_set or "not named"
    age = age_words(calibration.created, datetime.datetime.now(datetime.timezone.utc))
    console.print(f"{calibration.board}, {calibration.created}{age}, magnets: {magnets}")
    if judged is None:
        console.print("no figures: made without a report")
        return
    figures, verdict = judged
    print_verdict(console, verdict)
    table = Table(box=None)
    for heading in ("", "figure", "value", "limit"):
        table.add_column(heading)
    for name, value, limit, level in figure_rows(figures):
        table.add_row(f"[{STYLES[level]}]●[/]", name, value, limit)
    console.print(table)


def age_words(created: str, now: datetime.datetime) -> str:
    """` (3 hours ago)`; nothing where the time cannot be read."""
    try:
        made = datetime.datetime.strptime(created, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=datetime.timezone.utc)
    except ValueError:
        return ""
    hours = (now - made).total_seconds() / 3600.0
    if hours < 1.0:
        return " (within the hour)"
    if hours < 48.0:
        return f" ({hours:.0f} hours ago)"
    return f" ({hours / 24.0:.0f} days ago: calibrate again before you play)"


def print_differences(lines: list[Difference]) -> None:
    """One row per difference."""
    table = Table(box=None)
    for heading in ("", "before", "after", ""):
        table.add_column(heading)
    for line in lines:
        table.add_row(line.what, line.before, line.after, line.words)
    Console().print(table)
