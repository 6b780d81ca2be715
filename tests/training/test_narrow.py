"""Narrower copies: what is kept is what is heard."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from graphs.player import GraphPlayer
from tests.support.tiny_voice import RATE, SETTINGS
from training import bank, finished, own_weights
from training.errors import TrainingError
from training.lessons import Floats
from training.narrow import fits, narrowed
from training.settings import Settings
from training.student import FOLDER
from voices import catalogue

WIDE = replace(SETTINGS, network=replace(SETTINGS.network, capacity=6))
NARROW = replace(SETTINGS, network=replace(SETTINGS.network, capacity=3))
FIXED = {
    "bank": bank.synthesis(16, 64, 40.0)[:, None].astype(np.float32),
    "clock": (2 * np.pi * np.linspace(3, 40, 16) * 16 / RATE).astype(np.float32),
}


def weights(settings: Settings, seed: int = 1) -> dict[str, Floats]:
    random = np.random.default_rng(seed)
    return {
        name: random.normal(0, 1 / np.sqrt(max(np.prod(shape[1:]), 4)), shape).astype(np.float32)
        for name, shape in own_weights.shapes(settings).items()
    }


def even(settings: Settings, value: float = 1.0) -> dict[str, np.ndarray]:
    """Every channel of every layer equally loud."""
    ratios, wide = settings.network.ratios, own_weights.widths(settings)
    loud, index = {"head": np.full(wide[0], value)}, 0
    for stage, dilations in enumerate(settings.network.dilations):
        assert ratios
        loud[f"body.{index}.conv"] = np.full(wide[stage + 1], value)
        loud |= {
            f"body.{index + 1 + k}.first": np.full(wide[stage + 1], value) for k in range(len(dilations))
        }
        index += 1 + len(dilations)
    return loud


def sound(settings: Settings, made: dict[str, Floats]) -> np.ndarray:
    spread = finished.LatentStatistics(
        "prior", *(np.zeros(4, np.float32), np.ones(4, np.float32), np.float32([0.1, 0.9]), np.zeros((4, 2)))
    )
    stream = GraphPlayer(
        finished.draft(settings, made | FIXED, RATE, spread, np.zeros(4, np.float32)), seed=2
    )
    random = np.random.default_rng(0)
    return np.concatenate(
        [stream.run({"latent": random.normal(size=(1, 4, 1))})["audio"] for _ in range(40)], 2
    )


def test_channels_that_nobody_hears_are_left_out_and_the_sound_stays() -> None:
    """A wide network that holds a narrow one among dead channels gives that one back."""
    wide, small = weights(WIDE), weights(NARROW, 2)
    loud = even(WIDE, 0.0)
    random = np.random.default_rng(3)
    places = {
        name: np.sort(random.permutation(len(level))[: len(even(NARROW)[name])])
        for name, level in loud.items()
    }
    for name, place in places.items():
        loud[name][place] = 1.0
    stream = places["head"]
    wide["head.weight"][stream], wide["head.bias"][stream] = small["head.weight"], small["head.bias"]
    for name in [key.removesuffix(".weight") for key in small if key.endswith(".weight") and "body" in key]:
        kind = name.rsplit(".", 1)[1]
        if kind == "conv":
            then = places[name]
            ratio = len(wide[f"{name}.bias"]) // len(loud[name])
            rows, columns = np.concatenate([then + turn * len(loud[name]) for turn in range(ratio)]), stream
            stream = then
        else:
            inner = places[name.rsplit(".", 1)[0] + ".first"]
            rows, columns = (inner, stream) if kind == "first" else (stream, inner)
        wide[f"{name}.weight"][np.ix_(rows, columns)] = small[f"{name}.weight"]
        wide[f"{name}.bias"][rows] = small[f"{name}.bias"]
    for name in ("wave", "level"):
        wide[f"{name}.weight"][:, stream] = small[f"{name}.weight"]
        wide[f"{name}.bias"][:] = small[f"{name}.bias"]
    wide["contour.weight"], wide["contour.bias"] = small["contour.weight"], small["contour.bias"]
    copy = narrowed(wide, WIDE, NARROW, loud)
    np.testing.assert_allclose(sound(NARROW, copy), sound(NARROW, small), atol=1e-6)


def test_a_copy_of_the_same_width_is_the_same() -> None:
    made = weights(WIDE)
    copy = narrowed(made, WIDE, WIDE, even(WIDE))
    assert set(copy) == set(made)
    for name, value in made.items():
        np.testing.assert_array_equal(copy[name], value)


def test_only_networks_that_differ_in_width_fit() -> None:
    assert fits(WIDE, NARROW)
    assert not fits(NARROW, WIDE)
    other = replace(NARROW, network=replace(NARROW.network, dilations=((1, 3), (3,))))
    assert not fits(WIDE, other)


@pytest.mark.parametrize("name", ["glass", "round", "breath"])
def test_a_shipped_voice_gives_its_weights_back(name: str) -> None:
    """Laid out again they play what its golden take holds, but for its gain."""
    voice, settings = catalogue.find(name), Settings.load(FOLDER / f"{name}.toml")
    found = own_weights.read(voice.graph(), settings)
    assert {key: value.shape for key, value in found.items()} == own_weights.shapes(settings)
    network = settings.network
    fixed = {
        "bank": bank.synthesis(network.bands, network.taps, network.attenuation_db)[:, None].astype(
            np.float32
        ),
        "clock": clock(settings),
    }
    card = finished.LatentStatistics(
        "prior", voice.mean, voice.std, np.float32([0.1, 0.9]), np.zeros((voice.latents, 2), np.float32)
    )
    model = finished.draft(
        settings, found | fixed, voice.sample_rate, card, np.zeros(voice.latents, np.float32)
    )
    golden, stream, played = np.load(catalogue.FOLDER / name / "golden.npz"), GraphPlayer(model), []
    for index, latents in enumerate(golden["t1.z"]):
        draws = {f"noise.{k}": golden[f"t1.noise.{k}"][index] for k in range(len(golden["t1.kinds"]))}
        played.append(stream.run({"latent": latents, **draws})["audio"][0])
    got, wanted = np.stack(played).ravel(), golden["t1.audio"].ravel()
    gain = float(got @ wanted / (got @ got))
    assert np.abs(gain * got - wanted).max() <= 1e-4 * np.abs(wanted).max()


def clock(settings: Settings) -> np.ndarray:
    """As training/network.py has it, which needs PyTorch."""
    low, high = settings.living.clocks_hz
    place = (0.6180339887498949 * np.arange(1, 17)) % 1.0
    hertz = low * (high / low) ** place * (-1.0) ** np.arange(16)
    return (2 * np.pi * hertz * 16 / RATE).astype(np.float32)


def test_another_network_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="another at"):
        own_weights.read(catalogue.find("glass").graph(), Settings.load(FOLDER / "round.toml"))
