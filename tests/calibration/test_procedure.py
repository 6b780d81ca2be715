"""The procedure step by step: what it asks for, what it refuses and how it says so."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from calibration import Calibration, CalibrationError, Recording
from calibration.assemble import fit, verdict_of
from calibration.board_model import Mounting, ball_moment, dipole_mt
from calibration.capture.procedure import EMPTY, FREE_PLAY, SELF_CHECK, record
from calibration.capture.steps import Choice, Step, identities
from calibration.judging.verdict import CARE
from calibration.stretch import FROZEN, LOST, SATURATED_AXES, check_recording
from errors import LodestoneError

PLAY_S = 20.0


class Source:
    """A recording played back as frames."""

    def __init__(self, recording: Recording, serial: int = 46700) -> None:
        settings = {"chip": "mlx90393", "address": 12, "gain_sel": 3, "resolution": [2, 2, 2]}
        self._recording = recording
        self.info = {
            "spec": "test:",
            "sensors": [settings] * 4,
            "identity": [serial] * 4,
            "full_scale_mt": [[49.0, 49.0, 79.0]] * 4,
        }

    def __iter__(self) -> Iterator[Any]:
        fields = [f.name for f in dataclasses.fields(Recording)]
        for row in range(self._recording.frames):
            yield SimpleNamespace(**{name: getattr(self._recording, name)[row] for name in fields})


class Silent:
    """Remembers what was begun and what came of it; repeats a refused step `patience` times.

    `skip` names steps to leave out, `once_more` steps to do twice; `skip_refused` leaves out what is refused.
    """

    def __init__(
        self,
        patience: int = 0,
        skip: tuple[str, ...] = (),
        once_more: tuple[str, ...] = (),
        skip_refused: bool = False,
    ) -> None:
        self.patience, self.skip, self.once_more = patience, skip, list(once_more)
        self.skip_refused = skip_refused
        self.begun: list[str] = []
        self.words: list[str] = []
        self.errors: list[str] = []

    def begin(self, step: Step) -> Choice:
        if step.name in self.skip:
            return Choice.SKIP
        self.begun.append(step.name)
        return Choice.GO

    def frame(self, step: Step, frame: Any) -> None:
        pass

    def end(self, step: Step, words: str) -> Choice:
        self.words.append(words)
        if step.name not in self.once_more:
            return Choice.GO
        self.once_more.remove(step.name)
        return Choice.REPEAT

    def again(self, step: Step, error: CalibrationError) -> Choice:
        self.errors.append(str(error))
        self.patience -= 1
        if self.patience >= 0:
            return Choice.REPEAT
        return Choice.SKIP if self.skip_refused else Choice.STOP


def run(
    board: Any, change: Callable[[str, Recording], Recording] | None = None, **source: Any
) -> Calibration:
    def open_step(step: Step) -> Any:
        recording = (
            board.played(PLAY_S + 1) if step.name == FREE_PLAY.name else board.empty(step.seconds + 0.1)
        )
        return contextlib.nullcontext(Source(change(step.name, recording) if change else recording, **source))

    session = record(open_step, Silent(), play_seconds=PLAY_S)
    return fit(session, board="test", magnet_set="one ball")


def test_three_steps_make_a_calibration(make_board: Any) -> None:
    result = run(make_board())
    assert result.sensors[2].settings == {
        "gain_sel": 3,
        "resolution_x": 2,
        "resolution_y": 2,
        "resolution_z": 2,
    }
    assert result.frame_rate_hz == 200.0
    assert result.rest.offset_mt == pytest.approx(make_board().offset_mt, abs=3 * 0.005 / np.sqrt(1000))
    assert result.play.seconds == pytest.approx(PLAY_S, abs=0.02)


def test_steps_come_in_order(make_board: Any) -> None:
    watcher, board = Silent(), make_board()
    steps = {SELF_CHECK.name: 3.1, EMPTY.name: 5.1}

    def open_step(step: Step) -> Any:
        seconds = steps.get(step.name)
        return contextlib.nullcontext(Source(board.empty(seconds) if seconds else board.played(PLAY_S + 1)))

    record(open_step, watcher, play_seconds=PLAY_S)
    assert watcher.begun == [SELF_CHECK.name, EMPTY.name, FREE_PLAY.name]
    assert len(watcher.words) == 3


def changed(step: str, **change: Callable[[np.ndarray], np.ndarray]) -> Callable[[str, Recording], Recording]:
    """Changes arrays of one step's recording."""

    def apply(name: str, recording: Recording) -> Recording:
        if name != step:
            return recording
        parts = {key: action(getattr(recording, key).copy()) for key, action in change.items()}
        return dataclasses.replace(recording, **parts)

    return apply


def put(where: Any, value: Any) -> Callable[[np.ndarray], np.ndarray]:
    def action(array: np.ndarray) -> np.ndarray:
        array[where] = value
        return array

    return action


def slide(array: np.ndarray) -> np.ndarray:
    array[:, 1, 0] += np.linspace(0, 0.5, len(array))
    return array


REFUSED = {
    "silent": (changed(SELF_CHECK.name, flags=put((slice(None), 2), LOST)), "sensor 3 .* to answer"),
    "frozen": (changed(SELF_CHECK.name, flags=put((slice(None), 0), FROZEN)), "sensor 1 .* to answer"),
    "constant": (changed(SELF_CHECK.name, field_mt=put((slice(None), 1, 2), 3.0)), "one value only on z"),
    "at a rail": (
        changed(SELF_CHECK.name, flags=put((slice(None), 1), SATURATED_AXES[2])),
        "sensor 2 .* z at the end of its range",
    ),
    "cold": (changed(SELF_CHECK.name, temperature_c=put(..., -3.0)), "-3 °C"),
    "moving": (changed(EMPTY.name, field_mt=slide), "sensor 2 x moving"),
    "lost while empty": (changed(EMPTY.name, valid=put((slice(0, 300), 3), 0.5)), "sensor 4 silent"),
    "stuck while empty": (changed(EMPTY.name, field_mt=put((slice(None), 3, 1), 0.25)), "sensor 4 y"),
    "nothing played": (changed(FREE_PLAY.name, field_mt=lambda f: f[:1] + 0.0 * f), "moved only"),
    "nan": (changed(FREE_PLAY.name, field_mt=put((100, 0, 0), np.nan)), "not a number at 0.50 s"),
    "backwards": (changed(FREE_PLAY.name, time_s=put(200, 0.1)), "time that stands or runs back"),
    "gap": (changed(FREE_PLAY.name, valid=put((slice(100, 3000), 0), 0.0)), "sensor 1 silent"),
}


@pytest.mark.parametrize("fault", REFUSED)
def test_what_cannot_be_trusted_is_refused_in_one_line(make_board: Any, fault: str) -> None:
    change, words = REFUSED[fault]
    with pytest.raises(CalibrationError, match=words) as caught:
        run(make_board(), change)
    assert "\n" not in str(caught.value)


def test_a_sensor_without_identity_is_refused(make_board: Any) -> None:
    with pytest.raises(CalibrationError, match="serial"):
        run(make_board(), serial=0)


@pytest.mark.parametrize(
    "changed",
    [
        {"sensors": None},
        {"identity": None},
        {"full_scale_mt": None},
        {"sensors": [{"chip": "mlx90393"}] * 4},
        {"identity": [1, 2]},
        {"full_scale_mt": [[49.0] * 2] * 4},
        {"sensors": "four", "identity": ["x"] * 4},
        {"identity": [1e999] * 4},
    ],
)
def test_a_source_that_does_not_tell_its_sensors_is_one_line(changed: dict[str, Any]) -> None:
    info = {**Source(Recording(*[np.zeros(0)] * 5)).info, **changed}
    told = {key: value for key, value in info.items() if value is not None}
    with pytest.raises(CalibrationError, match="tells which 4 sensors it reads"):
        identities(told)


def test_a_recording_too_short_is_refused(make_board: Any) -> None:
    def open_step(step: Step) -> Any:
        return contextlib.nullcontext(Source(make_board().empty(3.1)))

    with pytest.raises(CalibrationError, match="at least 10 s of free play"):
        record(open_step, Silent())


def test_no_frames_and_wrong_shapes_are_refused(make_board: Any) -> None:
    with pytest.raises(CalibrationError, match="none"):
        record(lambda step: contextlib.nullcontext(Source(make_board().empty(0.0))), Silent())
    empty = make_board().empty(1.0)
    with pytest.raises(CalibrationError, match="4 sensors"):
        check_recording(dataclasses.replace(empty, field_mt=empty.field_mt[:, :3]))


def test_a_refused_step_can_be_repeated(make_board: Any) -> None:
    """A hand over the empty board once, then gone: only that step comes again."""
    board, tries = make_board(), iter([True, False])

    def open_step(step: Step) -> Any:
        if step.name == FREE_PLAY.name:
            return contextlib.nullcontext(Source(board.played(PLAY_S + 1)))
        recording = board.empty(step.seconds + 0.1)
        if step.name == EMPTY.name and next(tries):
            recording = dataclasses.replace(recording, field_mt=slide(recording.field_mt.copy()))
        return contextlib.nullcontext(Source(recording))

    watcher = Silent(patience=1)
    record(open_step, watcher, play_seconds=PLAY_S)
    assert watcher.begun == [SELF_CHECK.name, EMPTY.name, EMPTY.name, FREE_PLAY.name]
    assert len(watcher.words) == 3


def ball_on(step: Step, board: Any) -> Recording:
    """A 15 mm ball that lies on the step's spot."""
    assert step.place_mm is not None
    place = np.array([[*step.place_mm, 7.5]])
    moment = np.array([[0.0, 0.0, ball_moment(15.0) * (1 if step.mark_up else -1)]])
    field = dipole_mt(place, moment, Mounting().points_mm())
    return board.record(np.tile(field, (round((step.seconds + 0.1) * 200), 1, 1)))


def evening(board: Any) -> Callable[[Step], Any]:
    """Every step as it should be."""

    def open_step(step: Step) -> Any:
        if step.place_mm is not None:
            return contextlib.nullcontext(Source(ball_on(step, board)))
        played = board.played(PLAY_S + 1) if step.name == FREE_PLAY.name else board.empty(step.seconds + 0.1)
        return contextlib.nullcontext(Source(played))

    return open_step


def test_the_known_spots_are_asked_one_by_one(make_board: Any) -> None:
    watcher = Silent(skip=("known spot 3 of 16",))
    session = record(evening(make_board()), watcher, play_seconds=PLAY_S, ball_mm=15.0)
    assert [name for name in watcher.begun if "spot" in name] == [
        f"known spot {number} of 16" for number in range(1, 17) if number != 3
    ]
    assert session.spots is not None
    assert len(session.spots.places_mm) == 15
    assert session.spots.places_mm[:, 2] == pytest.approx(np.full(15, 7.5))
    assert np.abs(session.spots.field_mt).max() > 1.0


def test_a_spot_that_does_not_fit_is_asked_again_alone_or_left_out(make_board: Any) -> None:
    """The ball lies on the wrong spot, twice; then the player leaves that one out."""
    board = make_board()
    well = evening(board)

    def open_step(step: Step) -> Any:
        if step.name == "known spot 2 of 16":
            step = dataclasses.replace(step, place_mm=(0.0, -65.0))
        return well(step)

    watcher = Silent(patience=1, skip_refused=True)
    session = record(open_step, watcher, play_seconds=PLAY_S, ball_mm=15.0)
    assert session.spots is not None
    assert len(session.spots.places_mm) == 15
    spots = [name for name in watcher.begun if "spot" in name]
    assert (len(spots), spots[-1]) == (17, "known spot 2 of 16")
    assert all("beside its mark" in words for words in watcher.errors)


def test_the_spot_before_is_done_once_more_and_each_says_how_well_it_fits(make_board: Any) -> None:
    class Careful(Silent):
        def begin(self, step: Step) -> Choice:
            back = step.name == "known spot 9 of 16" and self.begun.count("known spot 8 of 16") == 1
            return Choice.BACK if back else super().begin(step)

    watcher = Careful()
    session = record(evening(make_board()), watcher, play_seconds=PLAY_S, ball_mm=15.0)
    spots = [int(name.split()[2]) for name in watcher.begun if "spot" in name]
    assert spots == [*range(1, 9), 8, *range(9, 17)]
    assert session.spots is not None
    assert len(session.spots.places_mm) == 16
    said = [words for words in watcher.words if "heard" in words]
    assert said[0] == "heard"
    assert all("mm beside" in words and "% unexplained" in words for words in said[5:])


def test_what_cannot_be_skipped_is_not_offered(make_board: Any) -> None:
    class Asked(Silent):
        def begin(self, step: Step) -> Choice:
            offered[step.name] = step.may_skip
            return super().begin(step)

    offered: dict[str, bool] = {}
    record(evening(make_board()), Asked(), play_seconds=PLAY_S)
    assert offered == {SELF_CHECK.name: True, EMPTY.name: False, FREE_PLAY.name: True}


def test_any_step_can_be_done_once_more(make_board: Any) -> None:
    names = (SELF_CHECK.name, EMPTY.name, FREE_PLAY.name, "known spot 1 of 16")
    watcher = Silent(once_more=names)
    record(evening(make_board()), watcher, play_seconds=PLAY_S, ball_mm=15.0)
    assert {name for name in watcher.begun if watcher.begun.count(name) == 2} == set(names)


def levelled(calibration: Calibration) -> str:
    judged = verdict_of(calibration)
    assert judged is not None
    return judged[1].level


@pytest.mark.parametrize(
    "skip", [(SELF_CHECK.name,), (EMPTY.name,), (FREE_PLAY.name,), (EMPTY.name, FREE_PLAY.name)]
)
def test_a_skipped_step_is_stood_in_for_by_the_last_calibration(
    make_board: Any, skip: tuple[str, ...]
) -> None:
    """Its rest and its reach stand, both are named, and the verdict is no better than care."""
    whole = dataclasses.replace(run(make_board()), created="2026-01-01T20:00:00Z")
    watcher = Silent(skip=skip)
    session = record(evening(make_board()), watcher, play_seconds=PLAY_S, last=whole)
    part = fit(session, board="test", magnet_set="", last=whole)
    if EMPTY.name in skip:
        assert part.rest is whole.rest
    if FREE_PLAY.name in skip:
        assert np.array_equal(part.response.reach_mt, whole.response.reach_mt)
    judged = verdict_of(part)
    assert judged is not None
    assert judged[1].level == CARE
    assert [finding.figure for finding in judged[1].findings].count("skipped") == len(skip)
    assert sum("2026-01-01" in finding.cause for finding in judged[1].findings) == len(
        set(skip) - {SELF_CHECK.name}
    )


def test_without_an_earlier_calibration_free_play_can_be_skipped_but_the_empty_board_cannot(
    make_board: Any,
) -> None:
    session = record(evening(make_board()), Silent(skip=(FREE_PLAY.name,)), play_seconds=PLAY_S)
    small, large = (fit(session, board="test", magnet_set="", ball_mm=size) for size in (10.0, 20.0))
    assert levelled(small) == levelled(large) == CARE
    assert (large.response.reach_mt > 2.0 * small.response.reach_mt).all()
    played = fit(record(evening(make_board()), Silent(), play_seconds=PLAY_S), board="test", magnet_set="")
    usual = fit(session, board="test", magnet_set="")
    assert 0.5 < np.median(usual.response.reach_mt / played.response.reach_mt) < 2.7
    with pytest.raises(CalibrationError, match="an earlier calibration, to skip the empty board"):
        record(evening(make_board()), Silent(skip=(EMPTY.name,)), play_seconds=PLAY_S)


def test_the_last_calibration_of_another_board_stands_in_for_nothing(make_board: Any) -> None:
    whole = run(make_board())
    other = dataclasses.replace(
        whole, sensors=tuple(dataclasses.replace(sensor, serial=1) for sensor in whole.sensors)
    )
    with pytest.raises(CalibrationError, match="another board"):
        record(evening(make_board()), Silent(skip=(EMPTY.name,)), play_seconds=PLAY_S, last=other)
    every = (SELF_CHECK.name, EMPTY.name, FREE_PLAY.name)
    with pytest.raises(CalibrationError, match="all of them skipped"):
        record(evening(make_board()), Silent(skip=every), play_seconds=PLAY_S, last=whole)


def test_known_spots_of_an_earlier_evening_stand(make_board: Any) -> None:
    """Magnets change from gig to gig, the mounting does not: without spots tonight the last ones count."""
    board = make_board()
    first = fit(record(evening(board), Silent(), play_seconds=PLAY_S, ball_mm=15.0), board="", magnet_set="")
    again = fit(record(evening(board), Silent(), play_seconds=PLAY_S), board="", magnet_set="", last=first)
    assert again.carry is first.carry
    assert np.array_equal(again.correction, first.correction)
    assert again.report["mounting_from"] == first.created


def test_another_board_between_two_steps_is_refused(make_board: Any) -> None:
    board = make_board()

    def open_step(step: Step) -> Any:
        serial = 46700 if step.name == SELF_CHECK.name else 46800
        return contextlib.nullcontext(Source(board.empty(step.seconds + 0.1), serial=serial))

    with pytest.raises(CalibrationError, match="same board in every step"):
        record(open_step, Silent())


def test_a_source_that_fails_refuses_its_step(make_board: Any) -> None:
    """A bus that is unplugged in the middle is a refused step, which can be repeated."""
    board, tries = make_board(), iter([True, False])
    well = evening(board)

    def open_step(step: Step) -> Any:
        if step.name == EMPTY.name and next(tries):
            raise LodestoneError("a bus", "nothing", "plug it in")
        return well(step)

    watcher = Silent(patience=1)
    record(open_step, watcher, play_seconds=PLAY_S)
    assert watcher.errors == ["wanted a bus, got nothing: plug it in"]
