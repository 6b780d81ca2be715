"""What may go wrong or be otherwise around the page: browsers with less, hands and eyes of other kinds."""

from __future__ import annotations

import functools
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.support.chromium import Chromium, Tab

SOUNDS = (
    "(() => { const heard = new Float32Array(2048); lodestone.instrument.meter.getFloatTimeDomainData(heard);"
    " return Math.max(...heard.map(Math.abs)) > 0.0003; })()"
)
AXE = Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js"


@pytest.fixture(scope="module")
def site(page_file: Path) -> Iterator[int]:
    """The site on a port of this computer."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    handler = functools.partial(Quiet, directory=str(page_file.parent / "page"))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def browser(page_file: Path) -> Iterator[Chromium]:
    """stage.test stands for another computer on the link: plain http from there has no AudioWorklet."""
    with Chromium(("--host-resolver-rules=MAP stage.test 127.0.0.1",)) as made:
        yield made


def opened(browser: Chromium, url: str) -> Tab:
    tab = browser.tab()
    tab.open(url)
    tab.ready()
    return tab


def play(tab: Tab) -> None:
    tab.click("#start")
    tab.until("lodestone.panel.status")
    tab.until(SOUNDS)


def test_a_static_host_serves_the_same(browser: Chromium, site: int) -> None:
    tab = opened(browser, f"http://127.0.0.1:{site}/")
    play(tab)
    assert {url.split("/")[2] for url in tab.requests if url.startswith("http")} == {f"127.0.0.1:{site}"}
    assert tab.faults == []


def test_without_an_audio_worklet_it_plays_in_the_page(browser: Chromium, site: int) -> None:
    tab = opened(browser, f"http://stage.test:{site}/")
    assert tab.js("isSecureContext") is False
    play(tab)
    assert tab.js("lodestone.instrument.node.constructor.name") == "ScriptProcessorNode"
    tab.drag(tab.place_of("#pieces .piece:nth-of-type(2)"), (-60, 30))
    tab.until("lodestone.told.packets > 400")
    assert tab.js("lodestone.instrument.underruns") == 0


def test_without_simd_it_plays_the_same_sound(browser: Chromium, page_file: Path) -> None:
    sounds = []
    for query in ("", "?plain"):
        tab = opened(browser, page_file.as_uri() + query)
        assert tab.js("lodestone.instrument.plain") is bool(query)
        sounds.append(tab.floats("lodestoneTest.render(lodestone.instrument, 300)"))
        tab.open("about:blank")
    assert np.abs(sounds[0]).max() > 0.0003
    np.testing.assert_array_equal(sounds[0], sounds[1])


def test_a_held_back_sound_is_told_and_a_click_brings_it_back(browser: Chromium, page_file: Path) -> None:
    tab = opened(browser, page_file.as_uri())
    play(tab)
    tab.js("lodestone.instrument.audio.suspend()")
    tab.until("document.getElementById('verdict').textContent.startsWith('The browser holds')")
    tab.click("#figures")
    tab.until("lodestone.instrument.audio.state === 'running'")
    tab.until("document.getElementById('verdict').textContent === 'Ready.'")


def test_two_pages_and_a_hidden_one_sound_on(browser: Chromium, page_file: Path) -> None:
    first, second = opened(browser, page_file.as_uri()), opened(browser, page_file.as_uri())
    play(first)
    second.call("Page.bringToFront")
    play(second)
    for tab in (first, second):
        at = tab.js("lodestone.instrument.audio.currentTime")
        tab.until(f"lodestone.instrument.audio.currentTime > {at + 1.5}")
        tab.until(SOUNDS)
        assert tab.js("lodestone.panel.status.underruns") == 0


def test_two_fingers_move_two_marbles_on_a_phone(browser: Chromium, page_file: Path) -> None:
    tab = browser.tab()
    tab.size(390, 844, phone=True)
    tab.open(page_file.as_uri())
    tab.ready()
    assert tab.js("document.documentElement.scrollHeight <= innerHeight") is True
    assert tab.js("document.documentElement.scrollWidth <= innerWidth") is True
    places = [tab.place_of(f"#pieces .piece:nth-of-type({k})") for k in (1, 2)]
    before = tab.js("lodestone.magnets.list.slice(0, 2).map((m) => [m.x, m.y])")

    def touch(kind: str, by: float) -> None:
        points = [
            {"x": x + sign * by, "y": y, "id": k}
            for k, ((x, y), sign) in enumerate(zip(places, (1, -1), strict=True))
        ]
        tab.call("Input.dispatchTouchEvent", type=kind, touchPoints=points if kind != "touchEnd" else [])

    touch("touchStart", 0)
    for by in range(4, 44, 4):
        touch("touchMove", by)
    after = tab.js("lodestone.magnets.list.slice(0, 2).map((m) => [m.x, m.y])")
    touch("touchEnd", 0)
    assert after[0][0] - before[0][0] > 20
    assert after[1][0] - before[1][0] < -20
    tab.until("lodestone.panel.status")  # the touch began the sound


def test_keys_move_turn_and_choose(browser: Chromium, page_file: Path) -> None:
    tab = opened(browser, page_file.as_uri())
    tab.js("document.querySelector('#pieces .piece:nth-of-type(2)').focus()")
    x, y = tab.js("[lodestone.magnets.list[1].x, lodestone.magnets.list[1].y]")
    tab.key("ArrowLeft")
    tab.key("ArrowUp", modifiers=8)  # with Shift
    assert tab.js("[lodestone.magnets.list[1].x, lodestone.magnets.list[1].y]") == pytest.approx(
        [x - 5, y + 1], abs=0.6
    )
    tab.until("!lodestone.magnets.list[1].held")
    tab.key("f")
    assert tab.js("lodestone.magnets.list[1].mode") == "up"
    assert "north pole up" in tab.js("document.getElementById('said').textContent")
    tab.until("lodestone.panel.status")
    tab.js("document.querySelector('#voices input').focus()")
    tab.key("ArrowRight", windowsVirtualKeyCode=39)
    second = tab.js("[...new Set(lodestone.facts.scenes.map((s) => s.voice))][1]")
    tab.until(f"lodestone.panel.status.scene_name === '{second}'")
    assert tab.faults == []


def test_every_scene_knob_and_mute_by_the_panel(browser: Chromium, page_file: Path) -> None:
    tab = opened(browser, page_file.as_uri())
    play(tab)
    for name, knobs in tab.js("lodestone.facts.scenes.map((s) => [s.name, s.knobs.map((k) => k.name)])"):
        tab.js(f"lodestone.send('/scene', 's', '{name}')")
        tab.until(f"lodestone.panel.status.scene_name === '{name}'")
        tab.until(f"[...lodestone.panel.knobs.values.keys()].join() === '{','.join(knobs)}'")
    tab.click("#mute")
    tab.until("document.getElementById('verdict').textContent === 'Muted.'")
    tab.until(f"!{SOUNDS}")
    tab.click("#mute")
    tab.until(SOUNDS)
    assert tab.js("lodestone.panel.status.underruns") == 0


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_axe_finds_nothing(browser: Chromium, page_file: Path, scheme: str) -> None:
    if not AXE.is_file():
        pytest.skip("without axe-core (npm ci in tests/page) nobody looks for barriers")
    tab = browser.tab()
    tab.theme(scheme)
    tab.open(page_file.as_uri())
    tab.ready()
    tab.js(AXE.read_text("utf-8") + "; 0")
    found = tab.js(
        "axe.run().then((r) => r.violations.map((v) => [v.id, v.nodes.map((n) => n.html.slice(0, 120))]))"
    )
    assert found == []
