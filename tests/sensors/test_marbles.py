"""Marbles that roll, meet and snap; a world that is moved while it runs."""

from __future__ import annotations

import math

import numpy as np
import pytest

from geometry import BoardGeometry
from sensors import SensorError
from sensors.simulation.gesture import load_gesture
from sensors.simulation.hands import ControllerHand, ImprovisingHand
from sensors.simulation.live_world import STEP_NS, LiveWorld, Looped, three_marbles
from sensors.simulation.magnets import ball_field_ut, stack_field_ut
from sensors.simulation.marbles import Marble, StackTable, dipole_ut
from sensors.simulation.world import World


def run(world: LiveWorld, seconds: float, begun_s: float = 0.0) -> None:
    for step in range(round(seconds * 1e9 / STEP_NS)):
        world.axis_ut(0, 0, round(begun_s * 1e9) + step * STEP_NS)


def test_the_table_of_the_stacks_is_magpylibs_field() -> None:
    geometry = BoardGeometry()
    random = np.random.default_rng(1)
    places = np.column_stack([random.uniform(-170, 170, (300, 2)), random.uniform(5, 120, 300)])
    exact = stack_field_ut(geometry, places)
    table = StackTable(geometry)
    ours = np.array([table((float(x), float(y), float(z))) for x, y, z in places])
    miss = np.linalg.norm(ours - exact, axis=1) / np.linalg.norm(exact, axis=1)
    assert miss.max() < 0.006


def test_a_marble_is_a_dipole() -> None:
    marble = Marble(15.0, (3.0, -2.0, 1.0), pole=(0.6, 0.0, 0.8))
    point = np.array([[40.0, 10.0, -20.0]])
    exact = ball_field_ut(15.0, 1.30, np.array([marble.centre]), np.array([marble.pole]), point)
    np.testing.assert_allclose(dipole_ut(marble, (40.0, 10.0, -20.0)), exact[0, 0], rtol=1e-9)


def test_a_marble_near_an_attractor_is_drawn_onto_it_and_lies_along_its_field() -> None:
    world = LiveWorld({1: Marble(15.0, (-45.0, 0.0, 0.0))})
    run(world, 6.0)
    x, y, z = world.places()[1]
    assert math.hypot(x + 65.0, y) < 12.0
    assert z == 0.0
    assert world.marbles.at_rest
    assert world.marbles.all[1].pole[2] > 0.9


def test_two_marbles_side_by_side_snap_head_to_tail() -> None:
    world = LiveWorld({1: Marble(15.0, (-9.0, 0.0, 0.0)), 2: Marble(15.0, (9.0, 0.0, 0.0))})
    run(world, 0.5)
    (one, other) = world.marbles.all.values()
    assert math.dist(one.centre, other.centre) == pytest.approx(15.0, abs=0.6)
    assert abs(one.pole[0]) > 0.9
    assert one.pole[0] * other.pole[0] > 0.8


def test_a_hand_pushes_what_is_in_its_way() -> None:
    world = LiveWorld({1: Marble(20.0, (-60.0, -90.0, 0.0)), 2: Marble(10.0, (0.0, -90.0, 0.0))})
    for step in range(200):
        world.move(1, -60.0 + step * 0.5, -90.0)
        run(world, 0.005, step * 0.005)
        one, other = (world.marbles.all[number] for number in (1, 2))
        assert math.dist(one.centre, other.centre) > 14.0
    assert world.places()[2] != (0.0, -90.0, 0.0)


def test_improvising_stays_on_the_board_without_jumps_and_is_the_same_again() -> None:
    ways = []
    for _ in range(2):
        world = LiveWorld(three_marbles(), hand=ImprovisingHand(3))
        way = []
        for step in range(4000):
            world.axis_ut(0, 0, step * STEP_NS)
            way.append([place for number in (1, 2, 3) for place in world.places()[number]])
        ways.append(np.array(way))
    np.testing.assert_array_equal(ways[0], ways[1])
    assert np.abs(np.diff(ways[0], axis=0)).max() < 16.0  # mm in 5 ms
    assert np.abs(ways[0]).max() < 200.0
    assert np.abs(ways[0][-1] - ways[0][0]).max() > 20.0


def test_a_gesture_in_a_loop_has_no_seam() -> None:
    world = World(load_gesture("first-sound"))
    looped = Looped(world)
    times = np.arange(0.0, 2.2 * world.duration_s, 0.005)
    field = np.array([looped.axis_ut(1, 2, round(time * 1e9)) for time in times])
    plain = np.array([world.axis_ut(1, 2, round(t * 1e9)) for t in np.arange(0.0, world.duration_s, 0.005)])
    assert np.abs(np.diff(field)).max() <= 1.5 * np.abs(np.diff(plain)).max()


def test_controllers_and_wrong_places() -> None:
    hand = ControllerHand({20: (1, 0), 21: (1, 1)})
    world = LiveWorld(three_marbles(), hand=hand)
    hand.control(20, 127)
    hand.control(21, 0)
    hand.control(99, 5)
    run(world, 0.5)
    x, y, _ = world.places()[1]
    assert (x, y) == pytest.approx((95.0, -95.0), abs=1.0)
    with pytest.raises(SensorError, match="a magnet from 1 to 8"):
        world.move(9, 0.0, 0.0)
    with pytest.raises(SensorError, match="not below the board"):
        world.move(1, 0.0, 0.0, -3.0)


@pytest.mark.parametrize("seed", range(8))
def test_marbles_that_are_left_alone_come_to_rest(seed: int) -> None:
    random = np.random.default_rng(seed)
    places = random.uniform(-120.0, 120.0, (3, 2))
    sizes = (15.0, 20.0, 10.0)
    there = {n + 1: Marble(size, (*places[n], 0.0)) for n, size in enumerate(sizes)}  # type: ignore[arg-type]
    world = LiveWorld(there)
    for step in range(1600):
        world.axis_ut(0, 0, step * STEP_NS)
        if world.marbles.at_rest:
            return
    raise AssertionError(f"still rolling after 8 s: {world.places()}")
