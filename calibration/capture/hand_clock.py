"""What a calibration takes of the player's time: the clock of a hand that does what each step asks for."""

from __future__ import annotations

from calibration.capture.procedure import EMPTY
from calibration.capture.steps import Choice, Step, Watcher
from calibration.errors import CalibrationError
from calibration.stretch import FrameLike

REACTS_S, TAKES_AWAY_S, PUTS_S = 2.0, 6.0, 2.2
"""From a question to its key; every marble off the board; the next ball in its cup, and the key."""
MOST_S, MOST_SPOTS_S = 120.0, 60.0
"""What a calibration, and the sixteen known spots, may take of the player's time."""


def hand_seconds(step: Step) -> float:
    """What the hand does before and after a step, without listening: s."""
    away = TAKES_AWAY_S if step.name == EMPTY.name else 0.0
    if step.place_mm is not None:
        return PUTS_S
    return away + (2.0 * REACTS_S if step.asks else 0.0)


class HandClock:
    """A `Watcher` around another one that reads the clock: frames by their own time, the hand as above.

    Attributes:
        steps_s: of self-check, empty board, free play and one ball on one spot, as often as they were done.
        spots_s: of the known spots.
    """

    def __init__(self, watcher: Watcher) -> None:
        self._watcher = watcher
        self._first_s: float | None = None
        self._last_s = 0.0
        self.steps_s = self.spots_s = 0.0

    def begin(self, step: Step) -> Choice:
        """As the watcher; a step that is left out takes one key."""
        choice = self._watcher.begin(step)
        self._first_s = None
        self._add(step, hand_seconds(step) if choice is Choice.GO else REACTS_S)
        return choice

    def frame(self, step: Step, frame: FrameLike) -> None:
        """As the watcher."""
        self._first_s = frame.time_s if self._first_s is None else self._first_s
        self._last_s = frame.time_s
        self._watcher.frame(step, frame)

    def end(self, step: Step, words: str) -> Choice:
        """As the watcher."""
        self._listened(step)
        return self._watcher.end(step, words)

    def again(self, step: Step, error: CalibrationError) -> Choice:
        """As the watcher."""
        self._listened(step)
        return self._watcher.again(step, error)

    def words(self) -> str:
        """What it took, in one line."""
        spots = f", the known spots {self.spots_s:.0f} s (of {MOST_SPOTS_S:.0f})" if self.spots_s else ""
        hand = f"by the clock of a hand that reacts within {REACTS_S:g} s and clears the board in"
        return f"{hand} {TAKES_AWAY_S:g} s: {self.steps_s:.0f} s (of {MOST_S:.0f}){spots}"

    def _listened(self, step: Step) -> None:
        if self._first_s is not None:
            self._add(step, self._last_s - self._first_s)
        self._first_s = None

    def _add(self, step: Step, seconds: float) -> None:
        if step.name.startswith("known spot"):
            self.spots_s += seconds
        else:
            self.steps_s += seconds
