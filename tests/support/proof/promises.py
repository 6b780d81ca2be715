"""What bench/calibration_proof.py prints: calibration's promises, measured on many imperfect boards."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from calibration.assemble import fit, verdict_of
from calibration.board_model import Mounting, ball_moment, dipole_mt
from calibration.capture.procedure import Session
from calibration.errors import CalibrationError
from calibration.fitting.evening import played_field
from calibration.fitting.localise import locate
from calibration.judging.verdict import CARE, READY, STOP
from calibration.model import AXES, SENSORS, Array, Calibration, Response, Rest
from calibration.stage.reference import static_touch
from calibration.stretch import Recording
from tests.support.proof.boards import NOISE_MT, STEP_MT, TOLERANCE_MM, ImperfectBoard, Stage, boards
from tests.support.proof.twins import no_better_than
from tests.support.told_mounting import told_mounting

WARMER_K = 15.0
GESTURE = "first-sound"
EVERY = 4  # frames of the compared touch: 50 a second are enough
BALL_MOMENT = ball_moment(15.0)
GAIN_WITHIN = 0.01


@dataclass(frozen=True)
class Spread:
    """Root mean square difference of touch between two boards: over all pairs, 95th percentile, worst."""

    rms: float
    p95: float
    worst: float

    @classmethod
    def of(cls, touches: Array) -> Spread:
        """From the touch of every board, [B, N]."""
        products = touches @ touches.T / touches.shape[1]
        size = np.diag(products)
        square = np.maximum(size[:, None] + size[None, :] - 2.0 * products, 0.0)
        pairs = square[np.triu_indices(len(touches), 1)]
        distance = np.sqrt(pairs)
        return cls(float(np.sqrt(pairs.mean())), float(np.quantile(distance, 0.95)), float(distance.max()))


@dataclass(frozen=True)
class Proof:
    """Worst values over all boards unless said otherwise; parts of the reach are 0..1.

    Attributes:
        verdicts: how many of the boards, which are all healthy, got each verdict after free play.
        after_play, after_spots: touch of the same gesture, board against board.
        offset_in_errors: part of all axes whose offset lies within 3 standard errors.
        gain, rotation_deg, height_mm: error after known spots.
        gain_within: part of all axes whose gain is found to GAIN_WITHIN.
        drift: of the rest over a warming of 15 K, part of the reach.
        ball_mm, ball_p90_mm: one ball located, median and 90th percentile over all boards.
        no_better: what a board at the end of the tolerance must differ by from a perfect one for some
            play, whatever is made of its fields (`tests.support.proof.twins`).
    """

    boards: int
    verdicts: dict[str, int]
    after_play: Spread
    after_spots: Spread
    offset_in_errors: float
    gain: float
    gain_within: float
    rotation_deg: float
    height_mm: float
    drift: float
    ball_mm: float
    ball_p90_mm: float
    no_better: float

    def plain(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)

    def lines(self) -> list[str]:
        """A table for a reader."""

        def spread(name: str, value: Spread, limit: str) -> str:
            parts = (
                f"{100 * value.rms:.2f} % rms, {100 * value.p95:.2f} % p95, {100 * value.worst:.2f} % worst"
            )
            return f"{name:<44}{parts}  (wanted {limit})"

        return [
            f"{self.boards} boards, all healthy: "
            + ", ".join(f"{number} {level}" for level, number in self.verdicts.items())
            + f"  (wanted 0 {STOP})",
            spread("touch, board against board, after free play", self.after_play, "≤ 8 %"),
            spread("touch, board against board, after spots", self.after_spots, "≤ 2 %"),
            f"{'no calibration below this for all play':<44}{100 * self.no_better:.2f} %",
            f"{'offsets within 3 standard errors':<44}{100 * self.offset_in_errors:.2f} %  (wanted ≥ 99 %)",
            f"{'gain after spots, worst':<44}{100 * self.gain:.2f} %  (wanted ≤ 1 %)",
            f"{'gain after spots within 1 %':<44}{100 * self.gain_within:.1f} % of the axes",
            f"{'rotation after spots, worst':<44}{self.rotation_deg:.2f} degrees  (wanted ≤ 0.5)",
            f"{'height after spots, worst':<44}{self.height_mm:.3f} mm",
            f"{'drift over 15 K, worst':<44}{100 * self.drift:.3f} % of reach  (wanted ≤ 0.5 %)",
            f"{'one ball located, median':<44}{self.ball_mm:.2f} mm  (wanted ≤ 1 mm)",
            f"{'one ball located, 90 % within':<44}{self.ball_p90_mm:.2f} mm",
        ]


@dataclass(frozen=True)
class _Outcome:
    """One board's part of the proof."""

    verdict: str
    play_touch: npt.NDArray[np.float32]
    spots_touch: npt.NDArray[np.float32]
    offset_errors: Array
    gain: Array
    rotation_deg: float
    height_mm: float
    drift: float
    ball_mm: Array
    response: Response


def prove(
    count: int,
    progress: Callable[[int], None] | None = None,
    balls: int = 3,
    *,
    gesture: str = GESTURE,
    tolerance_mm: float = TOLERANCE_MM,
) -> Proof:
    """Calibrates `count` boards without and with known spots and compares what they then play.

    Args:
        balls: how many balls are located on each.
        gesture: what is played on all of them: a name or a file, as for `sim:`.
        tolerance_mm: how much too high or too low their sensors sit at most.
    """
    if not 0.0 <= tolerance_mm <= TOLERANCE_MM:
        wanted, got = f"a height tolerance of 0 to {TOLERANCE_MM:g} mm", f"{tolerance_mm:g} mm"
        raise CalibrationError(wanted, got, "give one of these")
    stages = _stages(gesture)
    outcomes = []
    for board in boards(count, tolerance_mm):
        outcomes.append(_outcome(board, stages, balls))
        if progress is not None:
            progress(len(outcomes))
    located = np.concatenate([outcome.ball_mm for outcome in outcomes])
    offsets = np.concatenate([outcome.offset_errors for outcome in outcomes])
    gains = np.concatenate([outcome.gain for outcome in outcomes])
    return Proof(
        boards=count,
        verdicts={
            level: sum(outcome.verdict == level for outcome in outcomes) for level in (READY, CARE, STOP)
        },
        after_play=Spread.of(np.array([outcome.play_touch for outcome in outcomes])),
        after_spots=Spread.of(np.array([outcome.spots_touch for outcome in outcomes])),
        offset_in_errors=float(np.mean(offsets <= 3.0)),
        gain=float(gains.max()),
        gain_within=float(np.mean(gains <= GAIN_WITHIN)),
        rotation_deg=max(outcome.rotation_deg for outcome in outcomes),
        height_mm=max(outcome.height_mm for outcome in outcomes),
        drift=max(outcome.drift for outcome in outcomes),
        ball_mm=float(np.median(located)),
        ball_p90_mm=float(np.quantile(located, 0.9)),
        no_better=no_better_than(tolerance_mm, lambda field: static_touch(field, outcomes[0].response)),
    )


@dataclass(frozen=True)
class _Stages:
    empty: Stage
    free_play: Stage
    gesture: Stage


@cache
def _stages(gesture: str) -> _Stages:
    return _Stages(Stage("empty", 5.0), Stage("free-play"), Stage(gesture))


def _outcome(board: ImperfectBoard, stages: _Stages, balls: int) -> _Outcome:
    session = board.session(stages.empty, stages.free_play, spots=True)
    by_play, by_spots = (_calibrated(given) for given in (replace(session, spots=None), session))
    mounting = told_mounting(by_spots)
    gesture = board.record(stages.gesture, WARMER_K, stream=2)
    warm = board.record(stages.empty, WARMER_K, play=False, stream=3)
    left = np.median(_played(warm, by_spots), axis=0)
    judged = verdict_of(by_play)
    assert judged is not None
    gain = np.abs(mounting.gain / board.mounting.gain - 1.0)
    return _Outcome(
        verdict=judged[1].level,
        play_touch=_touch(gesture, by_play),
        spots_touch=_touch(gesture, by_spots),
        offset_errors=_offset_errors(board, stages, by_spots.rest),
        gain=gain.ravel(),
        rotation_deg=board.rotation_error_deg(mounting),
        height_mm=float(np.abs(mounting.height_mm - board.mounting.height_mm).max()),
        drift=float(np.abs(left / by_spots.response.reach_mt).max()),
        ball_mm=_ball_errors(board, by_spots.rest, mounting, balls),
        response=by_spots.response,
    )


def _calibrated(session: Session) -> Calibration:
    """What a player gets."""
    return fit(session, board="proof", magnet_set="tonight's")


def _played(recording: Recording, calibration: Calibration) -> Array:
    return played_field(recording, calibration.rest, calibration.correction, calibration.carry)


def _touch(recording: Recording, calibration: Calibration) -> npt.NDArray[np.float32]:
    """Every fourth frame's twelve touches, one after another."""
    touch = static_touch(_played(recording, calibration)[::EVERY], calibration.response)
    return touch.ravel().astype(np.float32)


def _offset_errors(board: ImperfectBoard, stages: _Stages, rest: Rest) -> Array:
    """|found - true| of each axis in standard errors of a median of that many readings."""
    _, static = stages.empty.at(board.mounting.height_mm)
    true = board.mounting.shows(static + board.ambient_mt) + board.offset_mt
    sigma = np.sqrt(NOISE_MT**2 + STEP_MT**2 / 12.0 + 0.5 * board.hum_mt**2)
    error = np.sqrt(np.pi / 2.0) * sigma / np.sqrt(len(stages.empty.time_s))
    return np.asarray(np.abs(rest.offset_mt - true) / error).ravel()


def _ball_errors(board: ImperfectBoard, rest: Rest, mounting: Mounting, balls: int) -> Array:
    """Distances [balls] between where a ball lies and where it is found, with the fitted mounting."""
    rng = np.random.default_rng([board.seed, 4])
    points = mounting.points_mm()
    errors = []
    for _ in range(balls):
        radius, angle = 100.0 * np.sqrt(rng.uniform()), rng.uniform(0.0, 2.0 * np.pi)
        place = np.array([radius * np.cos(angle), radius * np.sin(angle), 7.5])
        pole = rng.standard_normal(AXES)
        moment = BALL_MOMENT * pole / np.linalg.norm(pole)
        shown = board.mounting.shows(dipole_mt(place, moment, board.mounting.points_mm()))
        shown = shown + rng.normal(0.0, NOISE_MT, shown.shape)
        field = (mounting.correction() @ shown.ravel()).reshape(SENSORS, AXES)
        noise = float(rest.noise_mt.max())
        found = locate(field, points, moment=BALL_MOMENT, noise_mt=noise, height_mm=7.5)
        errors.append(np.linalg.norm(found.position_mm[0] - place))
    return np.array(errors)
