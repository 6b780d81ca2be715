"""Where the magnets are, drawn while one plays: close enough to look at, and quick."""

from __future__ import annotations

from io import StringIO
from types import SimpleNamespace

import numpy as np
import pytest
from rich.console import Console

from calibration.board_model import ball_moment, dipole_mt
from calibration.capture.procedure import FREE_PLAY
from calibration.capture.spot_steps import spot_steps
from calibration.capture.steps import Choice
from calibration.screen.finder import Finder
from calibration.screen.seen import Seen, beside_words
from calibration.screen.terminal import BALL, TerminalWatcher, board_map
from tests.support.proof.boards import ImperfectBoard

BOARD = ImperfectBoard(3)


def felt(places: np.ndarray, poles: np.ndarray) -> np.ndarray:
    """[4, 3] what an imperfect board shows of 15 mm balls."""
    moments = ball_moment(15.0) * poles / np.linalg.norm(poles, axis=1, keepdims=True)
    return BOARD.mounting.shows(dipole_mt(places, moments, BOARD.mounting.points_mm()).sum(axis=0))


@pytest.mark.parametrize("ball_mm", [15.0, None])
def test_a_rolling_ball_is_followed_on_a_board_that_is_not_calibrated(ball_mm: float | None) -> None:
    """Known or not, within a centimetre: gains are off by a tenth and turns by five degrees."""
    finder, errors = Finder(ball_mm), []
    for angle in np.linspace(0.0, 2.0 * np.pi, 60):
        place = np.array([[80.0 * np.cos(angle), 60.0 * np.sin(1.3 * angle), 7.5]])
        found = finder.look(felt(place, np.array([[0.3 * np.sin(angle), 0.2, 1.0]])))
        assert len(found) == 1
        errors.append(np.linalg.norm(found[0] - place[0, :2]))
    assert np.median(errors) < 4.0
    assert max(errors) < 10.0


def test_two_balls_are_found_within_a_few_looks() -> None:
    finder, counts = Finder(), []
    for angle in np.linspace(0.0, 1.0, 25):
        places = np.array([[70.0 * np.cos(angle), 70.0 * np.sin(angle), 7.5], [-60.0, -20.0, 7.5]])
        found = finder.look(felt(places, np.array([[0.0, 0.0, 1.0], [0.0, 0.3, 0.9]])))
        counts.append(len(found))
    assert counts[-1] == 2
    nearest = min(np.linalg.norm(order - places[:, :2], axis=1).max() for order in (found, found[::-1]))
    assert nearest < 20.0


def test_nothing_is_drawn_where_nothing_is_or_where_too_much_is() -> None:
    finder = Finder(15.0)
    assert len(finder.look(np.zeros((4, 3)))) == 0
    rng = np.random.default_rng(0)
    for _ in range(20):
        assert len(finder.look(rng.normal(0.0, 5.0, (4, 3)))) == 0


def test_the_map_shows_the_ball_where_it_lies() -> None:
    cells = np.zeros((4, 8, 2), dtype=bool)
    rows = board_map(cells, np.array([[0.0, 0.0], [-65.0, 0.0], [500.0, 0.0]])).plain.splitlines()
    assert rows[6][15] == BALL  # the centre
    assert rows[6][4] == BALL  # over attractor 1, left
    assert sum(row.count(BALL) for row in rows) == 2


def test_words_about_the_ball_and_its_mark() -> None:
    assert beside_words(np.empty((0, 2)), (0.0, 65.0)) == "no ball found yet"
    assert beside_words(np.array([[1.0, 64.0]]), (0.0, 65.0)) == "the ball is on its mark"
    assert beside_words(np.array([[46.0, 46.0]]), (0.0, 65.0)) == "a ball 50 mm beside its mark"


def test_a_known_spot_shows_where_the_ball_seems_to_lie() -> None:
    screen = StringIO()
    watcher = TerminalWatcher(Console(file=screen, force_terminal=True, width=140), ask=False, ball_mm=15.0)
    watcher.frame(spot_steps()[0], SimpleNamespace(time_s=0.0, field_mt=np.zeros((4, 3))))
    step = spot_steps()[2]  # ring 3, right, while the ball lies on ring 1, left
    field = felt(np.array([[-65.0, 0.0, 7.5]]), np.array([[0.0, 0.0, 1.0]]))
    assert watcher.begin(step) is Choice.GO
    for number in range(100):
        watcher.frame(step, SimpleNamespace(time_s=number * 0.01, field_mt=field))
    assert watcher.end(step, "heard") is Choice.GO
    assert BALL in screen.getvalue()
    assert "mm beside its mark" in screen.getvalue()


@pytest.mark.parametrize(("took_s", "wanted"), [(0.01, 20), (0.5, 4), (2.0, 2)])
def test_looking_leaves_time_for_the_frames(took_s: float, wanted: int) -> None:
    """On a slow machine balls are searched for less often; the ten pictures a second stay."""
    looked, now = [], [0.0]

    def look(played_mt: np.ndarray) -> np.ndarray:
        looked.append(played_mt)
        now[0] += took_s
        return np.empty((0, 2))

    seen = Seen(clock=lambda: now[0])
    seen.begin(FREE_PLAY)
    seen._finder.look = look  # type: ignore[method-assign]
    frames = [SimpleNamespace(time_s=0.005 * k, field_mt=np.ones((4, 3))) for k in range(1600)]
    shown = sum(seen.frame(FREE_PLAY, frame) for frame in frames)
    assert shown == pytest.approx(80, abs=2)
    assert len(looked) == pytest.approx(wanted, abs=1)
