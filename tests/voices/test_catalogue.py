"""What ships: cards that are whole, files that match them, one clear line where they do not."""

from __future__ import annotations

import hashlib
import json
import lzma
import re
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from graphs.card import read_card
from lodestone.cli import build_app
from voices import catalogue
from voices.errors import VoiceError

NAMES = [voice.name for voice in catalogue.shipped()]


def copy(name: str, folder: Path) -> Path:
    return Path(shutil.copytree(catalogue.FOLDER / name, folder / name))


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_voice_is_whole(name: str) -> None:
    voice = catalogue.find(name)
    assert hashlib.sha256(voice.graph().SerializeToString()).hexdigest() == voice.sha256
    assert voice.mean.shape == voice.std.shape == (voice.latents,)
    assert (voice.std > 0).all()
    assert {entry.licence for entry in voice.corpus} <= {
        "CC0 1.0",
        "MIT, as this project",
        "MIT (parts public domain or CC0)",
    }
    assert all(
        entry.origin.startswith(
            ("http", "voices/", "freesound.org", "training/", "sonic-pi-samples", "MuseScore")
        )
        for entry in voice.corpus
    )


@pytest.mark.parametrize("name", NAMES)
def test_the_golden_take_fits_the_card(name: str) -> None:
    voice = catalogue.find(name)
    golden = np.load(catalogue.FOLDER / name / "golden.npz")
    assert golden["hop"] == voice.hop
    assert golden["rate_hz"] == voice.sample_rate
    assert golden["t1.z"].shape[1:] == (1, voice.latents, 1)
    assert golden["t1.audio"].shape == (len(golden["t1.z"]), 1, voice.hop)
    assert np.abs(golden["t1.audio"]).max() > 0.01, "the voice is silent"


def test_a_changed_file_is_noticed(tmp_path: Path) -> None:
    copy(NAMES[0], tmp_path)
    voice = catalogue.find(NAMES[0], tmp_path)
    data = bytearray(voice.path.read_bytes())
    data[len(data) // 2] ^= 1
    voice.path.write_bytes(data)
    with pytest.raises(VoiceError, match="SHA-256"):
        voice.graph()
    voice.path.write_bytes(lzma.compress(b"another file"))
    with pytest.raises(VoiceError, match="SHA-256"):
        voice.graph()


def test_all_voices_together_stay_small() -> None:
    files = [path for name in NAMES for path in (catalogue.FOLDER / name).iterdir()]
    assert sum(path.stat().st_size for path in files) <= 12e6


def test_voices_of_the_same_latents_name_one_that_ships() -> None:
    for voice in catalogue.shipped():
        family = catalogue.find(voice.latents_of)
        assert family.latents_of == family.name
        np.testing.assert_array_equal(voice.mean, family.mean)
        np.testing.assert_array_equal(voice.std, family.std)


def test_a_size_has_the_latents_of_its_voice_for_less() -> None:
    for voice in catalogue.shipped():
        for size in voice.sizes:
            own, small = read_card(voice.graph()), read_card(size.graph())
            assert small.latents_of == voice.name
            assert small.taught["sha256"] == voice.sha256
            assert (small.latents, small.sample_rate, small.hop) == (own.latents, own.sample_rate, own.hop)
            assert own.latent is not None
            assert small.latent is not None
            np.testing.assert_array_equal(small.latent.quantiles, own.latent.quantiles)
            assert small.macs_per_second < 0.6 * own.macs_per_second
            assert size.capacity < voice.capacity
            assert catalogue.file(size.name) == size.path
            assert small.taught["fidelity"] == size.fidelity


def test_a_size_is_near_its_voice() -> None:
    """As it was measured when it was made: each descriptor's change per latent is the voice's own."""
    sizes = [size for voice in catalogue.shipped() for size in voice.sizes]
    assert sizes
    for size in sizes:
        assert min(size.fidelity[f"axis_{name}"] for name in ("loudness", "centroid", "spectrum")) >= 0.9
        assert size.fidelity["loudness_db"] <= 2.0
        assert size.step_ms[1] <= 25


def test_a_missing_file_is_noticed(tmp_path: Path) -> None:
    folder = copy(NAMES[0], tmp_path)
    (folder / f"{NAMES[0]}.onnx.xz").unlink()
    with pytest.raises(VoiceError, match="none there"):
        catalogue.shipped(tmp_path)


@pytest.mark.parametrize(
    "change",
    [{"version": 2}, {"format": "other"}, {"latent": None}, {"corpus": [{"file": "a"}]}, {"hop": "many"}],
    ids=str,
)
def test_a_malformed_card_is_one_clear_line(change: dict[str, object], tmp_path: Path) -> None:
    folder = copy(NAMES[0], tmp_path)
    card = json.loads((folder / "card.json").read_text())
    (folder / "card.json").write_text(json.dumps(card | change))
    with pytest.raises(VoiceError, match="a voice's card"):
        catalogue.read(folder)


def test_the_command_lists_and_describes() -> None:
    listed = CliRunner().invoke(build_app(), ["voices"])
    assert listed.exit_code == 0
    assert all(name in listed.stdout for name in NAMES)
    one = CliRunner().invoke(build_app(), ["voices", NAMES[0]])
    assert "CC0 1.0" in one.stdout
    voice = catalogue.find(NAMES[0])
    assert f"after {voice.step_ms[0]:g}, {voice.step_ms[1]:g}, {voice.step_ms[2]:g} ms" in one.stdout
    silence = voice.held_out["silence"]
    figures = f"{silence['distance']:.2f} *{silence['loudness_db']:.1f}  silence"
    assert re.search(figures, one.stdout)
    cards = json.loads(CliRunner().invoke(build_app(), ["voices", "--json"]).stdout)
    assert [card["name"] for card in cards] == NAMES


def test_the_command_unpacks_what_other_players_read(tmp_path: Path) -> None:
    result = CliRunner().invoke(build_app(), ["voices", NAMES[0], "--ts", str(tmp_path / "voice.ts")])
    assert result.exit_code == 0
    data = (tmp_path / "voice.ts").read_bytes()
    assert data == catalogue.find(NAMES[0]).torchscript(), "the same voice is the same file"
    assert zipfile.is_zipfile(tmp_path / "voice.ts")


def test_an_unknown_voice_names_the_known() -> None:
    result = CliRunner().invoke(build_app(), ["voices", "trombone"])
    assert isinstance(result.exception, VoiceError)
    assert NAMES[0] in str(result.exception)


@pytest.mark.parametrize("option", ["--atlas", "--ts"])
def test_a_file_needs_a_name(option: str, tmp_path: Path) -> None:
    result = CliRunner().invoke(build_app(), ["voices", option, str(tmp_path / "file")])
    assert isinstance(result.exception, VoiceError)
    assert not (tmp_path / "file").exists()
