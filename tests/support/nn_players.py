"""What plays a `.ts` in other programs (nn~ in Pd, nn.ar in SuperCollider), held to our engine offline."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import onnx

from firmware import Engine
from graphs.card import read_card
from model_export.compiler import compile_plan

BLOCK = 64
"""Samples of a block of Pd and of scsynth."""


def without_noise(model: onnx.ModelProto) -> onnx.ModelProto:
    """Every random draw is zero, here as there: two generators never draw the same."""
    for given in [given for given in model.graph.input if given.name.startswith("noise.")]:
        shape = [dimension.dim_value for dimension in given.type.tensor_type.shape.dim]
        model.graph.initializer.append(onnx.numpy_helper.from_array(np.zeros(shape, np.float32), given.name))
        model.graph.input.remove(given)
    return model


def quality_db(model: onnx.ModelProto, recorded: npt.NDArray[np.float32], least_samples: int) -> float:
    """Sound against its difference from what the engine makes of the same latents.

    Args:
        model: the voice that was played, without noise.
        recorded: [samples, 1 + Z] its sound, and the latents that it was given, from silence on.
        least_samples: that must have sounded.
    """
    played, latents = recorded[:, 0], recorded[:, 1:]
    hop = read_card(model).hop
    # Both take the last sample of each latent in a hop, and sound in the block in which the hop is full.
    begun = int(np.flatnonzero(np.abs(latents).max(axis=1) > 0.0)[0]) // BLOCK * BLOCK
    ends = np.arange(begun + hop - 1, len(latents) - hop, hop)
    engine = Engine(compile_plan(model))
    hops = [engine.run({"latent": latents[end][None, :, None]})["audio"][0, 0] for end in ends]
    wanted = np.concatenate(hops)
    first = begun + hop - BLOCK
    error = played[first : first + len(wanted)] - wanted
    assert len(wanted) > least_samples
    quality = 20 * np.log10(np.std(wanted) / max(float(np.std(error)), 1e-12))
    print(f"{quality:.1f} dB, sound {20 * np.log10(np.std(wanted)):.1f} dB")
    return float(quality)
