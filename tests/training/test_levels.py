"""One gain brings a voice and its sizes to the loudness of what ships; the softest of them is heard."""

from __future__ import annotations

import onnx
import pytest

from tests.support.tiny_voice import random_weights, tiny_voice
from training import levels
from training.errors import TrainingError
from voices import catalogue, measure


@pytest.fixture
def plain(monkeypatch: pytest.MonkeyPatch) -> onnx.ModelProto:
    monkeypatch.setattr(measure, "PLAY_SECONDS", 0.8)
    return tiny_voice(random_weights())


def at(gain: float) -> tuple[float, float]:
    return levels.heard(tiny_voice(random_weights(), gain=gain))


def test_a_voice_is_as_loud_as_its_peak_permits(
    plain: onnx.ModelProto, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert at(levels.of_voice(plain))[0] == pytest.approx(levels.LUFS, abs=0.01)
    monkeypatch.setattr(levels, "LUFS", 10.0)
    assert at(levels.of_voice(plain))[1] == pytest.approx(levels.PEAK_DB, abs=0.01)


@pytest.mark.parametrize(("given", "told"), [(-21.0, -21.0), (-30.0, -22.7), (-10.0, -17.3)])
def test_a_size_is_moved_no_farther_than_it_must(plain: onnx.ModelProto, given: float, told: float) -> None:
    taught = 10 ** ((given - levels.heard(plain)[0]) / 20)
    lufs, peak_db = at(levels.of_size(plain, taught))
    assert lufs == pytest.approx(told, abs=0.01)
    assert peak_db <= levels.PEAK_DB + 0.01


def test_a_size_that_its_peaks_keep_too_soft_does_not_ship(
    plain: onnx.ModelProto, monkeypatch: pytest.MonkeyPatch
) -> None:
    lufs, peak_db = levels.heard(plain)
    crest = peak_db - lufs
    monkeypatch.setattr(levels, "PEAK_DB", -22.9 + crest)
    assert at(levels.of_size(plain, 1e-3))[0] == pytest.approx(-22.9, abs=0.01)
    monkeypatch.setattr(levels, "PEAK_DB", -23.1 + crest)
    with pytest.raises(TrainingError, match=r"a size of -20 ± 3 LUFS, got -23\.1"):
        levels.of_size(plain, 1e-3)


def test_the_softest_size_that_ships_is_loud_enough() -> None:
    lufs, peak_db = levels.heard(catalogue.of("water-small").sizes[0].graph())
    assert abs(lufs - levels.LUFS) <= levels.WANTED_DB
    assert peak_db <= -1.0
