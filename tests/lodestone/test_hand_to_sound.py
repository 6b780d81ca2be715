"""From the hand to the sound: what a jump of a magnet is measured to take."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphs.card import Card
from lodestone.hand_to_sound import HandToSoundError, Trial, _heard_ms, measure
from lodestone.scenes import Scene
from lodestone.settings import Settings
from model_export.compiler import compile_plan
from tests.support.graph_maker import GraphMaker
from tests.support.tiny import RATE, scene


def of_hop(folder: Path, hop: int) -> Scene:
    """The same noise in every block, as loud as latent 0 says: it remembers nothing."""
    g = GraphMaker()
    level = g.node("Exp", g.node("Mul", g.slice(g.input("latent", [1, 2, 1]), 1, 0, 1), g.constant(4.0)))
    noise = np.random.default_rng(1).normal(0.0, 0.01, (1, 1, hop))
    g.output(g.node("Mul", level, g.constant(noise)), "audio", [1, 1, hop])
    card = {"kind": "voice", "name": "level", "sample_rate": RATE, "hop": hop, "latents": 2, "channels": 1}
    made = scene(folder, f"level{hop}", hop=hop)
    made.voice_plan.write_bytes(compile_plan(g.model(json.dumps(card))))
    return Scene(made.name, made.touch_plan, made.voice_plan, Card("voice", made.name, 2, sample_rate=RATE))


def noises(loud: float) -> tuple[Any, Any]:
    rng = np.random.default_rng(2)
    return rng.normal(0.0, 0.1, 2 * RATE), rng.normal(0.0, 0.1 * loud, 2 * RATE)


@pytest.mark.parametrize("loud", [0.1, 10.0])
@pytest.mark.parametrize("later_ms", [3.0, 40.0])
def test_a_change_is_found_where_it_is(later_ms: float, loud: float) -> None:
    before, after = noises(loud)
    at = round((0.5 + later_ms / 1000) * RATE)
    jumped = np.concatenate([before[:at], after[at:]])
    assert _heard_ms(before, after, jumped, 0.5, RATE) == pytest.approx([later_ms, later_ms], abs=1.5)


def test_half_of_the_way_comes_later_than_a_tenth() -> None:
    before, after = noises(30.0)
    share = np.clip((np.arange(2 * RATE) / RATE - 0.5) / 0.1, 0.0, 1.0)  # 100 ms, in dB a straight line
    jumped = before * 30.0**share
    tenth, half = _heard_ms(before, before * 30.0, jumped, 0.5, RATE)
    assert [tenth, half] == pytest.approx([10.0, 50.0], abs=2.0)
    with pytest.raises(HandToSoundError, match="a jump of the magnet that is heard"):
        _heard_ms(before, after, before, 0.5, RATE)


def test_the_measured_delay_follows_hop_and_load(tmp_path: Path) -> None:
    quick, slow = of_hop(tmp_path, 128), of_hop(tmp_path, 1024)
    trial = Trial(phases=4, warm_s=1.0, seed=3)
    few = Settings(prefill=64)
    short = measure(quick, trial, few)
    late = measure(slow, trial, few)
    loaded = measure(quick, Trial(phases=4, warm_s=1.0, seed=3, load=0.5), Settings(prefill=256))
    assert short.underruns == late.underruns == loaded.underruns == 0
    assert 3.0 < np.median(short.tenth_ms) < 12.0
    between = np.median(late.half_ms) - np.median(short.half_ms)
    assert between == pytest.approx((1024 - 128) / 2 / 44.1, abs=8.0)
    # The ring holds 192 samples more where the voice takes half of the time that it has.
    assert np.median(loaded.tenth_ms) - np.median(short.tenth_ms) > 1.0
    assert loaded.sum_ms == pytest.approx(short.sum_ms + (loaded.prefill - short.prefill) / 44.1, abs=0.2)
