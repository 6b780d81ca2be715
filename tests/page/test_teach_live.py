"""Teaching on a page against the real firmware: the sound that was put at a gesture comes back there."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np

from lodestone.live.instrument import LiveInstrument
from lodestone.live.prepare import image_of, scenes_of
from lodestone.page.bridge import Bridge
from lodestone.page.serve import placed
from lodestone.settings import Settings
from lodestone.teaching import load_taught
from sensors.simulation.live_world import LiveWorld, three_marbles
from tests.lodestone.test_live import free_port
from tests.page.conftest import OUT
from tests.page.test_guide import press
from tests.support.chromium import Chromium, Tab
from tests.support.served_bridge import Served

CALIBRATION = OUT / "page-work" / "simulated.calibration.json"
HELD_MM, SOUND_MM = (-65.0, 40.0), (40.0, -65.0)
PATIENCE_S = 60.0


def settled(tab: Tab, world: LiveWorld, place: tuple[float, float]) -> np.ndarray:
    """Latents when a marble has lain there for a while."""
    world.move(1, *place)
    before = np.array(tab.js("[...lodestone.latentRaw]"))
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        tab.js("new Promise((done) => setTimeout(done, 1500))")
        now = np.array(tab.js("[...lodestone.latentRaw]"))
        if np.abs(now - before).max() < 0.05:
            return now
        before = now
    raise AssertionError("the latents never rest")


def test_a_sound_taught_on_the_page_comes_back_on_the_board(
    browser: Chromium, page_file: Path, tmp_path: Path
) -> None:
    port, taught = free_port(), tmp_path / "taught.json"
    scenes = scenes_of(["breath"], "rotate", CALIBRATION)
    target = ("127.0.0.1", free_port())
    image = image_of(Settings(scenes=scenes), tmp_path, port, target, lambda _: None)
    world = LiveWorld(three_marbles())
    for marble in (2, 3):
        world.move(marble, 0.0, 0.0, 900.0)
    place = placed("127.0.0.1", port, CALIBRATION, taught, lambda: scenes, Path())
    with (
        LiveInstrument(image, 44100, world, port=port),
        Served(Bridge(page_file.parent / "page", ("127.0.0.1", port), place=place)) as bridge,
    ):
        tab = bridge.opened(browser)
        tab.until("!document.getElementById('teach').hidden && lodestone.latentRaw.length")
        tab.until("lodestone.panel.status?.scene_name === 'breath'")
        before = settled(tab, world, HELD_MM)
        tab.click("#teach")
        press(tab, "Hold")
        sound = settled(tab, world, SOUND_MM)
        press(tab, "Keep")
        tab.until("document.getElementById('verdict').textContent === 'Kept.'", PATIENCE_S)
        then = settled(tab, world, HELD_MM)
        assert tab.faults == []
    [pair] = load_taught(taught)["breath"]
    assert np.abs(sound - before).max() > 0.5
    np.testing.assert_allclose(pair.latent, sound, atol=0.1)
    np.testing.assert_allclose(then, sound, atol=0.2)
