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
from calibration.assemble import fit
from calibration.procedure import EMPTY, FREE_PLAY, SELF_CHECK, Step, record
from calibration.recording import FROZEN, LOST, SATURATED_AXES, check_recording

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
    """Remembers what was begun and what came of it; repeats a refused step `patience` times."""

    def __init__(self, patience: int = 0) -> None:
        self.patience = patience
        self.begun: list[str] = []
        self.words: list[str] = []

    def begin(self, step: Step) -> None:
        self.begun.append(step.name)

    def frame(self, step: Step, frame: Any) -> None:
        pass

    def end(self, step: Step, words: str) -> None:
        self.words.append(words)

    def again(self, step: Step, error: CalibrationError) -> bool:
        self.patience -= 1
        return self.patience >= 0


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


def test_the_known_spots_are_asked_one_by_one(make_board: Any) -> None:
    board, places = make_board(), []

    def open_step(step: Step) -> Any:
        if step.place_mm is not None:
            places.append((step.place_mm, step.mark_up))
        played = board.played(PLAY_S + 1) if step.name == FREE_PLAY.name else board.empty(step.seconds + 0.1)
        return contextlib.nullcontext(Source(played))

    session = record(open_step, Silent(), play_seconds=PLAY_S, ball_mm=15.0)
    assert len(places) == len(set(places)) == 16
    assert session.spots is not None
    assert session.spots.places_mm[:, 2] == pytest.approx(np.full(16, 7.5))
    assert np.abs(session.spots.field_mt).max() < 0.01
