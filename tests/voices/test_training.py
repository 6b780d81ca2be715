"""The training loop; needs PyTorch: `.venv-rave/bin/python -m pytest tests/voices/test_training.py`."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("rave")

from voices.catalogue import FOLDER  # noqa: E402
from voices.errors import VoiceError  # noqa: E402
from voices.train import corpus, latents, rave_model, spread  # noqa: E402
from voices.train.loop import Trainer  # noqa: E402
from voices.train.settings import Settings, Source, Training  # noqa: E402

TINY = replace(
    Settings.load(FOLDER / "glass" / "settings.toml"),
    overrides=("CAPACITY=2", "LATENT_SIZE=8", "core.MultiScaleSTFT.scales=[256, 64]"),
    sources=(Source("model:wind"),),
    training=Training(steps=6, batch=1, frames=6, lead_frames=2, beta_steps=4),
)


def weights(trainer: Trainer) -> dict[str, object]:
    return {name: value.numpy() for name, value in trainer.average.items()}


def test_a_resumed_training_equals_an_uninterrupted_one(tmp_path: Path) -> None:
    whole = Trainer(TINY, tmp_path / "whole", tmp_path)
    whole.train(float("inf"))
    first = Trainer(TINY, tmp_path / "parts", tmp_path)
    for _ in range(3):
        first.take_step()
        first.step += 1
    first.save()
    second = Trainer(TINY, tmp_path / "parts", tmp_path)
    assert second.step == 3
    second.train(float("inf"))
    for name, value in weights(whole).items():
        np.testing.assert_array_equal(value, weights(second)[name], err_msg=name)


def test_steps_make_the_distance_smaller(tmp_path: Path) -> None:
    training = replace(TINY.training, steps=60, learning_rate=2e-2)
    trainer = Trainer(replace(TINY, training=training), tmp_path, tmp_path)
    before = trainer.held_out()
    trainer.train(float("inf"))
    assert trainer.step == 60
    assert (tmp_path / "progress.csv").read_text().splitlines()[-1].startswith("60,")  # however few steps
    assert (tmp_path / "step6.pt").exists()  # a tenth, to compare with
    assert trainer.held_out() < 0.8 * before


def test_the_filter_bank_delay_is_found(tmp_path: Path) -> None:
    trainer = Trainer(TINY, tmp_path, tmp_path)
    x = torch.randn(1, 1, 8192)
    back = rave_model.synthesise(trainer.model.pqmf, rave_model.analyse(trainer.model.pqmf, x))
    kept = back[..., trainer.delay :] - x[..., : -trainer.delay]
    assert trainer.delay == 528
    assert kept[..., 1024:-1024].abs().max() < 3e-3 * x.abs().max()


def test_held_out_sound_is_never_trained_on() -> None:
    ramp = corpus.build(replace(TINY, sources=(Source("model:drops", (0.0, 5.0)),)), Path())
    whole = corpus.read(Source("model:drops"), Path(), 44100)
    np.testing.assert_array_equal(np.concatenate([ramp.train[0], ramp.held_out[0]]), whole)
    assert len(ramp.train) == len(ramp.held_out) == 2


def test_crops_depend_on_seed_and_step_alone() -> None:
    take = np.arange(100_000, dtype=np.float32)
    crops = corpus.Crops([take, take[:5000]], 8192, 12.0, seed=1)
    np.testing.assert_array_equal(
        crops.batch(3, 7), corpus.Crops([take, take[:5000]], 8192, 12.0, 1).batch(3, 7)
    )
    assert not np.array_equal(crops.batch(3, 7), crops.batch(3, 8))
    assert crops.batch(3, 7).shape == (3, 1, 8192)


def test_a_recording_is_brought_to_level() -> None:
    quiet = np.float32(0.001) * np.random.default_rng(1).standard_normal(44100).astype(np.float32)
    half_silent = np.concatenate([quiet, np.zeros(44100, np.float32)])
    levelled = corpus.level(half_silent)
    assert levelled[:44100].std() == pytest.approx(corpus.LEVEL_RMS, rel=0.05)


@pytest.mark.parametrize(
    ("kept", "shares"), [(8, np.linspace(0.3, 1, 8)), (4, [0.5, 0.7, 0.85, 0.97, 1, 1, 1, 1])]
)
def test_the_fidelity_keeps_the_wanted_latents(kept: int, shares: list[float]) -> None:
    fidelity = torch.tensor(np.asarray(shares, np.float32))
    wanted = latents.export_fidelity(fidelity, kept)
    index = max(int(np.argmax(fidelity.numpy() > wanted)), 1)
    assert 2 ** int(np.ceil(np.log2(index))) == kept


def test_sleeping_latents_are_an_error() -> None:
    with pytest.raises(VoiceError, match="live latents"):
        latents.export_fidelity(torch.tensor([0.9995, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]), 8)


def test_a_missing_recording_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(VoiceError, match="sonic-pi-samples"):
        corpus.build(replace(TINY, sources=(Source("no.flac"),)), tmp_path)


def test_the_log_has_one_line_per_hundred_steps(tmp_path: Path) -> None:
    trainer = Trainer(TINY, tmp_path, tmp_path)
    trainer.step = 100
    trainer.report({"fullband": 1.0, "multiband": 2.0, "kl": 3.0, "beta": 0.1})
    with (tmp_path / "progress.csv").open() as file:
        (row,) = csv.DictReader(file)
    assert (row["step"], row["fullband"], row["held_out"]) == ("100", "1", "")


def test_the_spread_penalty_wants_unit_uncorrelated_latents() -> None:
    torch.manual_seed(1)
    white = torch.randn(64, 8, spread.FRAMES)
    asleep, together = white.clone(), white.clone()
    asleep[:, 0] *= 0.01
    together[:, 0] = together[:, 1]
    assert spread.penalty(white) < 0.02
    assert spread.penalty(asleep) > 1.0
    assert spread.penalty(together) > 0.03
