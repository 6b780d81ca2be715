"""What the player sees in the terminal: the request, live bars and a board map, the verdict, the card."""

from __future__ import annotations

import datetime
import sys
from collections.abc import Collection

import numpy as np
import numpy.typing as npt
from rich.columns import Columns
from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from calibration.capture.guard import Difference
from calibration.capture.steps import Choice, Step
from calibration.errors import CalibrationError
from calibration.judging.figure_table import HEADS, NOT_MEASURED, VERDICT, figure_rows
from calibration.judging.figures import Figures
from calibration.judging.verdict import CARE, READY, STOP, Verdict
from calibration.model import AXES, SENSORS, Calibration
from calibration.screen.seen import Seen
from calibration.stretch import FrameLike
from calibration.when import local_words, made_at
from geometry import BoardGeometry

# Bars are logarithmic from this field to that: a magnet's four decades.
FAINT_MT, FULL_MT = 0.01, 50.0
MAP_ROWS, MAP_COLUMNS = 13, 31
BALL = "◉"
# Within this the same gesture plays alike on every board: `python -m bench.calibration_proof --height-mm`.
ALIKE_MM = 1.5
STYLES = {READY: "green", CARE: "yellow", STOP: "red", NOT_MEASURED: "dim"}


class TerminalWatcher:
    """Live bars while frames come, and where the magnets are; asks unless `ask` is false.

    Args:
        ask: False goes through without waiting, repeats nothing and leaves out what `skip` names.
        skip: names of steps to leave out.
        ball_mm: diameter of the ball of the known spots.
    """

    def __init__(
        self, console: Console, *, ask: bool, skip: Collection[str] = (), ball_mm: float | None = None
    ) -> None:
        self._console, self._ask, self._skip = console, ask, skip
        self._live: Live | None = None
        self._seen = Seen(ball_mm)

    def begin(self, step: Step) -> Choice:
        """Says what to do, and waits for Enter where the player must have done it."""
        self._console.print(f"[bold]{step.name}[/bold]: {step.request}")
        if step.name in self._skip:
            return self._skipped()
        if self._ask and step.asks:
            choice = self._ready(step)
            if choice is not Choice.GO:
                return choice
        self._seen.begin(step)
        self._live = Live(console=self._console, auto_refresh=False, transient=True)
        self._live.start()
        return Choice.GO

    def frame(self, step: Step, frame: FrameLike) -> None:
        """Draws ten times a second of the frames' own time."""
        due = self._seen.frame(step, frame, look=self._console.is_terminal)
        if due and self._live is not None:
            self._live.update(self._picture(step), refresh=True)

    def end(self, step: Step, words: str) -> Choice:
        """The step's result in one line; the player may want it once more."""
        self.close()
        self._console.print(f"  [green]✓[/green] {words}")
        if step.place_mm is not None or not (self._ask and step.asks):
            return Choice.GO  # of a known spot the next one asks
        return Choice.REPEAT if self._answer("Enter to go on, r to repeat") == "r" else Choice.GO

    def again(self, step: Step, error: CalibrationError) -> Choice:
        """Says why the step was refused; gives up at once unless `ask`."""
        self.close()
        if not self._ask:
            return Choice.STOP
        self._console.print(f"  [red]✗[/red] {error}")
        skip = ", s to skip it" if step.may_skip else ""
        answer = self._answer(f"Enter to repeat {step.name}{skip}, q to give up")
        if answer == "s" and not step.may_skip:
            return Choice.REPEAT
        return {"s": Choice.SKIP, "q": Choice.STOP, "n": Choice.STOP}.get(answer, Choice.REPEAT)

    def close(self) -> None:
        """Takes the live picture away; safe to call twice."""
        if self._live is not None:
            self._live.stop()
            self._live = None

    def _ready(self, step: Step) -> Choice:
        """Waits until the player has done what the step asks for."""
        others = {"s": Choice.SKIP} if step.may_skip else {}
        offered = "Enter when ready" + (", s to skip" if step.may_skip else "")
        if step.may_go_back:
            others["r"], offered = Choice.BACK, offered + ", r for the one before again"
        choice = others.get(self._answer(offered), Choice.GO)
        return self._skipped() if choice is Choice.SKIP else choice

    def _answer(self, question: str) -> str:
        """What is typed from now on: keys that were pressed before the question are none."""
        forget_keys()
        return self._console.input(f"  {question} ").strip().lower()[:1]

    def _skipped(self) -> Choice:
        self._console.print("  [yellow]–[/yellow] skipped")
        return Choice.SKIP

    def _picture(self, step: Step) -> Group:
        seen = self._seen
        parts: list[Table | Columns] = [field_bars(seen.played_mt)]
        advice = seen.advice(step)
        if advice:
            beside = Group(board_map(seen.cells, seen.balls_mm), Text(advice, style="cyan"))
            parts = [Columns([field_bars(seen.played_mt), beside])]
        progress = ProgressBar(total=1.0, completed=seen.part(step), width=60)
        return Group(*parts, progress)


def forget_keys() -> None:
    """Drops what was typed and not yet read, where somebody types."""
    if sys.stdin is None or not sys.stdin.isatty():
        return
    try:
        import termios

        termios.tcflush(sys.stdin, termios.TCIFLUSH)
    except (ImportError, OSError, ValueError):  # no such terminal
        return


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


def board_map(cells: npt.NDArray[np.bool_], balls_mm: npt.NDArray[np.float64] | None = None) -> Text:
    """The board from above: eight sides around each attractor, filled where near and far were visited.

    Args:
        cells: [4, 8, 2] as in `calibration.fitting.coverage`.
        balls_mm: [B, 2] where the magnets are now.
    """
    canvas = [[" "] * MAP_COLUMNS for _ in range(MAP_ROWS)]
    around = ((0, -3), (1, -2), (2, 0), (1, 2), (0, 3), (-1, 2), (-2, 0), (-1, -2))
    for sensor, (x, y) in enumerate(BoardGeometry().attractors_mm()):
        row, column = _on_map(x, y)
        canvas[row][column] = str(sensor + 1)
        for side, (down, right) in enumerate(around):
            seen = int(cells[sensor, side].sum())
            canvas[row + down][column + right] = "·○●"[seen]
    for x, y in np.empty((0, 2)) if balls_mm is None else balls_mm:
        row, column = _on_map(x, y)
        if 0 <= row < MAP_ROWS and 0 <= column < MAP_COLUMNS:
            canvas[row][column] = BALL
    return Text("\n".join("".join(line) for line in canvas))


def _on_map(x_mm: float, y_mm: float) -> tuple[int, int]:
    """Row and column of a place on the board; a row is as high as two columns are wide."""
    return round(MAP_ROWS // 2 - y_mm / 16.25), round(MAP_COLUMNS // 2 + x_mm / 5.9)


def shim_words(height_mm: npt.NDArray[np.float64]) -> str:
    """Which sensors [4] sit so high or low that the carry cannot make two boards alike; "" for none."""
    off = [
        f"sensor {sensor + 1} sits {abs(height):.1f} mm too {'high' if height > 0.0 else 'low'}"
        for sensor, height in enumerate(height_mm)
        if abs(height) > ALIKE_MM
    ]
    return f"{', '.join(off)}: shim to within {ALIKE_MM:g} mm to play alike on other boards" if off else ""


def print_verdict(console: Console, verdict: Verdict) -> None:
    """The verdict, then every reason with its remedy."""
    console.print(f"[bold {STYLES[verdict.level]}]{verdict.level.capitalize()}[/]")
    for finding in verdict.findings:
        console.print(f"  [{STYLES[finding.level]}]{finding.level}[/] {finding.cause}: {finding.remedy}")
    if verdict.unchecked:
        console.print(f"  ○ {verdict.unchecked}")


def print_card(calibration: Calibration, judged: tuple[Figures, Verdict] | None) -> None:
    """A calibration for a reader."""
    console = Console()
    magnets = calibration.magnet_set or "not named"
    age = age_words(calibration.created, datetime.datetime.now(datetime.timezone.utc))
    console.print(f"{calibration.board}, {local_words(calibration.created)}{age}, magnets: {magnets}")
    if judged is None:
        console.print("no figures: made without a report")
        return
    figures, verdict = judged
    print_verdict(console, verdict)
    table = Table(box=None)
    for heading in (VERDICT, *HEADS):
        table.add_column(heading)
    for name, value, limit, level in figure_rows(figures):
        table.add_row(f"[{STYLES[level]}]{level}[/]", name, value, limit)
    console.print(table)


def age_words(created: str, now: datetime.datetime) -> str:
    """` (3 hours ago)`; nothing where the time cannot be read."""
    made = made_at(created)
    if made is None:
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
    for heading in ("figure", "before", "after", "what that is"):
        table.add_column(heading)
    for line in lines:
        table.add_row(line.what, line.before, line.after, line.words)
    Console().print(table)
