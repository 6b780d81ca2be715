"""Firefox too: the one file opens, a marble is dragged, its audio worklet renders the engine's sound."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from firmware import Engine
from tests.page.conftest import REQUIRED
from tests.support.firefox import Firefox, FirefoxTab, executable
from tests.support.null_sink import MISSING, null_sink

PLANS = Path(__file__).resolve().parents[2] / "out" / "page-work" / "plans"
FRAMES = 2 * 44100
FADE = 4410
OFFLINE = f"""(() => {{
  const offline = new OfflineAudioContext(2, {FRAMES} + 128, 44100);
  offline.resume = async () => {{}};
  window.AudioContext = function () {{ return offline; }};
  lodestone.instrument.log = 20000;
  return true;
}})()"""


@pytest.fixture(scope="module")
def firefox(page_file: Path) -> Iterator[Firefox]:
    if executable() is None:
        assert not REQUIRED, "wanted Debian's firefox-esr for the tests of the page, got none"
        pytest.skip("without firefox-esr the page is tested in Chromium only")
    with Firefox() as browser:
        yield browser


def opened(firefox: Firefox, page_file: Path) -> FirefoxTab:
    tab = firefox.tab()
    tab.open(page_file.as_uri())
    tab.ready()
    return tab


def test_it_opens_draws_and_is_dragged(firefox: Firefox, page_file: Path) -> None:
    tab = opened(firefox, page_file)
    before = tab.js("lodestone.magnets.list.map((m) => [m.x, m.y])")
    field = np.array(tab.js("[...lodestone.instrument.field]"))
    tab.drag(tab.place_of("#pieces .piece:nth-of-type(2)"), (-60, 30))
    after = tab.js("lodestone.magnets.list.map((m) => [m.x, m.y])")
    assert after[1][0] < before[1][0] - 10
    assert np.abs(np.array(tab.js("[...lodestone.instrument.field]")) - field).max() > 0.05
    # Machines of tests have no sound card: the page says what it waits for, and goes on.
    tab.until(
        "lodestone.panel.status || document.getElementById('verdict').textContent.startsWith('The browser')"
    )
    colours = "new Set(lodestone.board.still.getImageData(200, 200, 99, 99).data).size"
    assert tab.js(colours) > 20
    assert firefox.faults == []


def test_its_audio_worklet_renders_the_engines_sound(firefox: Firefox, page_file: Path) -> None:
    tab = opened(firefox, page_file)
    tab.js(OFFLINE)
    tab.js("lodestone.start().then(() => 1)")
    tab.js(f"(window.heard = lodestone.instrument.capture({FRAMES})) && 1")
    tab.js("lodestone.instrument.audio.startRendering().then(() => 1)")
    heard = tab.floats("heard.then((h) => h.sound)")
    rows = tab.floats("heard.then((h) => h.rows)", "<f8")
    begins = tab.js("heard.then((h) => [h.from, h.startedAt])")
    engine = Engine.load(
        PLANS / f"{tab.js('lodestone.facts.scenes[0].voice')}.voice.plan", kernels="portable"
    )
    played = {}
    for _, _, ring_frame, *latents in rows.reshape(
        -1, 3 + tab.js("lodestone.facts.scenes[0].latents.length")
    ):
        latent = np.array(latents, np.float32)[None, :, None]
        played[int(ring_frame)] = engine.run({"latent": latent})["audio"].ravel()
    wanted = np.concatenate([played[frame] for frame in sorted(played) if frame >= 0])
    first = begins[0] - begins[1]
    begun = max(-first, 0) + FADE  # it fades in
    heard, first = heard[begun:], first + begun
    length = min(len(heard), len(wanted) - first)
    assert length > 44100
    assert np.abs(heard).max() > 1e-3
    np.testing.assert_array_equal(heard[:length], wanted[first : first + length])
    assert firefox.faults == []


@pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}")
def test_it_sounds_at_a_card(page_file: Path, tmp_path: Path) -> None:
    """Its own audio context runs, and what it plays comes out of a card, here one that nobody hears."""
    if executable() is None:
        pytest.skip("without firefox-esr the page is tested in Chromium only")
    with null_sink(tmp_path) as sink, Firefox(sink.environment) as firefox, sink.heard() as monitor:
        tab = opened(firefox, page_file)
        tab.click("#start")
        tab.until("lodestone.instrument.audio?.state === 'running'")
        at = tab.js("lodestone.instrument.audio.currentTime")
        tab.until(f"lodestone.instrument.audio.currentTime > {at} + 1")
        tab.until("lodestone.told.packets > 200")
        until = time.monotonic() + 20.0
        while not monitor.onset_s(0.0, 1e-3) and time.monotonic() < until:
            time.sleep(0.1)
        assert monitor.onset_s(0.0, 1e-3)
        assert tab.js("lodestone.panel.status.underruns") == 0
        assert firefox.faults == []
