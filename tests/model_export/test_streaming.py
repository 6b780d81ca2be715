"""What a stateful graph promises: blocks agree, states travel, noise is given from outside."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import model_export
from graphs.errors import GraphError
from graphs.player import FloatArray, GraphPlayer
from model_export.errors import ExportError
from tests.model_export.golden_vectors import relative_error

Unpack = Callable[[str], Path]
TOLERANCE = 1e-5
# Left out: `hybrid`, whose recurrent layer forgets between calls (upstream's own behaviour), and
# `prior_inside`, which draws once a frame and so has other inputs for every block length.
STREAMED = ["v2_small", "v1_noise", "brave", "v2_stereo", "v2_resampled", "nearest_cropped", "discrete"]


def joined(stream: GraphPlayer, latent: FloatArray, noise: dict[str, FloatArray]) -> FloatArray:
    """A whole performance [1, Z, N] through calls of the graph's own length."""
    frames = stream.inputs["latent"][2]
    parts = []
    for start in range(0, latent.shape[2], frames):
        feed = {"latent": latent[:, :, start : start + frames]}
        for name, draw in noise.items():
            feed[name] = block_of(draw, stream.inputs[name], start, latent.shape[2])
        parts.append(stream.run(feed)["audio"])
    return np.concatenate(parts, axis=2)


def block_of(draw: FloatArray, shape: tuple[int, ...], start: int, total: int) -> FloatArray:
    """The part of a whole performance's draw that one call of this shape takes."""
    if draw.shape == shape:
        return draw
    axis = next(i for i, (a, b) in enumerate(zip(draw.shape, shape, strict=True)) if a != b)
    per_frame = draw.shape[axis] // total
    return np.take(draw, range(start * per_frame, start * per_frame + shape[axis]), axis)


@pytest.mark.parametrize("name", STREAMED)
def test_blocks_of_one_two_and_four_frames_agree(archive: Unpack, name: str) -> None:
    streams = {frames: GraphPlayer(model_export.export(archive(name), frames=frames)) for frames in (1, 2, 4)}
    dice = np.random.default_rng(3)
    rows = streams[1].inputs["latent"][1]
    latent = (
        dice.integers(0, 60, (1, rows, 16)) if name == "discrete" else dice.standard_normal((1, rows, 16))
    )
    noise = {key: dice.random(shape).astype(np.float32) for key, shape in whole_noise(streams, 16).items()}
    played = {f: joined(s, latent.astype(np.float32), noise) for f, s in streams.items()}
    assert np.abs(played[1]).max() > 0
    assert relative_error(played[2], played[1]) <= TOLERANCE
    assert relative_error(played[4], played[1]) <= TOLERANCE


def whole_noise(streams: dict[int, GraphPlayer], total: int) -> dict[str, tuple[int, ...]]:
    """Shapes of the draws of a whole performance: the axis that grows with the block, grown to all frames."""
    shapes = {}
    for name, one in streams[1].inputs.items():
        if name.startswith("noise."):
            two = streams[2].inputs[name]
            shapes[name] = tuple(a * total if a != b else a for a, b in zip(one, two, strict=True))
    return shapes


@pytest.mark.parametrize("name", ["v2_small", "hybrid", "prior_inside"])
def test_saved_state_goes_on_bit_for_bit(archive: Unpack, name: str) -> None:
    model = model_export.export(archive(name))
    stream, other = GraphPlayer(model), GraphPlayer(model)
    dice = np.random.default_rng(1)
    shapes = {k: s for k, s in stream.inputs.items() if not k.startswith("state.")}
    calls = [{k: dice.random(s).astype(np.float32) for k, s in shapes.items()} for _ in range(12)]
    whole = [stream.run(call)["audio"] for call in calls]
    stream.reset()
    for call in calls[:6]:
        stream.run(call)
    other.states = {k: v.copy() for k, v in stream.states.items()}
    for call, wanted in zip(calls[6:], whole[6:], strict=True):
        assert np.array_equal(other.run(call)["audio"], wanted)


def test_shipped_leftovers_are_not_heard(archive: Unpack) -> None:
    """A fresh voice starts from zero, whatever the caches hold; folded axes from A v + b = 0."""
    stream = GraphPlayer(model_export.export(archive("v2_causal")))
    assert stream.card is not None
    assert set(stream.card.initial_state) == {"state.0"}
    assert len(stream.states) == 18
    assert all(not state.any() for name, state in stream.states.items() if name != "state.0")


def test_latent_noise_scales_what_fills_the_left_out_latents(archive: Unpack) -> None:
    full, half, none = (
        GraphPlayer(model_export.export(archive("v2_cropped"), latent_noise=n)) for n in (1.0, 0.5, 0.0)
    )
    latent = np.ones(full.inputs["latent"], np.float32)
    draw = np.full(full.inputs["noise.0"], 0.4, np.float32)
    assert "noise.0" not in none.inputs
    loud = full.run({"latent": latent, "noise.0": draw})["audio"]
    assert np.allclose(half.run({"latent": latent, "noise.0": 2 * draw})["audio"], loud, atol=1e-6)
    assert np.allclose(
        none.run({"latent": latent})["audio"],
        GraphPlayer(model_export.export(archive("v2_cropped"))).run({"latent": latent, "noise.0": 0 * draw})[
            "audio"
        ],
        atol=1e-6,
    )
    assert not np.allclose(none.run({"latent": latent})["audio"], loud, atol=1e-3)


def test_more_and_fewer_latents(archive: Unpack) -> None:
    fewer = GraphPlayer(model_export.export(archive("v2_cropped"), latents=2))
    more = GraphPlayer(model_export.export(archive("v2_cropped"), latents=16))
    assert (fewer.inputs["latent"], fewer.inputs["noise.0"]) == ((1, 2, 1), (1, 14, 1))
    assert more.inputs["latent"] == (1, 16, 1)
    assert "noise.0" not in more.inputs
    with pytest.raises(ExportError, match="wanted"):
        model_export.export(archive("v2_cropped"), latents=17)


def test_oracle_refuses_wrong_names_and_shapes(archive: Unpack) -> None:
    stream = GraphPlayer(model_export.export(archive("v2_causal")))
    with pytest.raises(GraphError, match="latent"):
        stream.run({})
    with pytest.raises(GraphError, match="lateny"):
        stream.run({"lateny": np.zeros((1, 8, 1))})
    with pytest.raises(GraphError, match="check the shape"):
        stream.run({"latent": np.zeros((1, 7, 1))})
