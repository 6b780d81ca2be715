"""The page of a living instrument: real firmware, real UDP, marbles that roll by the simulation's physics."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lodestone.live.instrument import LiveInstrument
from lodestone.page.bridge import Bridge
from sensors.simulation.live_world import LiveWorld, three_marbles
from tests.lodestone.test_live import free_port
from tests.support.chromium import Chromium, Tab
from tests.support.served_bridge import Served
from tests.support.tiny import RATE, image, scene


@pytest.fixture(scope="module")
def alive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[LiveWorld, int]]:
    folder = tmp_path_factory.mktemp("live-page")
    port = free_port()
    scenes = (scene(folder / "p", "one"), scene(folder / "p", "two", hop=1024))
    made = image(folder, *scenes, osc_port=port, osc_targets=(("127.0.0.1", free_port()),))
    world = LiveWorld(three_marbles())
    with LiveInstrument(made, RATE, world, port=port):
        yield world, port


@pytest.fixture
def tab(browser: Chromium, page_file: Path, alive: tuple[LiveWorld, int]) -> Iterator[Tab]:
    with Served(Bridge(page_file.parent / "page", ("127.0.0.1", alive[1]))) as bridge:
        tab = bridge.opened(browser)
        tab.until("lodestone.magnets.led && lodestone.panel.status")
        tab.until("lodestone.magnets.list.filter((m) => m.out).length === 3")
        yield tab
        assert tab.faults == []
        tab.open("about:blank")


def until(world: LiveWorld, tab: Tab, done: str, number: int = 1) -> tuple[float, float, float]:
    """The marble's place in the world once `done` (of x, y, z) is true."""
    for _ in range(200):
        marble = world.marbles.all[number]
        x, y, z = marble.place
        if eval(done, {}, {"x": x, "y": y, "z": z, "pole": marble.pole, "held": marble.held}):
            return x, y, z
        tab.js("new Promise((done) => setTimeout(done, 50))")
    raise AssertionError(f"never {done}: {world.places()[number]}")


def test_a_drag_carries_a_marble_there_and_its_touch_comes_back(
    tab: Tab, alive: tuple[LiveWorld, int]
) -> None:
    world, _ = alive
    touched = tab.js("[...lodestone.touch]")
    number = 0
    for _ in range(20):  # it may still roll
        x, y = tab.place_of("#pieces .piece:nth-of-type(1)")
        tab.mouse("mousePressed", x, y)
        number = 1 + tab.js("lodestone.magnets.list.findIndex((m) => m.held)")
        if number:
            break
        tab.mouse("mouseReleased", x, y)
    for step in range(1, 11):
        tab.mouse("mouseMoved", x - 8 * step, y - 22 * step)
    goal = tab.js(f"(({{ x, y }}) => [x, y])(lodestone.magnets.list[{number - 1}])")
    until(world, tab, f"abs(x - {goal[0]}) < 2 and abs(y - {goal[1]}) < 2", number)
    tab.until(f"lodestone.touch.some((v, i) => Math.abs(v - {touched}[i]) > 0.05)")
    tab.mouse("mouseReleased", x - 80, y - 220)
    place = until(world, tab, "z == 0")
    tab.until(
        f"Math.hypot(lodestone.magnets.list[0].x - {place[0]}, lodestone.magnets.list[0].y - {place[1]}) < 40"
    )


def test_a_marble_is_put_away_laid_back_and_turned_over(tab: Tab, alive: tuple[LiveWorld, int]) -> None:
    world, _ = alive
    tab.click("#box label:nth-of-type(2)")
    until(world, tab, "z > 800", 2)
    tab.until("!lodestone.magnets.list[1].out")
    tab.click("#box label:nth-of-type(2)")
    until(world, tab, "z == 0", 2)
    tab.js("document.querySelector('#pieces .piece:nth-of-type(2)').focus()")
    tab.key("f")
    until(world, tab, "pole == (0.0, 0.0, 1.0)", 2)
    tab.key("f")
    until(world, tab, "pole == (0.0, 0.0, -1.0)", 2)


def test_arrows_carry_a_marble_there(tab: Tab, alive: tuple[LiveWorld, int]) -> None:
    """A player without a mouse: five steps of 5 mm, and the marble is let go."""
    world, _ = alive
    until(world, tab, "z == 0", 2)
    x, y, _ = world.places()[2]
    tab.js("document.querySelector('#pieces .piece:nth-of-type(2)').focus()")
    for _ in range(5):
        tab.key("ArrowUp")
    until(world, tab, f"held and abs(x - {x}) < 3 and abs(y - {y + 25.0}) < 3", 2)
    until(world, tab, "not held", 2)


def test_scenes_and_knobs_are_those_of_the_board(tab: Tab) -> None:
    tab.until(
        "[...document.querySelectorAll('#scenes label')].map((l) => l.textContent).join() === 'one,two'"
    )
    tab.click("#scenes label:nth-of-type(2)")
    tab.until("lodestone.panel.status.scene_name === 'two'")
    tab.until("[...lodestone.panel.knobs.values.keys()].join() === 'reach'")
    tab.click("#scenes label:nth-of-type(1)")
    tab.until("lodestone.panel.status.scene_name === 'one'")
