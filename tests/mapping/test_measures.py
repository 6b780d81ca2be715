"""The figures of `lodestone mapping show`, against mappings whose figures are known."""

from __future__ import annotations

import numpy as np
import pytest

from mapping.errors import MappingError
from mapping.measures import entanglement, measure
from mapping.probe import mapping_player

RANDOM = np.random.default_rng(0)


def walk(frames: int = 400) -> np.ndarray:
    steps = np.cumsum(RANDOM.normal(0.0, 0.05, (frames, 12)), axis=0)
    return (steps - steps.mean(axis=0)) / steps.std(axis=0)


def test_the_wire_is_not_entangled_at_all() -> None:
    touch = walk()
    found = measure(mapping_player("wire", 12), touch, remembers=False)
    assert found.entanglement_axes == pytest.approx(0.0, abs=1e-6)
    assert found.lipschitz_max == pytest.approx(1.0, abs=1e-4)
    assert found.participation == pytest.approx(participation(touch), rel=1e-4)
    assert found.asleep == ()
    assert sorted(np.argmax(found.influence, axis=1)) == list(range(12))


def participation(values: np.ndarray) -> float:
    covariance = np.cov(values.T)
    return float(np.trace(covariance) ** 2 / (covariance**2).sum())


def test_rotate_entangles_and_loses_nothing() -> None:
    touch = walk()
    kept = [
        measure(mapping_player("rotate", 12, 1, knobs={"entanglement": e}), touch, remembers=False)
        for e in (0.0, 0.5, 1.0)
    ]
    assert kept[0].entanglement_axes < 1e-6 < kept[1].entanglement_axes < kept[2].entanglement_axes
    for one in kept:
        assert one.participation == pytest.approx(kept[0].participation, rel=0.02)
        assert one.lipschitz_max == pytest.approx(1.0, abs=1e-3)


def test_rings_join_attractors_as_they_grow() -> None:
    touch = walk()
    narrow, wide = (
        measure(mapping_player("rings", 12, knobs={"radius": mm}), touch, remembers=False)
        for mm in (40.0, 200.0)
    )
    assert narrow.entanglement_attractors == pytest.approx(0.0, abs=1e-6)
    assert wide.entanglement_attractors > 0.9


def test_what_hears_nothing_is_told_as_asleep() -> None:
    player = mapping_player("rotate+terrain", 8, knobs={"terrain": 0.0})
    assert measure(player, walk(100), remembers=False).asleep == ()
    deaf = mapping_player("wire", 8)
    touch = walk(100)
    touch[:, 0] = 0.0
    assert measure(deaf, touch, remembers=False).used[0] == pytest.approx(0.0, abs=1e-9)


def test_a_memory_is_measured_when_it_has_settled() -> None:
    at_once, settled = (
        measure(mapping_player("wire+bodies", 8, knobs={"coupling": 0.0}), walk(60), remembers=remembers)
        for remembers in (False, True)
    )
    assert settled.influence.max() == pytest.approx(1.0, abs=0.1)  # a resting body is where the hand is
    assert at_once.influence.max() <= settled.influence.max() + 0.1


def test_entanglement_of_nothing_is_zero() -> None:
    assert entanglement(np.zeros((3, 12))) == 0.0


def test_a_knob_that_the_mapping_has_not_is_refused() -> None:
    with pytest.raises(MappingError, match="did you mean entanglement"):
        mapping_player("rotate", 8, knobs={"entanglment": 0.5})
    with pytest.raises(MappingError, match="entanglement from 0 to 1"):
        mapping_player("rotate", 8, knobs={"entanglement": 2.0})
