"""The page to listen: sounds of a voice, rounds of the blind test, and what is told where there are none."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.support.chromium import Chromium, executable
from tests.support.tiny_voice import random_weights, tiny_voice
from voices import listen
from voices.errors import VoiceError
from voices.measure import high_db

RATE = 22050


@pytest.fixture
def rebuilt(tmp_path: Path) -> Path:
    folder = tmp_path / "rebuilt" / "glass"
    folder.mkdir(parents=True)
    noise = np.random.default_rng(1).normal(0, 0.1, RATE)
    for take in ("rim_1", "rim_2"):
        for form, sound in {"original": noise, "glass": 0.5 * noise, "silence": 0 * noise}.items():
            soundfile.write(folder / f"{take}.{form}.wav", sound, RATE)
    return folder.parent


def test_a_round_hides_the_recording_among_its_forms(rebuilt: Path, tmp_path: Path) -> None:
    rounds = listen.trials(rebuilt, tmp_path)
    assert [(r["voice"], r["take"]) for r in rounds] == [("glass", "rim_1"), ("glass", "rim_2")]
    forms = {form["form"]: form["file"] for form in rounds[0]["forms"]}
    assert set(forms) == {listen.REFERENCE, "without highs", "glass", "silence"}
    assert len(set(forms.values())) == 4
    assert not any(name in file for file in forms.values() for name in ("glass", "rim", "original"))
    original, rate = soundfile.read(rebuilt / "glass" / "rim_1.original.wav")
    np.testing.assert_array_equal(soundfile.read(tmp_path / rounds[0]["reference"])[0], original)
    dull = soundfile.read(tmp_path / forms["without highs"])[0]
    assert high_db(dull, rate) < high_db(original, rate) - 30


def test_nothing_rebuilt_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(VoiceError, match=r"training\.held_out"):
        listen.trials(tmp_path, tmp_path)


def test_a_voice_is_played_held_and_left_alone() -> None:
    made = listen.sounds(tiny_voice(random_weights()))
    assert list(made) == ["a hand that wanders", "places held and left", "one note, held", "at rest"]
    assert all(np.isfinite(sound).all() and np.abs(sound).max() > 1e-4 for sound in made.values())


def test_the_page_carries_its_facts_and_asks_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listen, "SECONDS", 0.5)
    page = listen.write(tmp_path / "listen", ["glass"], None).read_text(encoding="utf-8")
    (facts,) = re.findall(r'<script id="facts" type="application/json">(.*?)</script>', page)
    told = json.loads(facts)
    files = [sound["file"] for sound in told["voices"][0]["sounds"]]
    assert all((tmp_path / "listen" / file).is_file() for file in files)
    assert told["trials"] == []
    assert not re.search(r"https?://", page)


def test_a_person_takes_the_blind_test(
    rebuilt: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if executable() is None:
        assert os.environ.get("LODESTONE_PAGE") != "required", "wanted Chromium for the page, got none"
        pytest.skip("without Chromium the blind test is not taken")
    monkeypatch.setattr(listen, "SECONDS", 0.5)
    page = listen.write(tmp_path / "listen", ["glass"], rebuilt)
    with Chromium() as browser:
        tab = browser.tab()
        tab.open(page.as_uri())
        tab.until("document.readyState === 'complete' && document.getElementById('next')")
        press = "document.getElementById('next').click()"
        tab.js(press)
        tab.js(press)
        assert "every slider" in tab.js("document.getElementById('where').textContent")
        for score in (20, 80):
            tab.js(
                "document.querySelectorAll('input[type=range]').forEach((slider) => {"
                f" slider.value = {score}; slider.dispatchEvent(new Event('input')); }})"
            )
            tab.js(press)
        told = json.loads(tab.until("document.getElementById('json').value"))
        assert tab.faults == []
    assert (told["format"], told["version"]) == ("lodestone-listening", 1)
    assert {answer["take"] for answer in told["answers"]} == {"rim_1", "rim_2"}
    forms = {listen.REFERENCE, "without highs", "glass", "silence"}
    assert [answer["scores"] for answer in told["answers"]] == [dict.fromkeys(forms, s) for s in (20, 80)]
