"""Voices of the player's own: dropped they play; what is none is told in a sentence, and sound goes on."""

from __future__ import annotations

import base64
import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from graphs.card import KEY, Card
from lodestone.page.bridge import Bridge
from model_export.torchscript_writer import torchscript
from tests.page.test_faults import SOUNDS, play
from tests.support import tiny
from tests.support.chromium import Chromium, Tab
from tests.support.served_bridge import Served
from tests.support.spoken_board import SpokenBoard

LARGE = "document.getElementById('verdict').textContent"


@pytest.fixture
def tab(browser: Chromium, page_file: Path) -> Iterator[Tab]:
    tab = browser.tab()
    tab.open(page_file.as_uri())
    tab.ready()
    yield tab
    assert tab.faults == []
    tab.open("about:blank")


def drop(tab: Tab, name: str, data: bytes) -> None:
    """A file is let go over the board."""
    sent = json.dumps(base64.b64encode(data).decode())
    tab.js(
        f"""(() => {{
      const bytes = Uint8Array.from(atob({sent}), (c) => c.charCodeAt(0));
      const dataTransfer = new DataTransfer();
      dataTransfer.items.add(new File([bytes], {json.dumps(name)}));
      const event = new DragEvent('drop', {{ dataTransfer, bubbles: true, cancelable: true }});
      document.getElementById('board').dispatchEvent(event);
    }})()"""
    )


def frequency(tab: Tab) -> float:
    """Of a steady sine that sounds, Hz."""
    heard = tab.floats("lodestone.instrument.capture(8192).then((h) => h.sound)")
    spectrum = np.abs(np.fft.rfft(heard * np.hanning(len(heard))))
    return float(spectrum.argmax() * 44100 / len(heard))


def test_a_plan_plays_under_every_mapping_beside_the_others(tab: Tab) -> None:
    play(tab)
    first = tab.js("lodestone.panel.status.scene_name")
    drop(tab, "my sine.voice.plan", tiny.voice_plan(128, pitch=0.02, latents=3))
    tab.until("lodestone.panel.status.scene_name === 'my-sine-voice'")
    tab.until("lodestone.latent.length === 3")
    assert tab.js("[...document.querySelectorAll('#voices label')].at(-1).textContent") == "my-sine-voice"
    tab.js("new Promise((done) => setTimeout(done, 500))")  # the crossfade
    assert frequency(tab) == pytest.approx(0.02 * 44100, rel=0.3)
    for mapping in tab.js("Object.keys(lodestone.facts.mappings)")[1:]:
        tab.js(f"document.querySelector('#mappings input[value={mapping}]').click()")
        tab.until(f"lodestone.panel.status.scene_name === 'my-sine-voice-{mapping}'")
    tab.js("document.querySelector('#voices input').click()")
    tab.until(f"lodestone.panel.status.scene_name.startsWith('{first}')")
    assert tab.js("lodestone.panel.status.underruns") == 0


def test_latents_of_a_dropped_voice_spread_as_its_card_says(tab: Tab) -> None:
    play(tab)
    card = tab.js(
        "(() => { const s = lodestone.facts.scenes[0]; return [s.voice, s.latents.map((l) => l.std)]; })()"
    )
    plan = (Path(__file__).resolve().parents[2] / f"out/page-work/plans/{card[0]}.voice.plan").read_bytes()
    drop(tab, "again.plan", plan)
    tab.until("lodestone.panel.status.scene_name === 'again'")
    assert tab.js("lodestone.panel.scene.latents.map((l) => l.std)") == pytest.approx(card[1], rel=1e-6)
    tab.drag(tab.place_of("#pieces .piece:nth-of-type(2)"), (-70, 30))
    tab.until("lodestone.latent.some((v) => Math.abs(v) > 0.05)")
    tab.until(SOUNDS)


NO_VOICES = [
    ("notes.txt", b"hello", "wanted a voice"),
    ("voice.onnx", b"x", "lodestone compile voice.onnx"),
    ("voice.ts", b"x", "lodestone export voice.ts"),
    ("broken.plan", b"not a plan at all", "wanted a plan"),
    ("empty.plan", b"", "wanted a plan"),
    ("cut.plan", tiny.voice_plan(128)[:-7], "wanted"),
    ("touch.plan", tiny.touch_plan(), "wanted a plan of a voice, got one of a touch"),
    ("rate.plan", tiny.voice_plan(128, rate=48000), "wanted a voice at 44100 Hz, got one at 48000"),
]


def test_what_is_no_voice_is_told_in_a_sentence_and_sound_goes_on(tab: Tab) -> None:
    play(tab)
    scene, scenes = tab.js("[lodestone.panel.status.scene_name, lodestone.facts.scenes.length]")
    for name, data, words in NO_VOICES:
        tab.js("lodestone.panel.forget()")
        drop(tab, name, data)
        told = tab.until(f"{LARGE}.startsWith('wanted ') && {LARGE}")
        assert words in told, name
        assert ": " in told, name
        packets = tab.js("lodestone.told.packets")
        tab.until(f"lodestone.told.packets > {packets + 100}")
        tab.until(SOUNDS)
    assert tab.js("[lodestone.panel.status.scene_name, lodestone.facts.scenes.length]") == [scene, scenes]
    assert tab.js("lodestone.panel.status.underruns") == 0


def ts_file() -> bytes:
    """A TorchScript voice of a higher sine."""
    model = tiny.voice_model(128, pitch=0.03, latents=3)
    card = Card("voice", "yours", 3, sample_rate=44100, hop=128, channels=1)
    next(entry for entry in model.metadata_props if entry.key == KEY).value = card.to_json()
    return torchscript(model, "yours")


def test_the_bridge_compiles_an_onnx_or_ts_and_the_page_plays_it(browser: Chromium, page_file: Path) -> None:
    with SpokenBoard() as board:
        bridge = Bridge(page_file.parent / "page", ("127.0.0.1", board.port), shared=True)
        with Served(bridge) as served:
            tab = served.opened(browser)
            tab.until("lodestone.told.packets > 50")
            drop(tab, "mine.onnx", tiny.voice_model(128, pitch=0.02, latents=3).SerializeToString())
            tab.until("lodestone.instrument.audio")
            tab.click("#figures")  # the browser waits for a click before it sounds
            tab.until("lodestone.panel.status.scene_name === 'mine'")
            tab.until(SOUNDS)
            drop(tab, "yours.ts", ts_file())  # what nn~ plays
            tab.until("lodestone.panel.status.scene_name === 'yours'")
            tab.js("new Promise((done) => setTimeout(done, 500))")  # the crossfade
            assert frequency(tab) == pytest.approx(0.03 * 44100, rel=0.3)
            drop(tab, "other.onnx", b"no graph")
            tab.until(f"{LARGE}.startsWith('wanted ')")
            tab.until(SOUNDS)
            for query, origin, code in (
                ("", f"http://127.0.0.1:{served.port}", 403),
                (f"token={bridge.token}", "http://elsewhere.example", 403),
                (f"token={bridge.token}&name=a.txt", f"http://127.0.0.1:{served.port}", 400),
            ):
                request = urllib.request.Request(
                    f"http://127.0.0.1:{served.port}/compile?{query}", b"x", {"Origin": origin}
                )
                with pytest.raises(urllib.error.HTTPError) as refused:
                    urllib.request.urlopen(request)
                assert refused.value.code == code
                assert refused.value.read().startswith(b"wanted ")
