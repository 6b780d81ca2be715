"""The one file, opened from the disk in a real browser: it is ready soon, asks for nothing, moves, sounds."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from firmware import Engine
from tests.support.chromium import Chromium, Tab

PLANS = Path(__file__).resolve().parents[2] / "out" / "page-work" / "plans"
SECONDS = 2.0


@pytest.fixture
def tab(browser: Chromium, page_file: Path) -> Iterator[Tab]:
    tab = browser.tab()
    tab.open(page_file.as_uri())
    tab.ready()
    yield tab
    assert tab.faults == []
    tab.open("about:blank")


def start(tab: Tab) -> None:
    tab.click("#start")
    tab.until("lodestone.panel.status")


def test_it_is_one_file_that_asks_for_nothing_else(tab: Tab, page_file: Path) -> None:
    assert page_file.stat().st_size <= 8e6
    start(tab)
    tab.until("lodestone.told.packets > 100")
    assert [url for url in tab.requests if not url.startswith(("file:", "data:"))] == []


def test_a_dragged_marble_moves_touch_and_sound(tab: Tab) -> None:
    start(tab)
    tab.until("lodestone.told.packets > 200")
    before = np.array(tab.js("[...lodestone.touch]"))
    at = tab.js("(() => { const m = lodestone.magnets.list[1]; return [m.x, m.y]; })()")
    x, y = tab.place_of("#pieces .piece:nth-of-type(2)")
    tab.mouse("mousePressed", x, y)
    for step in range(1, 13):
        tab.mouse("mouseMoved", x - 5 * step, y + 4 * step)
    there = tab.js("(() => { const m = lodestone.magnets.list[1]; return [m.x, m.y]; })()")
    assert there[0] < at[0] - 15
    assert there[1] < at[1] - 10
    tab.until("lodestone.told.packets > 600")
    after = np.array(tab.js("[...lodestone.touch]"))
    tab.mouse("mouseReleased", x - 60, y + 48)
    assert np.abs(after - before).max() > 0.1


def test_a_drag_begins_the_sound_without_the_button(tab: Tab) -> None:
    assert tab.js("lodestone.instrument.audio") is None
    tab.drag(tab.place_of("#pieces .piece:nth-of-type(2)"), (40, 10))
    tab.until("lodestone.instrument.audio?.state === 'running' && lodestone.told.packets > 50")
    assert tab.js("document.getElementById('start').hidden") is True


def test_the_sound_is_bit_for_bit_that_of_the_portable_kernels(tab: Tab) -> None:
    tab.js("lodestone.instrument.log = 20000")
    start(tab)
    tab.js(f"void (lodestone.heard = lodestone.instrument.capture({int(44100 * SECONDS)}))")
    tab.drag(tab.place_of("#pieces .piece:nth-of-type(2)"), (-70, 30))
    heard = tab.floats("lodestone.heard.then((h) => h.sound)")
    rows = tab.floats("lodestone.heard.then((h) => h.rows)", "<f8")
    begins = json.loads(tab.js("lodestone.heard.then((h) => JSON.stringify([h.from, h.startedAt]))"))
    voice, latents = tab.js("(({ voice, latents }) => [voice, latents.length])(lodestone.facts.scenes[0])")
    engine = Engine.load(PLANS / f"{voice}.voice.plan", kernels="portable")
    rows = rows.reshape(-1, 3 + latents)
    played = {}
    for _, block, ring_frame, *values in rows:
        latent = np.array(values, np.float32)[None, :, None]
        played[int(ring_frame)] = engine.run({"latent": latent})["audio"].ravel()
        assert block == len(played) - 1 or ring_frame == -1
    wanted = np.concatenate([played[frame] for frame in sorted(played) if frame >= 0])
    first = begins[0] - begins[1]
    length = min(len(heard), len(wanted) - first)
    assert length > 44100
    assert np.abs(heard).max() > 1e-3
    assert np.abs(np.diff(rows[:, 3:], axis=0)).max() > 0.01  # the latents moved
    np.testing.assert_array_equal(heard[:length], wanted[first : first + length])
