"""Sounds to learn from: models, lists of licences, what is refused and how it is told."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from training import models, recordings
from training.errors import TrainingError
from training.settings import Settings

RATE = 44100
RNG = np.random.default_rng(1)
TONE = 0.3 * np.sin(2 * np.pi * 440 * np.arange(2 * RATE) / RATE)


@pytest.mark.parametrize("name", sorted(models.MODELS))
def test_a_take_is_the_same_every_time_and_unlike_the_next(name: str) -> None:
    first, again, other = (models.render(name, take, 1.5) for take in (0, 0, 1))
    assert first.dtype == np.float32
    assert len(first) == int(1.5 * RATE)
    assert np.abs(first).max() == pytest.approx(0.5, rel=1e-4)
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 0.1


def test_an_unknown_model_names_the_known() -> None:
    with pytest.raises(TrainingError, match="brook"):
        models.render("lava", 0, 1.0)


def folder_of(path: Path, files: dict[str, np.ndarray], lines: list[str], rate: int = RATE) -> Path:
    for name, audio in files.items():
        soundfile.write(path / name, audio, rate)
    (path / "licences.csv").write_text("\n".join(["file,origin,licence", *lines]) + "\n")
    return path


def test_recordings_of_mixed_rates_come_out_at_one_level_and_one_is_held_out(tmp_path: Path) -> None:
    folder_of(
        tmp_path,
        {"a.wav": TONE, "b.wav": 0.01 * TONE},
        ["a.wav,me,CC0 1.0", "b.wav,me,CC0 1.0", "c.wav,me,CC0"],
    )
    soundfile.write(tmp_path / "c.wav", np.stack([TONE, TONE], 1)[:48000], 24000)
    takes = {take.recording.file: take for take in recordings.read(tmp_path)}
    assert sum(take.recording.held_out for take in takes.values()) == 1
    assert len(takes["c.wav"].audio) == pytest.approx(2 * RATE, abs=4)
    for take in takes.values():
        assert np.sqrt(np.mean(np.square(take.audio))) == pytest.approx(0.1, rel=0.05)


BAD = {
    "licences": ({"a.wav": TONE, "b.wav": TONE}, ["a.wav,me,CC0"], "none for b.wav"),
    "an empty licence": ({"a.wav": TONE}, ["a.wav,me,"], "an empty entry"),
    "no origin": ({"a.wav": TONE}, ["a.wav,,CC0"], "an empty entry"),
    "too short": ({"a.wav": TONE[:9000], "b.wav": TONE}, ["a.wav,me,CC0", "b.wav,me,CC0"], "0.20 s"),
    "silent": ({"a.wav": 0 * TONE, "b.wav": TONE}, ["a.wav,me,CC0", "b.wav,me,CC0"], "silence"),
    "clipped": (
        {"a.wav": np.clip(9 * TONE, -1, 1), "b.wav": TONE},
        ["a.wav,me,CC0", "b.wav,me,CC0"],
        "full scale",
    ),
    "only one": ({"a.wav": TONE}, ["a.wav,me,CC0"], "1 in all"),
}


@pytest.mark.parametrize("case", sorted(BAD))
def test_what_cannot_be_used_is_told_in_one_line(case: str, tmp_path: Path) -> None:
    files, lines, got = BAD[case]
    folder_of(tmp_path, files, lines)
    with pytest.raises(TrainingError, match=got) as caught:
        recordings.read(tmp_path)
    assert "\n" not in str(caught.value)


def test_a_folder_without_a_list_of_licences_is_refused(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", TONE, RATE)
    with pytest.raises(TrainingError, match=r"licences\.csv"):
        recordings.read(tmp_path)


def test_a_file_that_is_no_sound_is_told_by_name(tmp_path: Path) -> None:
    folder_of(tmp_path, {"b.wav": TONE}, ["a.wav,me,CC0", "b.wav,me,CC0"])
    (tmp_path / "a.wav").write_bytes(b"no sound")
    with pytest.raises(TrainingError, match=r"a\.wav"):
        recordings.read(tmp_path)


SETTINGS = 'name = "x"\nsummary = "y"\n[network]\nratios = [2, 2]\ndilations = [[1], [1]]\n'


@pytest.mark.parametrize(
    ("text", "got"),
    [
        ("", "missing 'name'"),
        (SETTINGS + "capasity = 3\n", "unknown entries capasity"),
        (SETTINGS.replace("[[1], [1]]", "[[1]]"), "2 ratios and 1 rows"),
        (SETTINGS + "taps = 100\n", "taps 100"),
        (SETTINGS + "latents = 1\n", "1 latents"),
        ("name = ", "Invalid value"),
    ],
)
def test_wrong_settings_are_told_in_one_line(text: str, got: str, tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text(text)
    with pytest.raises(TrainingError, match=got):
        Settings.load(tmp_path / "settings.toml")


def test_the_hop_follows_from_the_ratios(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text(SETTINGS)
    assert Settings.load(tmp_path / "settings.toml").network.hop == 64
