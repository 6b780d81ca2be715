"""Around the training of a student: its course, and what becomes of the weights; PyTorch has no part."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import onnx
import pytest

from graphs.card import attach_card, read_card
from graphs.player import GraphPlayer
from model_export import step_response
from tests.support.tiny_voice import RATE, random_weights, tiny_voice
from tests.training.test_narrow import clock
from training import axes, bank, course, distillation, fidelity, finished, own_weights
from training import lessons as room
from training.distillation import Wish, prepare, result
from training.errors import TrainingError
from voices.errors import VoiceError

WISH = Wish("small", "bela", 10, capacity=2, minutes=0.1, licence="CC0 1.0")


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "SECONDS", 0.8)
    monkeypatch.setattr(distillation, "SECONDS", 60.0)
    monkeypatch.setattr(axes, "PAIRS", 8)
    monkeypatch.setattr(axes, "SETTLING_SECONDS", 0.1)
    monkeypatch.setattr(axes, "HELD_SECONDS", 0.1)
    monkeypatch.setattr(fidelity, "HELD_SECONDS", 0.2)
    monkeypatch.setattr(fidelity, "SETTLING_SECONDS", 0.1)
    monkeypatch.setattr(step_response, "REPEATS", 1)
    monkeypatch.setattr(step_response, "SECONDS_BEFORE", 0.4)
    monkeypatch.setattr(step_response, "SECONDS_AFTER", 0.35)


@pytest.fixture(scope="module")
def teacher() -> onnx.ModelProto:
    model = tiny_voice(random_weights())
    attach_card(model, dataclasses.replace(read_card(model), step_ms=(1.0, 3.0, 9.0)))
    return model


def trained(run: Path) -> dict[str, np.ndarray]:
    """Weights as a training leaves them, and a take of the graph that is not folded."""
    told = course.read(run)
    random = np.random.default_rng(1)
    weights = {
        name: random.normal(0, 0.3, shape).astype(np.float32)
        for name, shape in own_weights.shapes(told.settings).items()
    }
    network = told.settings.network
    synthesis = bank.synthesis(network.bands, network.taps, network.attenuation_db)
    weights |= {"bank": synthesis[:, None].astype(np.float32), "clock": clock(told.settings)}
    count, steps = network.latents, network.hop // network.bands
    z = random.normal(size=(24, 1, count, 1)).astype(np.float32)
    walk = random.normal(size=z.shape).astype(np.float32)
    noise = random.random((24, 1, network.bands, steps)).astype(np.float32)
    spread = read_card(onnx.load(run / "teacher.onnx")).latent
    assert spread is not None
    stream = GraphPlayer(finished.draft(told.settings, weights, RATE, spread, np.zeros(count, np.float32)))
    played = [
        stream.run({"latent": z[k], "noise.0": walk[k], "noise.1": noise[k]})["audio"][0] for k in range(24)
    ]
    take = {
        "t1.z": z, "t1.noise.0": walk, "t1.noise.1": noise,
        "t1.kinds": np.array(["normal", "uniform"]),
        "t1.audio": np.stack(played) * np.float32(told.level / room.LEVEL),
    }  # fmt: skip
    named = {f"weights.{name}": value for name, value in weights.items()}
    return named | take | {"steps": np.int64(7), "seconds": np.float64(90.0)}


def test_a_student_says_who_taught_it_and_keeps_its_latents(teacher: onnx.ModelProto, tmp_path: Path) -> None:
    told = prepare(teacher, WISH, tmp_path)
    assert (told.teacher, told.rate, told.warm, told.wide) == ("tiny", RATE, False, None)
    np.savez(tmp_path / "student.npz", **trained(tmp_path))
    model, found = result(tmp_path)
    card, whole = read_card(model), read_card(teacher)
    assert card.latents_of == "tiny"
    assert card.taught["sha256"] == told.teacher_sha256
    assert card.taught["licence"] == "CC0 1.0"
    assert card.taught["minutes"] == 1.5
    assert card.taught["fidelity"] == found
    assert len(card.step_ms) == 3
    assert card.latent is not None
    assert whole.latent is not None
    np.testing.assert_array_equal(card.latent.quantiles, whole.latent.quantiles)
    assert read_card(onnx.load_from_string(model.SerializeToString())) is not None


def test_a_graph_that_plays_something_else_is_refused(teacher: onnx.ModelProto, tmp_path: Path) -> None:
    prepare(teacher, WISH, tmp_path)
    made = trained(tmp_path)
    made["weights.wave.weight"] = made["weights.wave.weight"] * 1.001
    np.savez(tmp_path / "student.npz", **made)
    with pytest.raises(TrainingError, match="within 1e-05 of PyTorch"):
        result(tmp_path)


def test_a_run_goes_on_and_belongs_to_one_teacher_and_one_student(
    teacher: onnx.ModelProto, tmp_path: Path
) -> None:
    first = prepare(teacher, WISH, tmp_path)
    lesson = sorted((tmp_path / "lessons").iterdir())[3]
    said = (tmp_path / axes.NAME).read_bytes()
    for made in (lesson, tmp_path / axes.NAME):
        made.unlink()  # killed before it was made
    assert prepare(teacher, WISH, tmp_path) == first
    assert lesson.is_file()
    assert (tmp_path / axes.NAME).read_bytes() == said
    with pytest.raises(TrainingError, match="capacity 3"):
        prepare(teacher, dataclasses.replace(WISH, capacity=3), tmp_path)
    with pytest.raises(TrainingError, match="the teacher of the run"):
        prepare(tiny_voice(random_weights(3)), WISH, tmp_path)


@pytest.mark.parametrize("text", ["{", "[]", json.dumps({"format": "x", "version": 1})])
def test_a_damaged_course_is_one_line(text: str, tmp_path: Path) -> None:
    (tmp_path / "course.json").write_text(text)
    with pytest.raises(TrainingError, match=r"course\.json") as caught:
        course.read(tmp_path)
    assert "\n" not in str(caught.value)


def test_without_a_training_there_is_no_student(teacher: onnx.ModelProto, tmp_path: Path) -> None:
    prepare(teacher, WISH, tmp_path)
    with pytest.raises(TrainingError, match=r"student\.npz"):
        result(tmp_path)
    (tmp_path / "student.npz").write_bytes(b"PK\x03\x04 damaged")
    with pytest.raises(TrainingError, match=r"student\.npz"):
        result(tmp_path)


def test_a_capacity_out_of_range_is_told(teacher: onnx.ModelProto, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="a capacity of 2 to 64, got 99"):
        prepare(teacher, dataclasses.replace(WISH, capacity=99), tmp_path)


def test_fidelity_names_what_it_does_not_know() -> None:
    with pytest.raises(VoiceError, match="trombone"):
        fidelity.open_voice("trombone")
