"""What plays now, kept as a scene of instrument.toml."""

from __future__ import annotations

from pathlib import Path

import pytest

from lodestone.board_messages import BoardKnob
from lodestone.kept_scene import keep_scene
from lodestone.settings import SettingsError, default_toml, load_settings

SCENE = """
# my evening
[[scene]]
name = "dusk"
voice = "glass"
mapping = "rotate+memory"
seed = 7
morph = 2.5
knobs = { entanglement = 0.25 }
"""


def knob(number: int, name: str, value: float, initial: float) -> BoardKnob:
    return BoardKnob(number, 5, name, value, 0.0, 5.0, initial, "")


KNOBS = (
    knob(0, "entanglement", 0.6000000238418579, 0.25),
    knob(1, "memory", 0.5, 0.5),
    knob(2, "range", 1.5, 1.0),
    knob(3, "rest_capture", 1.0, 0.0),
)


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    path = tmp_path / "instrument.toml"
    text = default_toml()
    path.write_text(text[: text.index("[[scene]]")] + SCENE, encoding="utf-8")
    return path


def test_a_scene_is_kept_with_its_knobs_and_the_players_text(settings: Path) -> None:
    before = settings.read_text()
    kept = keep_scene(settings, "night", "dusk", KNOBS)
    assert settings.read_text().startswith(before.rstrip("\n"))
    found = load_settings(settings).scenes
    assert [scene.name for scene in found] == ["dusk", "night"]
    assert found[1] == kept
    assert kept.knobs == {"entanglement": 0.6, "range": 1.5}
    assert (kept.voice, kept.mapping, kept.seed, kept.morph) == ("glass", "rotate+memory", 7, 2.5)


@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_lines_end_as_they_did(settings: Path, mark: str) -> None:
    before = (mark + settings.read_text(encoding="utf-8")).replace("\n", "\r\n").encode()
    settings.write_bytes(before)
    keep_scene(settings, "night", "dusk", KNOBS)
    now = settings.read_bytes()
    assert now.startswith(before)
    assert now.count(b"\n") == now.count(b"\r\n") > before.count(b"\n") + 5
    assert [scene.name for scene in load_settings(settings).scenes] == ["dusk", "night"]


def test_what_cannot_be_kept_leaves_the_file_as_it_was(settings: Path) -> None:
    before = settings.read_bytes()
    for name, plays, words in (
        ("dusk", "dusk", "a name that no scene"),
        ("night", "dawn", "'dawn' on the board, dusk there"),
        ("night and day", "dusk", "name"),
    ):
        with pytest.raises(SettingsError, match=words):
            keep_scene(settings, name, plays, KNOBS)
        assert settings.read_bytes() == before
