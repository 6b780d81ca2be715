"""`lodestone atlas` and `lodestone score`: pictures and data of a voice and of a performance."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from typer.testing import CliRunner

from errors import LodestoneError
from geometry import BoardGeometry
from graphs.card import read_card
from lodestone import sound_map
from lodestone.cli import build_app
from lodestone.score import hand
from lodestone.takes.take_file import Event, TakeWriter
from tests.support.tiny_voice import random_weights, tiny_voice


@pytest.fixture(scope="module")
def voice(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("voice") / "tiny.onnx"
    onnx.save(tiny_voice(random_weights()), str(path))
    return path


def take(path: Path, seconds: float = 2.0, touch: bool = True) -> Path:
    """Somebody goes from attractor 1 to 2, while four latents turn."""
    with TakeWriter(path, {"voice": "tiny"}) as writer:
        for frame in range(round(seconds * 200)):
            at, share = frame / 200, frame / (seconds * 200)
            values = [0.0] * 12
            values[0], values[3] = float(np.float32(1.0 - share)), float(np.float32(share))
            if touch:
                writer.add(Event(at, "/touch", tuple(values)))
            writer.add(Event(at, "/latent", tuple(float(np.float32(np.sin(3 * at + n))) for n in range(4))))
    return path


def run(*words: object) -> str:
    """What the command prints. Raises what it refuses with."""
    done = CliRunner().invoke(build_app(), [str(word) for word in words])
    if done.exception is not None:
        raise done.exception
    return done.stdout


def test_the_hand_is_where_the_touch_is() -> None:
    places = BoardGeometry().attractors_mm()[:, :2]
    touch = np.zeros((3, 12))
    touch[0, 4] = -0.5
    touch[1, 0], touch[1, 3] = 0.3, 0.3
    way = hand(touch)
    assert way[0] == pytest.approx(places[1])
    assert way[1] == pytest.approx((places[0] + places[1]) / 2)
    assert np.isnan(way[2]).all()


def test_a_score_is_one_page_of_pdf(voice: Path, tmp_path: Path) -> None:
    run("score", take(tmp_path / "evening.take"), "--voice", voice, "--folder", tmp_path / "v")
    page = (tmp_path / "evening.pdf").read_bytes()
    assert page.startswith(b"%PDF")
    assert page.count(b"/Type /Page\n") + page.count(b"/Type /Page ") == 1
    for words, says in (
        ((take(tmp_path / "mute.take", touch=False), "--voice", voice), "a take with touch in it"),
        ((tmp_path / "evening.take",), "a take that names its voice"),
    ):
        with pytest.raises(LodestoneError, match=says):
            run("score", *words)


def test_an_atlas_writes_words_pictures_and_the_players_path(voice: Path, tmp_path: Path) -> None:
    out = tmp_path / "atlas"
    played = take(tmp_path / "evening.take")
    told = run("atlas", voice, "--take", played, "--out", out, "--seconds", 6)
    heads, first = told.splitlines()[:2]
    assert heads.split()[0] == "latent"
    assert first.split()[0] == "1"
    words = json.loads((out / "tiny.atlas.json").read_text())
    assert [row["number"] for row in words["latents"]] == [1, 2, 3, 4]
    laid = json.loads((out / "tiny.map.json").read_text())
    assert len(laid["sounds"]) == 23  # windows of 0.25 s
    assert len(laid["path"]) == 7
    assert 0.0 < laid["share"] <= 1.0
    for name in ("tiny.atlas.png", "tiny.map.png"):
        assert (out / name).read_bytes().startswith(b"\x89PNG")


def test_sounds_that_are_alike_lie_together(voice: Path) -> None:
    """The same walk is the same map; its axes stand square, the wider one first."""
    model = onnx.load(str(voice))
    card = read_card(model)
    found = sound_map.survey(model, card, seed=3, seconds=6.0)
    again = sound_map.survey(model, card, seed=3, seconds=6.0)
    assert np.array_equal(found.places, again.places)
    assert np.abs(found.directions @ found.directions.T - np.eye(2)).max() < 1e-9
    assert found.places.std(axis=0)[0] >= found.places.std(axis=0)[1]


def test_a_take_of_another_voice_is_refused(voice: Path, tmp_path: Path) -> None:
    path = tmp_path / "other.take"
    with TakeWriter(path, {}) as writer:
        for frame in range(10):
            writer.add(Event(frame / 200, "/touch", (0.5,) * 12))
            writer.add(Event(frame / 200, "/latent", (0.0, 1.0)))
    with pytest.raises(LodestoneError, match="wanted 4 latents, as tiny has"):
        run("score", path, "--voice", voice)
