"""A whole calibration: the steps are recorded, fitted, judged and saved; the old file stays until then."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from calibration.assemble import USUAL_BALL_MM, fit, verdict_of, with_one_spot
from calibration.capture.guard import differences
from calibration.capture.one_spot_step import record_one_spot
from calibration.capture.procedure import EMPTY, FREE_PLAY, SELF_CHECK, record
from calibration.capture.sources import open_simulated
from calibration.capture.steps import Choice, GivenUp, OpenStep, Step, Watcher
from calibration.errors import CalibrationError
from calibration.file import load, save
from calibration.judging.figures import Figures
from calibration.judging.verdict import Verdict
from calibration.model import Calibration
from calibration.stretch import FrameLike


@dataclass(frozen=True)
class Calibrated:
    """What came of it.

    Attributes:
        calibration: as it was saved.
        path: where.
        figures, verdict: how good it is, and whether it can be played with.
        changed: in words, what differs from the calibration that this one replaces.
    """

    calibration: Calibration
    path: Path
    figures: Figures
    verdict: Verdict
    changed: list[str]


class Silent:
    """A watcher who goes through every step, shows nothing and gives up at the first refusal."""

    def begin(self, step: Step) -> Choice:
        """Goes on."""
        return Choice.GO

    def frame(self, step: Step, frame: FrameLike) -> None:
        """Is not shown."""

    def end(self, step: Step, words: str) -> Choice:
        """Goes on."""
        return Choice.GO

    def again(self, step: Step, error: CalibrationError) -> Choice:
        """Gives up."""
        return Choice.STOP


def calibrate(
    open_step: OpenStep,
    watcher: Watcher,
    out: Path,
    *,
    board: str = "stacco",
    magnets: str = "",
    play_seconds: float = FREE_PLAY.seconds,
    spots: bool = False,
    ball_mm: float = USUAL_BALL_MM,
    warm_up_s: float | None = None,
    offer_spot: Callable[[Verdict], bool] = lambda _: False,
) -> Calibrated:
    """Calibrates a board into the file `out`; the one before is kept beside it.

    Args:
        open_step: gives the frames of a step; see `calibration.capture.sources`.
        watcher: shows them and asks the player; `Silent()` does neither.
        out: the calibration file. What is in it stands in for steps that are skipped.
        board: what this board is called.
        magnets: what tonight's magnets are called.
        play_seconds: length of the free play.
        spots: also put one ball on the known spots.
        ball_mm: diameter of that ball.
        warm_up_s: let the empty board warm so long first; None leaves that out.
        offer_spot: asked with the first verdict where one ball on one spot would tell more; True takes that
            step, which can still be left out, and judges anew.

    Raises:
        CalibrationError: a sensor is at fault, a recording cannot be used, the player interrupts. The old
            file then stays as it was.
    """
    last = _usable(out)
    try:
        session = record(
            open_step,
            watcher,
            play_seconds=play_seconds,
            ball_mm=ball_mm if spots else None,
            warm_up_s=warm_up_s,
            last=last,
        )
        result = fit(session, board=board, magnet_set=magnets, last=last, ball_mm=ball_mm)
        first = verdict_of(result)
        if first is not None and first[1].unchecked and offer_spot(first[1]):
            told = record_one_spot(open_step, watcher, result, ball_mm)
            result = result if told is None else with_one_spot(result, told)
    except KeyboardInterrupt:
        raise GivenUp from None
    changed = _since_last(result, out)
    path = save(result, out)
    judged = verdict_of(result)
    assert judged is not None
    return Calibrated(result, path, *judged, changed)


def calibrate_simulated(out: Path, seed: int = 0, watcher: Watcher | None = None) -> Calibrated:
    """Calibrates the simulated board of this seed into `out`, without a word.

    Raises:
        KeyboardInterrupt: at Ctrl-C; no player's calibration was given up.
    """
    try:
        return calibrate(open_simulated(seed), watcher or Silent(), out)
    except GivenUp:
        raise KeyboardInterrupt from None


def steps_by_name(names: list[str]) -> frozenset[str]:
    """Those steps of the procedure that can be skipped. Raises CalibrationError for one that there is not."""
    steps = [step.name for step in (SELF_CHECK, EMPTY, FREE_PLAY)]
    for name in names:
        if name not in steps:
            raise CalibrationError(f"a step to skip ({', '.join(steps)})", repr(name), "name one of them")
    return frozenset(names)


def _usable(out: Path) -> Calibration | None:
    """The calibration in force, as far as it can be read."""
    try:
        return load(out)
    except CalibrationError:
        return None


def _since_last(result: Calibration, out: Path) -> list[str]:
    if not out.exists():
        return []
    try:
        return [line.words for line in differences(load(out), result) if line.words]
    except CalibrationError as error:
        return [str(error)]
