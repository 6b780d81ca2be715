"""What PyTorch plays for seeded latents, in 64 bits: the oracle that a voice's graph is held to.

A take holds, frame by frame, latents as a player gives them, every random draw in the order of the graph's
inputs, and the sound. It is the `golden.npz` of a voice that ships, by which its graph is checked where
PyTorch is not at hand.
"""

from __future__ import annotations

import copy
import math

import numpy as np
import numpy.typing as npt
import torch

from training.layout import start_phases
from training.network import SILENT, Decoder

Arrays = dict[str, npt.NDArray[np.generic]]
COARSE = 256
"""Uniform draws are multiples of one part in so many: a file packs them well."""


@torch.no_grad()
def take(
    network: Decoder,
    rate: int,
    rest: npt.NDArray[np.float32],
    gain: float,
    frames: int,
    spread: float = 0.8,
    seed: int = 5,
) -> Arrays:
    """`frames` calls from a reset graph: `t1.z` [N, 1, Z, 1], `t1.audio` [N, 1, hop], `t1.noise.K`,
    `t1.kinds`.

    Args:
        network: with the weights that the graph holds.
        rate: Hz.
        rest: [Z], the place that latents are counted from.
        gain: of the whole voice.
        spread: standard deviation of the latents.
    """
    decoder, living = copy.deepcopy(network).double(), network.living
    shape = decoder.shape
    random, per_frame = np.random.default_rng(seed), shape.hop // shape.bands
    latents = random.normal(0, spread, (frames, shape.latents)).astype(np.float32)
    moved, draws = latents.astype(np.float64), []
    if living.walk > 0:
        steps = random.normal(size=(frames, shape.latents)).astype(np.float32)
        draws.append(("normal", steps[:, None, :, None]))
        moved = moved + living.walk * _walk(steps, math.exp(-shape.hop / rate / living.walk_seconds))
    noise = np.zeros((frames, shape.bands, per_frame))
    if living.noise:
        uniform = np.floor(COARSE * random.random(noise.shape)) / COARSE
        draws.append(("uniform", uniform.astype(np.float32)[:, None]))
        noise = 2 * uniform - 1
    z = torch.from_numpy(moved.T + rest[:, None].astype(np.float64))[None]
    phase = torch.from_numpy(start_phases(shape.bands).astype(np.float32).astype(np.float64))[None]
    flat = torch.from_numpy(noise.transpose(1, 0, 2).reshape(1, shape.bands, -1))
    before = torch.full((1, shape.bands), SILENT, dtype=torch.float64)
    sound = gain * decoder.join(decoder.bands(z, phase, flat, before))[0, 0].numpy()
    made: Arrays = {
        "hop": np.int64(shape.hop),
        "rate_hz": np.int64(rate),
        "t1.z": latents[:, None, :, None],
        "t1.audio": sound.reshape(frames, 1, shape.hop).astype(np.float32),
        "t1.kinds": np.array([kind for kind, _ in draws], dtype="U7"),
    }
    return made | {f"t1.noise.{k}": value for k, (_, value) in enumerate(draws)}


def _walk(steps: npt.NDArray[np.float32], keep: float) -> npt.NDArray[np.float64]:
    """[frames, Z] w <- keep w + sqrt(1 - keep^2) n, as the graph does it."""
    now, places = np.zeros(steps.shape[1]), []
    for step in steps:
        now = keep * now + math.sqrt(1 - keep**2) * step
        places.append(now)
    return np.stack(places)
