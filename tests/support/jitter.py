"""A board whose threads wake late, against its own voice; `bench/rough_hour.py` plays it for an hour."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from definitions.osc import named
from firmware import Engine
from lodestone.osc_log import decode
from tests.support.tiny import image, play, scene, voice_plan

FADE_IN = 128


@dataclass(frozen=True)
class Evening:
    """What came of it.

    Attributes:
        underruns: how often the sound was late.
        same: whether what is heard is the voice on the latents that it took, to the bit.
        prefill: samples, mean.
        settled: samples, at the end.
    """

    underruns: int
    same: bool
    prefill: float
    settled: int


def rough(
    folder: Path, hop: int, period: int, load: float, jitter_us: int, seconds: float, frame_rate: int = 200
) -> Evening:
    """Plays a voice that takes `load` of its time, each wake-up up to `jitter_us` late.

    The fewer sensor frames a second, the faster goes the simulation.
    """
    made = image(folder, scene(folder / "p", "one", hop=hop), frame_rate=frame_rate)
    options = ("--period", str(period), "--voice-load", str(load), "--wake-jitter-us", str(jitter_us))
    run = play(folder / "run", made, *options, seconds=seconds)
    engine = Engine(voice_plan(hop))
    blocks = [engine.run({"latent": z.reshape(1, -1, 1)})["audio"][0, 0] for *_, z in run.latents]
    alone, start = np.concatenate(blocks), run.stats["voice_started_at"]
    heard = run.samples()[start:, 0]
    same = np.array_equal(heard[FADE_IN:], alone[FADE_IN : heard.size])
    packet = [data for _, data in run.outside.datagrams if data.startswith(b"/status")][-1]
    status = named("/status", next(decode(0, "out", packet)).arguments)
    assert status is not None
    underruns, prefill = int(run.stats["underruns"]), float(run.stats["ring_prefill"])
    return Evening(underruns, bool(same), prefill, int(status["prefill"]))
