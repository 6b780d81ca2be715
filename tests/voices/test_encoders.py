"""Encoders of voices that ship: the voice's own sound is found back where it was played."""

from __future__ import annotations

import numpy as np
import pytest

from graphs.card import read_card
from lodestone.voice_files import find_encoder
from model_export.encoder import Encoder
from voices import catalogue
from voices.players import graph_player

WITH = [voice.name for voice in catalogue.shipped() if voice.ears is not None]


def test_glass_has_one_and_its_size_shares_it() -> None:
    assert "glass" in WITH
    one, other = find_encoder("glass"), find_encoder("glass-small")
    assert one is not None
    assert other is not None
    assert one.card.source_sha256 == other.card.source_sha256


@pytest.mark.parametrize("name", WITH)
def test_a_held_sound_is_found_back(name: str) -> None:
    """Four places of one sigma, two seconds each, by the voice as it ships: within 0.5 sigma, rms."""
    model = catalogue.find(name).graph()
    card, encoder = read_card(model), Encoder(catalogue.find(name).encoder())  # type: ignore[arg-type]
    assert card.latent is not None
    assert (encoder.card.latents, encoder.card.hop, encoder.card.sample_rate) == (
        card.latents, card.hop, card.sample_rate,
    )  # fmt: skip
    places = np.random.default_rng(4).choice([-1.0, 0.0, 1.0], (4, card.latents)) * card.latent.std
    frames, off = 2 * card.sample_rate // card.hop, []
    for place in places:
        sound = graph_player(model)(np.tile(place, (frames, 1)))
        found = encoder.place(np.asarray(sound, np.float32), 1.2)
        off.append((found - place) / card.latent.std)
    assert np.sqrt(np.mean(np.square(off))) < 0.5
