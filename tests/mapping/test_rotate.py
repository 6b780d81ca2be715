"""Rotate: a wire at zero, a true rotation everywhere, entangled at one."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import scipy.linalg

from calibration import Calibration
from graphs.player import GraphPlayer
from mapping import touch_graph
from mapping.channels import wiring
from mapping.families.rotate import generator, planes
from tests.support.plain_board import field_of

# Planes lie on a grid of 2^-20, so that they are the same on every machine.
SETTLED = 1e-5
SIZES = [1, 4, 7, 8, 12, 13, 16, 32, 64]
HERE = {"valid": np.ones(4), "temperature": np.full(4, 25.0), "dt": 0.005}


def matrix(latents: int, seed: int, entanglement: float) -> np.ndarray:
    """exp(e pi A) P by the planes, as the graph computes it."""
    turn = planes(latents, seed)
    angle = entanglement * turn.angle
    first, second = np.split(turn.into, 2)
    less, sine = (np.cos(angle) - 1)[:, None], np.sin(angle)[:, None]
    moved = np.concatenate([less * first + sine * second, less * second - sine * first])
    return np.asarray(turn.wire + turn.out @ moved)


@pytest.mark.parametrize("latents", SIZES)
@pytest.mark.parametrize("entanglement", [0.0, 0.25, 0.7, 1.0])
def test_planes_against_the_matrix_exponential(latents: int, entanglement: float) -> None:
    size = max(latents, 12)
    oracle = scipy.linalg.expm(entanglement * math.pi * generator(size, 3)) @ wiring(latents)
    assert matrix(latents, 3, entanglement) == pytest.approx(oracle[:latents], abs=SETTLED)


@pytest.mark.parametrize("latents", [12, 16, 64])
def test_nothing_is_lost_and_nothing_moves_faster(latents: int) -> None:
    """From 12 latents on every singular value is 1, whatever the entanglement."""
    for entanglement in (0.0, 0.3, 1.0):
        singular = np.linalg.svd(matrix(latents, 1, entanglement), compute_uv=False)
        assert singular == pytest.approx(np.ones(12), abs=SETTLED)


def effective_inputs(influence: np.ndarray) -> float:
    """E of the facts: 0 where every latent listens to one channel, 1 where all count alike."""
    share = influence / influence.sum(axis=1, keepdims=True)
    entropy = -np.sum(share * np.log(np.maximum(share, 1e-300)), axis=1)
    return float(np.mean((np.exp(entropy) - 1) / (influence.shape[1] - 1)))


def test_entanglement_grows_from_none_to_most() -> None:
    values = [
        np.mean([effective_inputs(np.abs(matrix(16, seed, e))) for seed in range(8)])
        for e in (0, 0.1, 0.25, 0.5, 1)
    ]
    assert values[0] == 0
    assert (np.diff(values) > 0).all()
    assert values[-1] > 0.5


@pytest.mark.parametrize("latents", SIZES)
def test_graph_gives_the_rotated_touch(calibration: Calibration, gaussian_card: Any, latents: int) -> None:
    touch = np.random.default_rng(2).uniform(-0.4, 0.4, 12)
    for entanglement in (0.0, 0.6, 1.0):
        player = GraphPlayer(touch_graph(calibration, gaussian_card(latents), seed=5))
        player.set_knob("entanglement", entanglement)
        result = player.run(field=field_of(calibration, touch), **HERE)
        wanted = matrix(latents, 5, entanglement) @ result["touch"] / calibration.play.touch_rms
        assert result["latent"] == pytest.approx(wanted, abs=2e-6)


def test_wire_to_the_last_bit(calibration: Calibration, gaussian_card: Any) -> None:
    """At zero each latent is its channel, attractor by attractor x and y, and nothing of any other."""
    player = GraphPlayer(touch_graph(calibration, gaussian_card(8)))
    player.set_knob("entanglement", 0.0)
    touch = np.random.default_rng(4).uniform(-0.4, 0.4, 12)
    result = player.run(field=field_of(calibration, touch), **HERE)
    wired = result["touch"].reshape(4, 3)[:, :2].ravel() * np.float32(1 / calibration.play.touch_rms)
    assert np.array_equal(result["latent"], wired)


def test_the_knob_glides(calibration: Calibration, gaussian_card: Any) -> None:
    """From wire to full in one turn of the knob: within 0.3 s there, and never a step."""
    player = GraphPlayer(touch_graph(calibration, gaussian_card(8)))
    player.set_knob("entanglement", 0.0)
    held = field_of(calibration, np.full(12, 0.3))
    path = [player.run(field=held, **HERE)["latent"]]
    player.set_knob("entanglement", 1.0)
    path += [player.run(field=held, **HERE)["latent"] for _ in range(100)]
    whole = np.abs(path[-1] - path[0]).max()
    assert whole > 0.3
    assert np.abs(np.diff(path, axis=0)).max() < 0.3 * whole
    assert np.abs(path[60] - path[-1]).max() < 0.02 * whole


def test_seeds_are_different_instruments() -> None:
    assert np.abs(matrix(8, 0, 1.0) - matrix(8, 1, 1.0)).max() > 0.3
    assert np.array_equal(matrix(8, 0, 1.0), matrix(8, 0, 1.0))
