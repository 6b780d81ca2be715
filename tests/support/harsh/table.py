"""Boards against each other, faults against the verdict: what `python -m bench.harsh_calibration` prints."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cache

import numpy as np

from calibration.assemble import fit, verdict_of
from calibration.capture.self_check import self_check
from calibration.errors import CalibrationError
from calibration.fitting.evening import played_field
from calibration.judging.finding import CARE, READY, STOP
from calibration.model import Array, Calibration
from calibration.stage.reference import static_touch
from tests.support.harsh.boards import Board, Workshop
from tests.support.harsh.faults import FAULTS, Fault
from tests.support.harsh.hands import Hand, hand
from tests.support.told_mounting import told_mounting

WARMER_K, EVERY = 15.0, 4
GIG, HANDS = 4242, 1000


@cache
def empty_hand() -> Hand:
    return hand(5, 5.0)


@cache
def gig(box: int) -> Hand:
    """What is played on all boards, with the magnets of this box."""
    return hand(GIG, 20.0, alone_s=0.0, box=box)


def touch(calibration: Calibration, board: Board, box: int) -> Array:
    """[N, 12] of the gig, 15 K warmer."""
    recording = board.record(gig(box), "gig", kelvin=WARMER_K, every=EVERY, stream=3)
    played = played_field(recording, calibration.rest, calibration.correction, calibration.carry)
    return static_touch(played, calibration.response)


def rms(one: Array, other: Array) -> float:
    """Part of the reach."""
    return float(np.sqrt(np.mean((one - other) ** 2)))


@dataclass
class Row:
    """One kind of boards: touch of each after free play and after spots, verdicts, errors after spots."""

    name: str
    play: list[Array] = field(default_factory=list)
    spots: list[Array] = field(default_factory=list)
    not_ready: list[str] = field(default_factory=list)
    refused: int = 0
    gain: list[float] = field(default_factory=list)
    place_mm: list[float] = field(default_factory=list)

    def line(self) -> str:
        """Of the table."""
        return (
            f"{self.name:<34}{len(self.play):>4}  {_spread(self.play):>16}  {_spread(self.spots):>16}"
            f"  {100 * np.median(self.gain):.2f}/{100 * max(self.gain):.2f} %"
            f"  {np.median(self.place_mm):.2f}/{max(self.place_mm):.2f} mm  {len(self.not_ready)}"
        )


HEAD = f"{'boards':<34}{'n':>4}  {'free play':>16}  {'known spots':>16}  gain         place        not ready"


def _spread(touches: list[Array]) -> str:
    """Over all pairs: rms, and the worst pair."""
    flat = np.array([each.ravel() for each in touches], dtype=np.float32)
    products = flat @ flat.T / flat.shape[1]
    size = np.diag(products)
    pairs = np.maximum(size[:, None] + size[None] - 2.0 * products, 0.0)[np.triu_indices(len(flat), 1)]
    return f"{100 * np.sqrt(pairs.mean()):.2f}/{100 * np.sqrt(pairs.max()):.2f} %"


def compare(name: str, workshop: Workshop, count: int, *, box: int = 0, alone_s: float = 12.0) -> Row:
    """`count` boards out of this workshop, each calibrated by another hand, without and with known spots."""
    row = Row(name)
    for seed in range(count):
        add_board(row, workshop, seed, box=box, alone_s=alone_s)
    return row


def add_board(row: Row, workshop: Workshop, seed: int, *, box: int = 0, alone_s: float = 12.0) -> None:
    """One more board out of this workshop."""
    board = Board(seed, workshop)
    session = board.session(empty_hand(), hand(HANDS + seed, 38.0 + alone_s, alone_s, box), spots=True)
    by_play, by_spots = (
        fit(given, board="harsh", magnet_set="") for given in (replace(session, spots=None), session)
    )
    row.play.append(touch(by_play, board, box))
    row.spots.append(touch(by_spots, board, box))
    judged = verdict_of(by_play)
    if judged is not None and judged[1].level != READY:
        row.not_ready.append(judged[1].words)
        row.refused += judged[1].level == STOP
    mounting = told_mounting(by_spots)
    row.gain.append(float(np.abs(mounting.gain / board.mounting.gain - 1.0).max()))
    row.place_mm.append(float(np.abs(mounting.shift_mm - board.mounting.shift_mm).max()))


@dataclass(frozen=True)
class Outcome:
    """Of one fault: the verdict, its words, the change of touch (None where nothing can be played)."""

    fault: Fault
    level: str
    words: str
    change: float | None

    @property
    def named(self) -> bool:
        """Whether the verdict names the cause."""
        return self.level != READY and any(word in self.words for word in self.fault.words)

    @property
    def deceives(self) -> bool:
        """Whether it is called ready and changes touch by more than 5 % rms."""
        return self.level == READY and self.change is not None and self.change > 0.05

    def line(self) -> str:
        """Of the table."""
        mark = "FALSE READY" if self.deceives else "" if self.named or self.level == READY else "cause?"
        change = "      " if self.change is None else f"{100 * self.change:5.1f}%"
        return f"{self.fault.name:<48}{change}  {self.level:<15}{mark:<12}{self.words[:110]}"


def try_faults(seed: int, workshop: Workshop, faults: tuple[Fault, ...] = FAULTS) -> Iterator[Outcome]:
    """Each fault on a board of its own, free play only."""
    for number, fault in enumerate(faults):
        yield try_fault(fault, seed + number, workshop)


def try_fault(fault: Fault, seed: int, workshop: Workshop) -> Outcome:
    """The verdict on one broken board after free play; touch against the same board in order."""
    box = seed % 4
    play = hand(HANDS + seed, 50.0, 12.0, box)
    workshop = replace(workshop, poles_follow=True)  # a stack turns the marbles over it
    broken, healthy = Board(seed, workshop), Board(seed, workshop)
    fault.breaks(broken)
    session = broken.session(empty_hand(), play, spots=False)
    try:
        assert session.empty is not None
        self_check(session.empty, session.sensors)
        calibration = fit(session, board="harsh", magnet_set="")
    except CalibrationError as error:
        return Outcome(fault, STOP, str(error), None)
    judged = verdict_of(calibration)
    assert judged is not None
    right = fit(healthy.session(empty_hand(), play, spots=False), board="harsh", magnet_set="")
    change = rms(touch(calibration, broken, box), touch(right, healthy, box))
    words = "; ".join(finding.cause for finding in judged[1].findings)
    return Outcome(fault, judged[1].level, words, change)


def summary(outcomes: list[Outcome]) -> str:
    """One line for all faults."""
    named = sum(each.named for each in outcomes)
    ready = sum(each.level == READY for each in outcomes)
    deceived = sum(each.deceives for each in outcomes)
    return (
        f"{len(outcomes)} faults: {deceived} change touch by > 5 % rms and are ready (wanted 0); "
        f"{ready} ready in all; cause named in {named} ({100 * named / len(outcomes):.0f} %, wanted ≥ 80 %)"
    )


Progress = Callable[[str], None]
LEVELS = (READY, CARE, STOP)
