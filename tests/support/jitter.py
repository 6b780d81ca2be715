"""A board whose threads wake late, against its own voice; `bench/rough_hour.py` plays it for an hour."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from firmware import Engine
from tests.support.tiny import image, play, scene, voice_plan

FADE_IN = 128


@dataclass(frozen=True)
class Evening:
    """What came of it.

    Attributes:
        underruns: how often the sound was late.
        same: whether what is heard is the voice on the latents that it took, to the bit.
        prefill: samples, mean.
    """

    underruns: int
    same: bool
    prefill: float


def rough(folder: Path, hop: int, period: int, load: float, jitter_us: int, seconds: float) -> Evening:
    """Plays a voice that takes `load` of its time, each wake-up up to `jitter_us` late."""
    made = image(folder, scene(folder / "p", "one", hop=hop))
    options = ("--period", str(period), "--voice-load", str(load), "--wake-jitter-us", str(jitter_us))
    run = play(folder / "run", made, *options, seconds=seconds)
    engine = Engine(voice_plan(hop))
    blocks = [engine.run({"latent": z.reshape(1, -1, 1)})["audio"][0, 0] for *_, z in run.latents]
    alone, start = np.concatenate(blocks), run.stats["voice_started_at"]
    heard = run.samples()[start:, 0]
    same = np.array_equal(heard[FADE_IN:], alone[FADE_IN : heard.size])
    return Evening(int(run.stats["underruns"]), bool(same), float(run.stats["ring_prefill"]))
