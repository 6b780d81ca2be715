"""The guided calibration of a page: the procedure of `calibration` in a thread, its words as JSON.

From the page: `{"calibrate": WISH}`, WISH being start (with `spots`, `ball_mm`), an answer (go, repeat, skip,
stop), send, undo or redo. To the page: `{"calibration": {...}}`, see `PageWatcher` and `Guide`.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import calibration
from calibration import Calibration, CalibrationError
from calibration.assemble import USUAL_BALL_MM
from calibration.capture.procedure import FREE_PLAY
from calibration.capture.steps import Choice, GivenUp, OpenStep, Step
from calibration.judging.verdict import Verdict
from calibration.screen.seen import Seen
from calibration.session import Calibrated, calibrate
from calibration.stretch import FrameLike
from errors import LodestoneError
from lodestone.teaching import Pair

Words = dict[str, Any]
Tell = Callable[[Words], None]
CHOICES = {"go": Choice.GO, "repeat": Choice.REPEAT, "skip": Choice.SKIP, "stop": Choice.STOP}
LEAST_BALL_MM, LARGEST_BALL_MM = 3.0, 40.0
LEAST_PLAY_S, LONGEST_PLAY_S = 10.0, 600.0


class PageWatcher:
    """A `calibration.capture.steps.Watcher` that shows a step on a page and waits for its buttons.

    Tells `step` (name, say, seconds, place, mark_up), then `part`, `say`, `advice`, `balls`, `cells` while
    frames come, then `done` or `refused`; `wait` names the answers that it waits for. After free play `offer`
    says what one ball on one spot would tell.

    Args:
        tell: called with each message, from the thread of the calibration.
        ball_mm: diameter of the ball of the known spots and of the one spot.
    """

    def __init__(self, tell: Tell, ball_mm: float = USUAL_BALL_MM) -> None:
        self._tell = tell
        self._seen = Seen(ball_mm)
        self._answers: queue.Queue[str] = queue.Queue()
        self._stopped = False

    def answer(self, choice: str) -> None:
        """From the page, any thread. `stop` ends whatever goes on."""
        self._stopped = self._stopped or choice == "stop"
        self._answers.put(choice)

    def begin(self, step: Step) -> Choice:
        """Shows the step, and waits until its player is ready, where it asks for one."""
        self._seen.begin(step)
        shown = {"name": step.name, "say": step.request, "seconds": step.seconds}
        spot = {"place": step.place_mm, "mark_up": step.mark_up}
        return self._ask({"step": {**shown, **spot}}, ("go", "skip", "stop") if step.asks else ())

    def frame(self, step: Step, frame: FrameLike) -> None:
        """Shows ten pictures a second. Raises GivenUp once the player has."""
        if self._stopped:
            raise GivenUp
        if not self._seen.frame(step, frame):
            return
        seen = self._seen
        self._tell(
            {
                "say": seen.request(step),
                "part": round(seen.part(step), 3),
                "advice": seen.advice(step),
                "balls": seen.balls_mm.round(1).tolist(),
                "cells": seen.cells.sum(axis=2).tolist() if step.name == FREE_PLAY.name else [],
            }
        )

    def end(self, step: Step, words: str) -> Choice:
        """The step's result; a placement goes on by itself, or sixteen would ask thirty-two times."""
        asks = step.asks and step.place_mm is None
        return self._ask({"done": words}, ("go", "repeat", "stop") if asks else ())

    def again(self, step: Step, error: CalibrationError) -> Choice:
        """Why it was refused."""
        if self._stopped:
            return Choice.STOP
        refused = {"name": step.name, "wanted": error.wanted, "got": error.got, "do": error.do}
        return self._ask({"refused": refused}, ("repeat", "skip", "stop"))

    def offer_spot(self, verdict: Verdict) -> bool:
        """Whether one ball on one spot shall tell what free play could not."""
        return self._ask({"offer": verdict.unchecked}, ("go", "skip", "stop")) is Choice.GO

    def _ask(self, words: Words, choices: Sequence[str]) -> Choice:
        """Tells, and waits for one of the choices; without any goes on. Raises GivenUp at `stop`."""
        while not self._answers.empty():
            self._answers.get_nowait()
        self._tell({**words, "wait": list(choices)})
        while choices:
            said = "stop" if self._stopped else self._answers.get()
            if said == "stop":
                raise GivenUp
            if said in choices:
                return CHOICES[said]
        return Choice.GO


@dataclass(frozen=True)
class Place:
    """What is calibrated, and where the calibration goes.

    Attributes:
        open_step: gives the frames of a step.
        file: the calibration in force; the ones before are kept beside it.
        send: brings one to the board and tells in words what happened.
        turn: back (-1) or forward (1) on the board, in words.
        taught: the file of taught gestures.
        teach: brings the pairs of a scene to the board and tells in words what happened.
        board: what this board is called.
    """

    open_step: OpenStep
    file: Path
    send: Callable[[Calibration], Iterator[str]]
    turn: Callable[[int], Iterator[str]]
    taught: Path
    teach: Callable[[str, Sequence[Pair]], Iterator[str]]
    board: str = "stacco"


class Guide:
    """One calibration at a time, whatever the number of pages.

    Tells `busy` to who comes second, `verdict` (level, words, findings, unchecked, changed, file) or
    `trouble` at the end, and `sent`, a list of words, after send, undo and redo.

    Args:
        place: of the board.
    """

    def __init__(self, place: Place) -> None:
        self._place = place
        self._watcher: PageWatcher | None = None
        self._owner: object = None
        self._thread: threading.Thread | None = None

    @property
    def busy(self) -> bool:
        """Something goes on."""
        return self._thread is not None and self._thread.is_alive()

    def hear(self, owner: object, words: Words, tell: Tell) -> None:
        """A wish of the page `owner`, which is told by `tell` (any thread) what comes of it."""
        wish = words.get("calibrate")
        if not isinstance(wish, str):
            return
        if self.busy and owner is self._owner and wish in CHOICES and self._watcher is not None:
            self._watcher.answer(wish)
        elif self.busy and wish not in CHOICES:
            tell({"busy": "another calibration goes on: wait for its end, or end it on its own page"})
        elif wish == "start":
            self._begin(owner, lambda: self._calibrate(words, tell), tell)
        elif wish == "send":
            self._begin(owner, lambda: self._bring(tell), tell)
        elif wish in ("undo", "redo"):
            self._begin(owner, lambda: self._turn(-1 if wish == "undo" else 1, tell), tell)

    def left(self, owner: object) -> None:
        """A page has gone: its calibration ends, and the old one stays in force."""
        if self._owner is owner and self._watcher is not None:
            self._watcher.answer("stop")

    def wait(self, seconds: float = 30.0) -> None:
        """Until nothing goes on, or so long."""
        if self._thread is not None:
            self._thread.join(seconds)

    def _begin(self, owner: object, work: Callable[[], None], tell: Tell) -> None:
        def all_of_it() -> None:
            try:
                work()
            except LodestoneError as error:
                tell({"trouble": str(error)})

        self._owner, self._watcher = owner, None
        self._thread = threading.Thread(target=all_of_it, daemon=True)
        self._thread.start()

    def _calibrate(self, words: Words, tell: Tell) -> None:
        ball_mm = _number(words, "ball_mm", USUAL_BALL_MM, LEAST_BALL_MM, LARGEST_BALL_MM)
        seconds = _number(words, "seconds", FREE_PLAY.seconds, LEAST_PLAY_S, LONGEST_PLAY_S)
        spots = words.get("spots") is True
        self._watcher = PageWatcher(tell, ball_mm)
        place = self._place
        made = calibrate(
            place.open_step,
            self._watcher,
            place.file,
            board=place.board,
            play_seconds=seconds,
            spots=spots,
            ball_mm=ball_mm,
            offer_spot=self._watcher.offer_spot,
        )
        tell({"verdict": _verdict_words(made)})

    def _bring(self, tell: Tell) -> None:
        tell({"sent": list(self._place.send(calibration.load(self._place.file)))})

    def _turn(self, way: int, tell: Tell) -> None:
        """On the board first: what it refuses stays as it was here, too."""
        told = list(self._place.turn(way))
        turned = calibration.undo(self._place.file) if way < 0 else calibration.redo(self._place.file)
        tell({"sent": [*told, f"{turned.name} is the {'previous' if way < 0 else 'later'} one again"]})


def _verdict_words(made: Calibrated) -> Words:
    return {**made.verdict.plain(), "changed": made.changed, "file": made.path.name}


def _number(words: Words, name: str, usual: float, least: float, most: float) -> float:
    value = words.get(name, usual)
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        raise CalibrationError(f"{name} from {least:g} to {most:g}", repr(value)[:40], "correct it")
    return float(value)
