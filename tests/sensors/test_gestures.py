"""Gestures: those that ship stay in range; motion is continuous; mistakes are told in one line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from files import FileError
from files.reading import toml_of
from sensors import SensorError
from sensors.simulation import World, gesture_names, load_gesture
from sensors.simulation.gesture import parse_gesture

HEAD = 'format = "lodestone-gesture"\nversion = 1\nduration_s = 4.0\n'
BALL = HEAD + '[[object]]\nname = "a"\nkind = "ball"\ndiameter_mm = 15.0\nat = [0.0, 0.0, 0.0]\n'


def test_shipped_gestures() -> None:
    assert {"empty", "first-sound", "free-play"} <= set(gesture_names())
    assert load_gesture("first-sound").duration_s == 24.0
    assert load_gesture("free-play").duration_s == 50.0
    assert load_gesture("empty").objects == ()


@pytest.mark.parametrize("name", ["first-sound", "free-play"])
def test_shipped_gestures_are_playable(name: str) -> None:
    gesture = load_gesture(name)
    world = World(gesture)
    field = np.abs(world.board_ut) / 1000
    assert field[..., :2].max() < 35.0, "x and y stay below 70 % of 49 mT"
    assert field[..., 2].max() < 70.0, "z stays below 79 mT"
    play = np.linalg.norm(world.board_ut - world.board_ut[0], axis=2)
    assert np.all(play.max(axis=0) > 5000), "every attractor is played"
    step = np.abs(np.diff(world.board_ut, axis=0)).max()
    assert step < 1500, "no teleporting magnet"
    touching = np.linalg.norm(list(gesture.paths_mm(world.times_s).values()), axis=2)
    assert touching[:, -1].min() > 250, "the board is empty at the end"


def test_no_two_magnets_in_one_place() -> None:
    for name in gesture_names():
        gesture = load_gesture(name)
        times = np.arange(0.0, gesture.duration_s, 0.01)
        paths = gesture.paths_mm(times)
        for i, a in enumerate(gesture.objects):
            for b in gesture.objects[:i]:
                gap = np.linalg.norm(paths[a.name] - paths[b.name], axis=1)
                least = (min(a.size_mm[0], a.size_mm[2]) + min(b.size_mm[0], b.size_mm[2])) / 2
                at = int(gap.argmin())
                assert gap[at] >= least - 1.0, f"{name}: {a.name} in {b.name} at {times[at]:.2f} s"


def test_every_move_begins_where_the_last_ended() -> None:
    moves = """
moves = [
  { do = "glide", t = [0.1, 0.5], to = [40.0, 0.0, 30.0] },
  { do = "orbit", t = [0.5, 1.3], centre = [0.0, 0.0], turns = 1.5, radius = 60.0, height = 0.0 },
  { do = "throw", t = [1.4, 2.0], to = [10.0, 10.0] },
  { do = "swing", t = [2.0, 2.6], by = [5.0, 5.0, 2.0], turns = 2.0 },
  { do = "trace", t = [2.7, 3.7], points = [[0.5, 0.0, 0.0, 5.0], [1.0, -40.0, 0.0, 0.0]] },
]
"""
    gesture = parse_gesture(BALL + moves, "all")
    times = np.arange(0.0, 4.0, 0.001)
    path = gesture.paths_mm(times)["a"]
    assert np.linalg.norm(np.diff(path, axis=0), axis=1).max() < 1.5
    np.testing.assert_allclose(path[0], [0.0, 0.0, 7.5])
    np.testing.assert_allclose(path[-1], [-40.0, 0.0, 7.5], atol=1e-9)
    np.testing.assert_allclose(path[np.searchsorted(times, 1.35)], [-60.0, 0.0, 7.5], atol=1e-9)


def test_one_object_follows_another() -> None:
    text = (
        BALL
        + 'moves = [{ do = "throw", t = [1.0, 2.0], to = [50.0, 0.0] }]\n'
        + BALL.split("\n", 3)[3].replace('"a"', '"b"').replace("[0.0, 0.0, 0.0]", "[15.0, 0.0, 0.0]")
    )
    text += 'moves = [{ do = "follow", t = [0.5, 3.0], object = "a" }]\n'
    times = np.arange(0.0, 4.0, 0.01)
    paths = parse_gesture(text, "pair").paths_mm(times)
    np.testing.assert_allclose(paths["b"] - paths["a"], [[15.0, 0.0, 0.0]] * len(times), atol=1e-9)


def test_the_rolling_ball_turns_as_it_rolls() -> None:
    quarter = 7.5 * np.pi / 2
    text = BALL + f'pole = "rolling"\nmoves = [{{ do = "throw", t = [1.0, 2.0], to = [{quarter}, 0.0] }}]\n'
    world = World(parse_gesture(text, "roll"))
    places = world.gesture.paths_mm(world.times_s)["a"]
    poles = world._poles(world.gesture.objects[0], places)
    np.testing.assert_allclose(poles[0], [0.0, 0.0, 1.0])
    np.testing.assert_allclose(poles[-1], [1.0, 0.0, 0.0], atol=1e-9)


def test_warming_weakens_the_stacks() -> None:
    cold = World(load_gesture("empty"))
    text = HEAD + "[environment]\nwarm_k = 15.0\nwarm_seconds = 0.5\n"
    warm = World(parse_gesture(text, "warm"))
    change = warm.board_ut[-1, 0, 2] - cold.board_ut[-1, 0, 2]
    assert change / (cold.board_ut[0, 0, 2] + 44.0) == pytest.approx(-0.0012 * 15.0, rel=0.01)
    assert warm.temperature_c(0, 4_000_000_000) == pytest.approx(40.0, abs=0.1)


def test_vibration_shakes_the_static_field() -> None:
    text = HEAD + "[environment]\nvibration_um = 100.0\nvibration_hz = 20.0\n"
    field = World(parse_gesture(text, "shaken")).board_ut
    swing = np.ptp(field, axis=0)
    slope = 28_100 * 3 / (27 + 10)  # µT a mm, about: the field falls with the third power of the distance
    assert swing[0, 2] == pytest.approx(2 * 0.1 * slope, rel=0.3)
    spectrum = np.abs(np.fft.rfft(field[:, 0, 2] - field[:, 0, 2].mean()))
    assert np.fft.rfftfreq(len(field), 0.002)[spectrum.argmax()] == pytest.approx(20.0, abs=0.3)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "format"),
        ("format = [", "TOML"),
        (HEAD.replace("= 1", "= 9"), "version"),
        (HEAD.replace("4.0", "-4.0"), "duration_s"),
        (HEAD + "colour = 1\n", "colour"),
        (HEAD + '[[object]]\nkind = "cube"\n', "cube"),
        (HEAD + '[[object]]\nkind = "ball"\nat = [0.0, 0.0, 0.0]\n', "diameter_mm"),
        (BALL.replace("[0.0, 0.0, 0.0]", "[0.0]"), "at of"),
        (BALL + 'pole = "north"\n', "north"),
        (BALL + "pole = [0.0, 0.0, 0.0]\n", "pole"),
        (BALL + 'moves = [{ do = "jump", t = [0.0, 1.0] }]\n', "jump"),
        (BALL + 'moves = [{ do = "glide", t = [0.0, 1.0] }]\n', "to in move"),
        (BALL + 'moves = [{ do = "glide", t = [2.0, 1.0], to = [0.0, 0.0] }]\n', "one after another"),
        (BALL + 'moves = [{ do = "glide", t = [2.0, 9.0], to = [0.0, 0.0] }]\n', "within"),
        (BALL + 'moves = [{ do = "follow", t = [2.0, 3.0], object = "z" }]\n', "follow"),
        (BALL + 'moves = [{ do = "trace", t = [2.0, 3.0], points = [[0.0, 0.0, 0.0, 0.0]] }]\n', "grow"),
        (HEAD + "[environment]\nambient_ut = 3\n", "ambient_ut"),
        (BALL.replace('"ball"', '"ring"') + "hole_mm = 20.0\nheight_mm = 5.0\n", "hole"),
    ],
)  # fmt: skip
def test_mistakes_are_told(text: str, word: str) -> None:
    with pytest.raises(SensorError, match=word) as told:
        World(parse_gesture(text, "wrong"))
    assert "\n" not in str(told.value)


def test_a_gesture_that_is_not_there() -> None:
    with pytest.raises(SensorError, match="first-sound"):
        load_gesture("nothing-such")


def test_a_long_path_in_one_line_is_read() -> None:
    """As the page keeps it: hundreds of numbers, each with its dot."""
    assert len(toml_of(f"path = [{', '.join(['[0.1, 2.5, -3.5]'] * 500)}]")["path"]) == 500


def test_what_no_player_writes_is_refused_before_it_is_read(tmp_path: Path) -> None:
    with pytest.raises(SensorError, match="dots in line 1"):
        parse_gesture("a." * 400_000 + "a = 1", "endless")
    with (tmp_path / "huge.toml").open("wb") as file:
        file.truncate(6 << 30)  # no block of it is on the disk
    with pytest.raises(FileError, match="at most 1 MB"):
        load_gesture(str(tmp_path / "huge.toml"))
