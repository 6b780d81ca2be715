"""The card: round trip, words, refusal of what is not one; the self-check that it carries."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest

import model_export
from graphs.card import FORMAT, VERSION, Card, Knob, LatentStatistics, attach_card, read_card
from graphs.errors import GraphError
from graphs.tolerance import EXACT
from model_export.describe import describe
from model_export.verify import reference_error, verify

Unpack = Callable[[str], Path]


@pytest.fixture(scope="module")
def voice(archive: Unpack) -> onnx.ModelProto:
    return model_export.export(archive("v1_noise"))


def test_round_trip(voice: onnx.ModelProto) -> None:
    card = read_card(voice)
    again = Card.from_json(card.to_json())
    assert again.to_json() == card.to_json()
    assert card.noise == {"noise.0": ("uniform", (1, 1, 16, 64))}


def test_touch_card_round_trip() -> None:
    touch = Card(
        "touch", "glass", 8, rate_hz=200, knobs={"reach": Knob(0.1, 8, 2, "mT")}, states={"state.0": "rest"}
    )
    again = Card.from_json(touch.to_json())
    assert again == touch
    assert "sample_rate" not in json.loads(touch.to_json())


def test_attach_replaces(voice: onnx.ModelProto) -> None:
    model = onnx.ModelProto()
    model.CopyFrom(voice)
    attach_card(model, replace(read_card(voice), name="other"))
    assert read_card(model).name == "other"
    assert len(model.metadata_props) == 1


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format":"lodestone-card","version":1}', "nonsense"])
def test_damaged_card(text: str) -> None:
    with pytest.raises(GraphError, match="card"):
        Card.from_json(text)


def test_newer_card() -> None:
    with pytest.raises(GraphError, match="version 2"):
        Card.from_json('{"format":"lodestone-card","version":2}')


def test_no_card_and_no_model(tmp_path: Path) -> None:
    with pytest.raises(GraphError, match="without"):
        read_card(onnx.ModelProto())
    (tmp_path / "a.onnx").write_bytes(b"\xff\x01 not protobuf")
    with pytest.raises(GraphError, match="other bytes"):
        read_card(tmp_path / "a.onnx")


def test_reference_run_notices_one_changed_weight(voice: onnx.ModelProto) -> None:
    card = read_card(voice)
    assert reference_error(voice, card) <= EXACT
    damaged = onnx.ModelProto()
    damaged.CopyFrom(voice)
    weight = max(damaged.graph.initializer, key=lambda tensor: len(tensor.raw_data))
    numbers = np.frombuffer(weight.raw_data, np.float32).copy()
    numbers[numbers.size // 2] += 0.1
    weight.raw_data = numbers.tobytes()
    with pytest.raises(GraphError, match="reference run"):
        verify(damaged, card)


def test_prior_by_kind_of_latent(archive: Unpack) -> None:
    normal, codes, turns = (
        read_card(model_export.export(archive(name))).latent for name in ("v2", "discrete", "spherical")
    )
    assert normal is not None
    assert codes is not None
    assert turns is not None
    assert (normal.origin, float(normal.mean[0]), float(normal.std[0])) == ("prior", 0.0, 1.0)
    assert (codes.quantiles.min() >= 0, codes.quantiles.max() <= 63) == (True, True)
    assert np.allclose([turns.mean[0], turns.std[0]], [0, 2 / np.sqrt(12)])


def test_words_and_figures(voice: onnx.ModelProto) -> None:
    card = read_card(voice)
    text = "\n".join(describe(card, 1e-7))
    for told in (
        "44100 Hz",
        "1024 samples",
        "214.4 ms",
        "uniform [1, 1, 16, 64]",
        "no recording was encoded",
    ):
        assert told in text
    measured = LatentStatistics("corpus", *(np.zeros(s, np.float32) for s in (8, 8, 17, (8, 17))))
    assert "measured" in "\n".join(describe(replace(card, latent=measured)))


def test_commands(archive: Unpack, tmp_path: Path) -> None:
    out = tmp_path / "voice.onnx"
    run = [sys.executable, "-m", "lodestone"]
    made = subprocess.run(
        [*run, "export", str(archive("v1_noise")), "-o", str(out), "--json"], capture_output=True, text=True
    )
    assert made.returncode == 0, made.stderr
    assert json.loads(made.stdout)["name"] == "v1_noise"
    assert "answers 214 ms late" in made.stderr
    told = subprocess.run([*run, "card", str(out), "--json"], capture_output=True, text=True)
    assert json.loads(told.stdout) == json.loads(made.stdout)
    assert read_card(out).delay_samples == 9456


@pytest.mark.parametrize(
    "statistics", [{"probabilities": 0.5}, {"mean": [[0.0]]}, {"std": [10**400]}, {"quantiles": [0.1]}]
)
def test_statistics_of_another_shape_are_refused(statistics: dict[str, object]) -> None:
    latent = {"origin": "corpus", "mean": [0.0], "std": [1.0], "probabilities": [0.0, 1.0]}
    data = {"format": FORMAT, "version": VERSION, "kind": "voice", "name": "a", "latents": 1}
    text = json.dumps({**data, "latent": {**latent, "quantiles": [[-1.0, 1.0]]}})
    assert Card.from_json(text).latent is not None
    text = json.dumps({**data, "latent": {**latent, "quantiles": [[-1.0, 1.0]], **statistics}})
    with pytest.raises(GraphError, match="damaged"):
        Card.from_json(text)


def test_a_card_of_endless_brackets_is_refused() -> None:
    with pytest.raises(GraphError, match="brackets"):
        Card.from_json("[" * 100_000)
