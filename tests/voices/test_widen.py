"""A voice begun from a narrower one sounds like it; needs PyTorch, as `test_training.py`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("rave")

from voices import catalogue, record_golden  # noqa: E402
from voices.errors import VoiceError  # noqa: E402
from voices.train import widen  # noqa: E402
from voices.train.loop import Trainer  # noqa: E402
from voices.train.settings import Settings, Source  # noqa: E402

SETTINGS = Settings.load(catalogue.FOLDER / "glass32" / "settings.toml")
TINY = replace(
    SETTINGS,
    sources=(Source("model:wind"),),
    training=replace(SETTINGS.training, steps=6, batch=1),
)


STREAMING_LAG = 1696
"""Samples by which a streaming export answers later than the network that is trained: its transposed
convolutions look half a stride ahead, which a stream cannot."""


@pytest.fixture
def trainer(tmp_path: Path) -> Trainer:
    return Trainer(TINY, tmp_path, tmp_path)


@torch.no_grad()
@pytest.mark.parametrize("capacity", [32, 48])
def test_at_first_it_sounds_as_the_voice_that_it_begins_from(capacity: int, tmp_path: Path) -> None:
    trainer = Trainer(replace(TINY, overrides=(*TINY.overrides, f"CAPACITY={capacity}")), tmp_path, tmp_path)
    narrow = record_golden.load(catalogue.find(TINY.training.start_from).path)
    record_golden.zero_states(narrow)
    torch.manual_seed(1)
    z = torch.randn(1, 8, 32)
    wanted = narrow.decode(z)
    trainer.model.eval()
    along_its_axes = trainer.model.latent_pca.T @ z + trainer.model.latent_mean[:, None]
    got = trainer.model.decode(along_its_axes)
    assert wanted.abs().max() > 0.05
    settled = 24 * trainer.hop  # both begin in silence, each in its own
    difference = got[..., settled:-STREAMING_LAG] - wanted[..., settled + STREAMING_LAG :]
    assert difference.abs().max() < 1e-5 * wanted.abs().max()


@torch.no_grad()
def test_it_has_the_latents_of_that_voice(trainer: Trainer) -> None:
    narrow = record_golden.load(catalogue.find(TINY.training.start_from).path).state_dict()
    torch.testing.assert_close(trainer.model.latent_pca, narrow["latent_pca"])
    trainer.model.encode(torch.zeros(1, 1, 2**14))  # weight normalisation makes the weight when it is run
    weight = trainer.model.encoder.encoder.net[0].weight
    torch.testing.assert_close(weight, narrow["encoder.encoder.net.0.weight"])


def test_only_the_decoder_is_trained_and_copies_become_different(trainer: Trainer) -> None:
    encoder = [parameter.clone() for parameter in trainer.model.encoder.parameters()]
    trainer.take_step()
    for before, after in zip(encoder, trainer.model.encoder.parameters(), strict=True):
        assert torch.equal(before, after)
    steps = trainer.model.decoder.net[0].weight_v.grad
    first, second = steps[: len(steps) // 2], steps[len(steps) // 2 :]
    assert (first - second).norm() > 0.2 * first.norm()


def test_three_copies_sum_to_the_old_weight() -> None:
    torch.manual_seed(1)
    weight = torch.randn(32, 16, 3)
    wide = widen.widen(weight, (96, 48, 3), inputs=1)
    torch.testing.assert_close(wide.unflatten(1, (3, 16)).sum(1), weight.repeat(3, 1, 1))
    assert float(wide.std()) == pytest.approx(float(weight.std()) / 3**0.5, rel=0.05)


def test_a_width_that_is_no_multiple_is_one_clear_line() -> None:
    with pytest.raises(VoiceError, match="a multiple of 4 channels"):
        widen.widen(torch.zeros(4, 2, 3), (6, 2, 3), inputs=1)
