"""The live view: touch, field and map of what is on the board, with and without a calibration."""

from __future__ import annotations

import dataclasses
import json
import re
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console
from typer.testing import CliRunner

from calibration import Calibration, save
from calibration.screen.terminal import BALL
from calibration.screen.watching import BAR, LiveView, above_noise_db, balls_words, touch_bar, watch_frames
from calibration.stage.reference import TouchReference
from errors import LodestoneError
from lodestone.cli import build_app
from tests.calibration.conftest import BALL_MOMENT, RATE_HZ, dipole_mt


@dataclasses.dataclass(frozen=True)
class Frame:
    """What the view reads of a `sensors.Frame`."""

    time_s: float
    field_mt: Any
    temperature_c: Any
    valid: Any
    flags: Any


def frames(calibration: Calibration, place_mm: Any, seconds: float = 2.0, flags: int = 0) -> list[Frame]:
    """Half a second of the empty board, then a ball that lies there, 10 K warmer than at the calibration."""
    place, moment = np.array([place_mm]), np.array([[0.0, 0.0, BALL_MOMENT]])
    ball = dipole_mt(place, moment)[0]
    rest = calibration.rest
    made = []
    for number in range(round(seconds * RATE_HZ)):
        played = ball if number >= 0.5 * RATE_HZ else np.zeros((4, 3))
        made.append(
            Frame(
                number / RATE_HZ,
                rest.offset_mt + 10.0 * rest.tempco_mt_per_k + played,
                rest.temperature_c + 10.0,
                np.ones(4),
                np.full(4, flags, dtype=np.uint32),
            )
        )
    return made


def drawn(calibration: Calibration | None, shown: list[Frame], *, terminal: bool = True) -> str:
    screen = StringIO()
    console = Console(file=screen, force_terminal=terminal, width=140, color_system=None)
    watch_frames(console, shown, calibration)
    return screen.getvalue()


def test_the_touch_is_that_of_the_stage(calibration: Calibration) -> None:
    shown = frames(calibration, [-65.0, 0.0, 7.5])
    view, reference = LiveView(calibration), TouchReference(calibration)
    for number, frame in enumerate(shown):
        view.add(frame)
        wanted = reference.step(
            frame.field_mt, 1 / RATE_HZ if number else 0.0, temperature=frame.temperature_c
        )
    assert view.touch == pytest.approx(wanted, abs=1e-6)
    assert np.abs(view.touch[2]) > 0.3
    assert view.rate_hz == pytest.approx(RATE_HZ)


@pytest.mark.parametrize("with_calibration", [True, False])
def test_the_map_shows_the_ball_and_the_table_its_field(
    calibration: Calibration, with_calibration: bool
) -> None:
    shown = frames(calibration, [-65.0, 0.0, 7.5])
    z = shown[-1].field_mt[0, 2] - shown[0].field_mt[0, 2]
    screen = drawn(calibration if with_calibration else None, shown)
    last = screen.split("frames/s")[-2]
    assert BALL in last
    assert f"{z:+.3f}" in last or f"{z:+.2f}" in last
    where = re.search(r"a magnet at (-?\d+), (-?\d+) mm", last)
    assert where is not None
    assert np.hypot(float(where[1]) + 65.0, float(where[2])) < 10.0
    assert ("not calibrated" in screen) is not with_calibration
    assert "200.0 frames/s" in screen


def test_nothing_lies_on_an_empty_board(calibration: Calibration) -> None:
    shown = frames(calibration, [-65.0, 0.0, 7.5], seconds=0.5)
    screen = drawn(calibration, shown)
    assert BALL not in screen
    assert "no one or two magnets" in screen


def test_a_sensor_that_is_lost_is_named(calibration: Calibration) -> None:
    assert "lost" in drawn(None, frames(calibration, [0.0, 0.0, 7.5], flags=1))
    assert "lost" not in drawn(None, frames(calibration, [0.0, 0.0, 7.5]))


def test_a_line_a_second_where_there_is_no_terminal(calibration: Calibration) -> None:
    lines = drawn(calibration, frames(calibration, [0.0, 65.0, 7.5], 3.0), terminal=False).splitlines()
    assert len(lines) == 3
    assert "sensor 2 z" in lines[-1]
    assert "touch" in lines[-1]
    assert "touch" not in drawn(None, frames(calibration, [0.0, 65.0, 7.5]), terminal=False)


def test_a_recording_may_begin_again(calibration: Calibration) -> None:
    shown = frames(calibration, [0.0, 65.0, 7.5], 1.0)
    view = LiveView(calibration)
    for frame in [*shown, *shown]:
        view.add(frame)
    assert view.rate_hz == pytest.approx(RATE_HZ)


def test_before_the_first_frame_there_is_something_to_see() -> None:
    console = Console(file=StringIO(), width=80)
    console.print(LiveView().picture())
    assert "waiting for frames" in console.file.getvalue()  # type: ignore[attr-defined]


def test_bars_and_words() -> None:
    assert touch_bar(0.0).plain == " " * BAR + "│" + " " * BAR
    assert touch_bar(0.5).plain == " " * BAR + "│" + "█" * (BAR // 2) + " " * (BAR // 2)
    assert touch_bar(-1.0).plain == "█" * BAR + "│" + " " * BAR
    assert str(touch_bar(-0.9).style) == "red"
    assert above_noise_db(0.5, 0.005) == pytest.approx(40.0)
    assert above_noise_db(0.001, 0.005) == 0.0
    assert balls_words(np.array([[1.0, 2.0], [3.0, -4.0]])) == "magnets at 1, 2 mm and 3, -4 mm"


def lodestone(*arguments: str) -> Any:
    return CliRunner().invoke(build_app(), ["calibration", "watch", *arguments])


def test_the_command_watches_any_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    looked = lodestone("--bus", "sim:free-play?seed=2", "--seconds", "4", "--speed", "0")
    assert looked.exit_code == 0
    assert len(looked.stdout.splitlines()) == 4
    assert "touch" not in looked.stdout
    path = str(tmp_path / "lodestone.calibration.json")
    made = CliRunner().invoke(
        build_app(), ["calibrate", "--simulate", "--seed", "2", "--out", path, "--json"]
    )
    assert json.loads(made.stdout)["verdict"]["level"] == "ready"
    assert "touch" in lodestone("--simulate", "--seed", "2", "--seconds", "2", "--speed", "0").stdout


def test_the_command_tells_whose_calibration_it_is(
    calibration: Calibration, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one in force of another board is left aside, one that was named is refused."""
    monkeypatch.chdir(tmp_path)
    path = save(calibration, tmp_path / "lodestone.calibration.json")
    aside = lodestone("--simulate", "--seconds", "1", "--speed", "0")
    assert aside.exit_code == 0
    assert "without a calibration: wanted the board of this calibration" in aside.output
    named = lodestone(str(path), "--simulate", "--seconds", "1", "--speed", "0")
    assert named.exit_code == 1
    assert isinstance(named.exception, LodestoneError)


@pytest.mark.parametrize("arguments", [[], ["--simulate", "--bus", "sim:empty"], ["--bus", "teapot:1"]])
def test_a_wrong_source_is_one_line(arguments: list[str]) -> None:
    run = lodestone(*arguments)
    assert run.exit_code == 1
    assert isinstance(run.exception, LodestoneError)
    assert "\n" not in str(run.exception)
