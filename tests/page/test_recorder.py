"""What is recorded on the page: a take for `lodestone render`, a gesture, a loop; morphs; less effort."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from typer.testing import CliRunner

from lodestone.cli import build_app
from lodestone.takes.content import latents
from lodestone.takes.take_file import read_take
from sensors.simulation.gesture import load_gesture
from tests.page.conftest import OUT
from tests.support.chromium import Chromium, Tab

PLANS = OUT / "page-work" / "plans"


@pytest.fixture
def tab(browser: Chromium, page_file: Path) -> Iterator[Tab]:
    tab = browser.tab()
    tab.open(page_file.as_uri())
    tab.ready()
    tab.click("#start")
    tab.until("lodestone.panel.status")
    yield tab
    assert tab.faults == []
    tab.open("about:blank")


def recorded(tab: Tab) -> None:
    """A marble is carried away while it is recorded."""
    tab.click("#record")
    tab.until("lodestone.take.frames > 100")
    tab.drag(tab.place_of("#pieces .piece:nth-of-type(2)"), (-70, 30))
    tab.until("lodestone.take.frames > 400")
    tab.click("#record")
    tab.until("!document.getElementById('keep').disabled")


def test_a_take_of_the_page_renders_the_same_to_the_bit(tab: Tab, tmp_path: Path) -> None:
    recorded(tab)
    path = tmp_path / "page.take"
    path.write_bytes(tab.floats("lodestone.takeFile()", "u1").tobytes())
    take = read_take(path)
    assert take.damage is None
    told = list(latents(take))
    assert len(told) > 300
    np.testing.assert_allclose(np.diff([at for at, _ in told]), 0.005, atol=1e-6)
    assert np.ptp([z for _, z in told], axis=0).max() > 0.05
    assert {event.address for event in take.events} >= {"/field", "/frame", "/touch", "/model", "/knobs"}
    sounds = []
    for name in ("one.wav", "two.wav"):
        out = tmp_path / name
        done = CliRunner().invoke(
            build_app(), ["render", str(path), "-o", str(out), "--folder", str(tmp_path / "r")]
        )
        assert done.exit_code == 0, done.output
        sounds.append(soundfile.read(out)[0])
    assert np.abs(sounds[0]).max() > 1e-3
    np.testing.assert_array_equal(*sounds)


def test_a_take_sounds_in_the_renderer_as_it_sounded_in_the_page(tab: Tab, tmp_path: Path) -> None:
    """To the bit: fades, a change of scene and knobs included."""
    tab.js("(window.heard = lodestone.instrument.capture(4 * 44100)) && 1")
    tab.click("#record")
    tab.until("lodestone.take.frames > 20")
    tab.drag(tab.place_of("#pieces .piece:nth-of-type(2)"), (-70, 30))
    tab.js("lodestone.panel.knobs.set('range', 2.0)")
    tab.js("document.querySelectorAll('#voices input')[1].click()")
    tab.drag(tab.place_of("#pieces .piece:nth-of-type(2)"), (50, -20))
    tab.until("lodestone.take.frames > 500")
    tab.click("#record")
    tab.until("!document.getElementById('keep').disabled")
    sound = tab.floats("heard.then((h) => h.sound)")
    first = tab.js("heard.then((h) => h.from)")
    path, out = tmp_path / "page.take", tmp_path / "page.wav"
    path.write_bytes(tab.floats("lodestone.takeFile()", "u1").tobytes())
    done = CliRunner().invoke(build_app(), ["render", str(path), "-o", str(out), "--page-plans", str(PLANS)])
    assert done.exit_code == 0, done.output
    rendered, rate = soundfile.read(out, dtype="float32")
    page = read_take(path).info["page"]
    assert (rate, len(rendered)) == (44100, page["frames"])
    begin, end = page["from"] - first, min(page["from"] - first + len(rendered), len(sound))
    assert begin >= 0
    assert end - begin > 2 * 44100
    np.testing.assert_array_equal(rendered[: end - begin, 0], sound[begin:end])
    assert np.ptp(rendered) > 1e-3


def test_a_gesture_of_the_page_is_one_and_loops(tab: Tab, tmp_path: Path) -> None:
    recorded(tab)
    path = tmp_path / "page.gesture.toml"
    path.write_text(tab.js("lodestone.recorder.toml()"))
    gesture = load_gesture(path)
    times = np.linspace(0, gesture.duration_s, 50)
    ways = [np.ptp(way[:, 0]) for way in gesture.paths_mm(times).values()]
    assert max(ways) > 15
    at = tab.js("lodestone.magnets.list[1].x")
    tab.click("#loop")
    tab.until(f"Math.abs(lodestone.magnets.list[1].x - {at}) > 15")
    tab.mouse("mouseMoved", *tab.place_of("#pieces .piece:nth-of-type(2)"))  # passes by, and takes nothing
    tab.click("#loop")
    assert tab.js("lodestone.magnets.list.every(({ x, y, vx, vy }) => Number.isFinite(x + y + vx + vy))")


def test_a_morph_turns_all_knobs_from_one_set_to_the_other(tab: Tab) -> None:
    def turn(name: str, value: float) -> None:
        tab.js(f"lodestone.panel.knobs.set({json.dumps(name)}, {value})")

    turn("range", 0.5)
    turn("reach", 0.4)
    tab.click("#morph-a")
    assert tab.js("document.getElementById('morph').disabled") is True
    turn("range", 2.5)
    turn("reach", 1.4)
    tab.click("#morph-b")
    tab.js("document.getElementById('morph').value = '0.25'")
    tab.js("document.getElementById('morph').dispatchEvent(new Event('input'))")
    tab.js("lodestone.ask()")
    tab.js("new Promise((done) => setTimeout(done, 300))")
    for name, value in (("range", 1.0), ("reach", 0.65)):
        assert tab.js(f"lodestone.panel.knobs.values.get('{name}')") == pytest.approx(value, abs=1e-3)


KEEP_LATENTS = """(() => {
  window.kept = [];
  const before = lodestone.told.tap;
  lodestone.told.tap = (message) => {
    before(message);
    if (message.address === '/latent') kept.push([...message.values]);
  };
})()"""


def test_a_scene_takes_its_time_to_come(tab: Tab) -> None:
    """The latents of another mapping are reached in small steps, as slowly as was asked for."""
    tab.drag(tab.place_of("#pieces .piece:nth-of-type(2)"), (-70, 30))

    def way(seconds: int, mapping: str) -> tuple[float, float]:
        """The largest step of a latent from frame to frame, and how far they went."""
        tab.js(f"document.getElementById('way').value = '{seconds}'")
        tab.js("kept.length = 0")
        tab.js(f"document.querySelector('#mappings input[value={mapping}]').click()")
        tab.until(f"kept.length > {200 * (seconds + 2)}")
        told = np.array(tab.js("kept"))
        steps = np.abs(np.diff(told, axis=0)).max(axis=1)
        return float(steps.max()), float(np.abs(told[-1] - told[0]).max())

    tab.js(KEEP_LATENTS)
    tab.js("new Promise((done) => setTimeout(done, 1500))")  # the marble has come to rest
    jump, far = way(0, "rings")
    step, back = way(2, "rotate")
    assert far > 0.2
    assert back > 0.2
    assert jump > 0.5 * far
    assert step < 0.1 * back


def test_pictures_that_come_too_late_are_drawn_with_less_and_it_says_so(tab: Tab) -> None:
    tab.js("Object.assign(lodestone.board, { effort: 0, gap: 0, late: 0 }), lodestone.board.makeFilings()")
    dense = tab.js("lodestone.board.filings.places.length")
    pace = "{ let t = 1e6; for (const gap of %s) lodestone.board.pace((t += gap)); }"
    late = f"(() => {pace[:-1]} return lodestone.board.effort; }})()"
    assert tab.js(late % "Array(300).fill(16.7)") == 0
    assert tab.js(late % "[...Array(100).fill(16.7), 60, 60, 60, 60]") == 1
    assert tab.js(late % "Array(300).fill(33)") == 2
    assert tab.js("lodestone.board.filings.places.length") < 0.6 * dense
    tab.until("document.getElementById('figures').textContent.includes('drawn with less')")
