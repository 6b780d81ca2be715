"""What a player taught: kept in a file, and in a touch that brings the sound back at its gesture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from firmware import Engine
from lodestone.page.teach import Teacher
from lodestone.settings import SceneSettings
from lodestone.teaching import Pair, TeachingError, load_taught, save_taught, taught_touch, with_snapshots
from model_export.compiler import compile_plan
from tests.support.plain_board import gaussian_card, plain_calibration


def at_a_field(plan: bytes, field: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Touch and latents once a field has rested for a second."""
    engine = Engine(plan)
    inputs = {
        "dt": np.float32(0.005),
        "valid": np.ones(4, np.float32),
        "temperature": np.full(4, 25, np.float32),
    }
    for _ in range(200):
        out = engine.run({**inputs, "field": field.astype(np.float32)})
    return out["touch"].ravel(), out["latent"].ravel()


def test_a_taught_sound_is_there_at_its_gesture_and_elsewhere_the_mapping_sounds() -> None:
    calibration, scene = plain_calibration(), SceneSettings("one", "glass", "rotate")
    card = gaussian_card(4)
    card["latent"] |= {"mean": [1.0, 0.0, 0.0, -2.0], "std": [0.5, 1.0, 2.0, 1.0]}
    held, away = calibration.rest.offset_mt + 1.5, calibration.rest.offset_mt - 3.0
    bare = compile_plan(taught_touch(calibration, card, scene, []))
    touch, before = at_a_field(bare, held)
    sound = (1.6, -1.2, 2.0, -2.5)
    taught = compile_plan(taught_touch(calibration, card, scene, [Pair(tuple(touch), sound)]))
    _, then = at_a_field(taught, held)
    assert np.abs(before - sound).max() > 0.5
    np.testing.assert_allclose(then, sound, atol=0.05)
    np.testing.assert_allclose(at_a_field(taught, away)[1], at_a_field(bare, away)[1], atol=0.05)


def test_snapshots_stand_behind_the_family() -> None:
    assert with_snapshots("rotate") == "rotate+snapshots"
    assert with_snapshots("wire+memory") == "wire+snapshots+memory"
    assert with_snapshots("wire+snapshots") == "wire+snapshots"


def test_sounds_of_another_voice_are_refused() -> None:
    pair = Pair((0.5,) * 12, (0.0,) * 3)
    with pytest.raises(TeachingError, match="wanted sounds of 4 latents, got 3 in pair 1"):
        taught_touch(plain_calibration(), gaussian_card(4), SceneSettings("one", "glass"), [pair])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"format": "lodestone-taught", "version": 1, "scenes": {"a": [{"touch": [1]}]}}',
        "[" * 9999,
    ],
)
def test_another_file_is_refused_in_one_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "taught.json"
    path.write_text(text)
    with pytest.raises(TeachingError, match="wanted "):
        load_taught(path)


def test_what_the_board_refuses_is_not_kept(tmp_path: Path) -> None:
    path = tmp_path / "taught.json"
    save_taught(path, {"one": [Pair((0.1,) * 12, (1.0, 2.0))]})

    def refuse(scene: str, pairs: object) -> object:
        raise TeachingError("a board", "none", "look for it")

    told: list[dict[str, object]] = []
    wishes: list[dict[str, object]] = [
        {"teach": "keep", "scene": "one", "touch": [0.5] * 12, "latent": [0.0, 0.0]},
        {"teach": "keep", "scene": "one", "touch": [float("nan")] * 12, "latent": [0.0]},
        {"teach": "keep", "scene": 7},
        {"teach": "forget", "scene": "two"},
    ]
    for wish in wishes:
        Teacher(path, refuse).hear(wish, told.append).join(10)  # type: ignore[arg-type]
    assert [str(words["trouble"]).split(",")[0] for words in told] == [
        "wanted a board",
        "wanted a touch of 12 numbers",
        "wanted the name of a scene",
        "wanted a gesture to forget",
    ]
    assert len(load_taught(path)["one"]) == 1
