"""The published configurations that the benchmark measures: one voice in three forms, on the engine too."""

from __future__ import annotations

import numpy as np
import pytest

from graphs.player import GraphPlayer
from graphs.tolerance import EXACT
from tests.support.oracle import compare
from tests.support.synthetic import FORMS, published
from tests.support.synthetic_topologies import PUBLISHED


def latents(count: int) -> list[np.ndarray]:  # type: ignore[type-arg]
    rng = np.random.default_rng(0)
    return [rng.normal(size=(1, 16, 1)).astype(np.float32) for _ in range(count)]


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_engine_plays_it(name: str) -> None:
    model, rng = published(name, capacity=4), np.random.default_rng(1)
    shapes = {i.name: [d.dim_value for d in i.type.tensor_type.shape.dim] for i in model.graph.input}
    noise = [(n, s) for n, s in shapes.items() if n.startswith("noise.")]
    assert [n for n, _ in noise] == ([] if name == "v3" else ["noise.0"])
    calls = [{"latent": z} | {n: rng.random(s, np.float32) for n, s in noise} for z in latents(6)]
    assert compare(model, calls).relative < EXACT


@pytest.mark.parametrize("name", PUBLISHED)
def test_its_forms_are_one_voice(name: str) -> None:
    sounds = []
    for form in FORMS:
        stream = GraphPlayer(published(name, form, capacity=4))
        turned = [z.transpose(0, 2, 1) if form == "rows" else z for z in latents(4)]
        sounds.append(np.concatenate([stream.run({"latent": z})["audio"].reshape(-1) for z in turned]))
    for sound in sounds[1:]:
        assert np.abs(sound - sounds[0]).max() <= EXACT * np.abs(sounds[0]).max()
