"""Quantised rows that an engine keeps from call to call: nothing of the sound changes by them."""

from __future__ import annotations

import numpy as np
import pytest

from firmware import Engine
from model_export.compiler import compile_plan
from model_export.compiler.plan_reader import read_plan
from model_export.quantise import quantise
from tests.support.synthetic import decoder, low_hop


@pytest.fixture(scope="module", params=["hop 2048", "hop 128"])
def plan(request: pytest.FixtureRequest) -> bytes:
    model = decoder(4) if request.param == "hop 2048" else low_hop("brave128", 2)
    return compile_plan(quantise(model, "w8a16", 20.0).model)


def copies(plan: bytes) -> int:
    return sum(op.function == "Copy" for op in read_plan(plan).operations)


@pytest.mark.parametrize("kernels", ["portable", "best"])
def test_rows_kept_are_rows_made_anew(plan: bytes, kernels: str) -> None:
    """A state that is loaded makes the engine forget its rows; one that is saved has them all."""
    keeps, forgets = Engine(plan, kernels), Engine(plan, kernels)
    shape = keeps.inputs["latent"]
    rng = np.random.default_rng(0)
    assert copies(plan) >= 8  # of histories: without them this shows nothing
    for call in range(90):  # the widest window of the low hop comes back to its beginning after 36
        latent = rng.normal(size=shape).astype(np.float32)
        kept = keeps.run({"latent": latent})["audio"]
        forgets.load_state(forgets.save_state())
        np.testing.assert_array_equal(kept, forgets.run({"latent": latent})["audio"])
        assert keeps.save_state() == forgets.save_state()
        if call in (7, 50):
            keeps.load_state(forgets.save_state())
    keeps.reset()
    fresh = Engine(plan, kernels)
    latent = np.ones(shape, np.float32)
    np.testing.assert_array_equal(
        keeps.run({"latent": latent})["audio"], fresh.run({"latent": latent})["audio"]
    )


def test_another_state_takes_the_place_of_the_rows(plan: bytes) -> None:
    one, other = Engine(plan), Engine(plan)
    shape = one.inputs["latent"]
    for call in range(4):
        one.run({"latent": np.full(shape, 0.5 + call, np.float32)})
        other.run({"latent": np.full(shape, -1.0 - call, np.float32)})
    one.load_state(other.save_state())
    latent = np.zeros(shape, np.float32)
    np.testing.assert_array_equal(
        one.run({"latent": latent})["audio"], other.run({"latent": latent})["audio"]
    )
