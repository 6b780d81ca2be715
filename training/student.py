"""What a student is: as wide as the target's core allows, at the hop that answers in time; no PyTorch."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from graphs.card import Card, attach_card
from model_export.compiler import compile_plan
from model_export.compiler.boards import BOARDS
from model_export.compiler.fit import fit
from model_export.graph.fold import folded
from model_export.graph.modulated import with_fast_banks
from model_export.graph.onnx_writer import to_onnx
from training import bank
from training.errors import TrainingError
from training.layout import voice_graph
from training.own_weights import shapes
from training.settings import Settings
from voices import catalogue

FOLDER = Path(__file__).resolve().parent / "settings"
TEMPLATES = {80: "glass", 25: "round", 10: "breath"}
"""Delay of the whole instrument in ms, and the voice of ours whose shape answers in that time."""
CAPACITIES = (64, 56, 48, 40, 32, 28, 24, 20, 16, 12, 10, 8, 6, 4)
SHARE = 0.30
"""Of a core, at the pessimistic end and in 8 bits: what a student may take."""


def template(delay_ms: int | None, hop: int, rate: int, taught_by: str | None) -> Settings:
    """Settings of our own whose network a student has, but for its width.

    Args:
        delay_ms: one of TEMPLATES; None: by the teacher's hop.
        hop, rate: the teacher's.
        taught_by: a voice that ships; its own settings, if no delay is asked for.
    """
    if delay_ms is None and taught_by is not None and (FOLDER / f"{taught_by}.toml").is_file():
        return Settings.load(FOLDER / f"{taught_by}.toml")
    if delay_ms is None:
        seconds = hop / rate
        delay_ms = 80 if seconds > 0.03 else 25 if seconds > 0.006 else 10
    if delay_ms not in TEMPLATES:
        known = ", ".join(f"{each}ms" for each in sorted(TEMPLATES))
        raise TrainingError(f"a delay out of {known}", f"{delay_ms}ms", "choose one of these")
    return Settings.load(FOLDER / f"{TEMPLATES[delay_ms]}.toml")


def shaped(base: Settings, name: str, latents: int, capacity: int) -> Settings:
    """The template for so many latents, at this width."""
    network = replace(base.network, latents=latents, capacity=capacity)
    return replace(base, name=name, summary="", network=network, sounds=())


def load_at(settings: Settings, rate: int, target: str) -> float:
    """Share of the target's core in 8 bits, at the pessimistic end; random weights cost the same."""
    random = np.random.default_rng(0)
    weights = {
        key: random.normal(0, 0.05, shape).astype(np.float32) for key, shape in shapes(settings).items()
    }
    network = settings.network
    synthesis = bank.synthesis(network.bands, network.taps, network.attenuation_db)
    weights |= {"bank": synthesis[:, None].astype(np.float32), "clock": np.ones(network.bands, np.float32)}
    graph = with_fast_banks(
        folded(voice_graph(settings, weights, np.zeros(network.latents, np.float32), 1.0, rate))
    )
    model = to_onnx(graph, settings.name)
    noise = {f"noise.{k}": (d.distribution, d.value.shape) for k, d in enumerate(graph.draws)}
    attach_card(model, Card("voice", settings.name, network.latents, rate, network.hop, 1, 1, noise=noise))
    found = fit(compile_plan(model), target)
    return next((load for advice, load in found.advice if advice.startswith("quantise")), found.load.high)


def widest(base: Settings, name: str, latents: int, rate: int, target: str) -> Settings:
    """The template at the largest capacity that leaves the target's core `1 - SHARE`.

    Raises:
        TrainingError: an unknown target, or one on which not even the narrowest fits.
    """
    if target not in BOARDS:
        raise TrainingError(f"a target out of {', '.join(BOARDS)}", target, "choose one of these")
    least = float("inf")
    for capacity in CAPACITIES:
        made = shaped(base, name, latents, capacity)
        least = load_at(made, rate, target)
        if least <= SHARE:
            return made
    wanted = f"a student of at most {SHARE:.0%} of the core of a {target}"
    raise TrainingError(wanted, f"{least:.0%} at the narrowest", "ask for more delay, or a larger board")


def own_delay(base: Settings, rate: int) -> int:
    """Samples until half of a step is heard from a student: as from the voice of ours of this shape."""
    return round(catalogue.find(base.name).step_ms[1] * rate / 1000)


def shipped(model: str) -> str | None:
    """The name of the voice that ships, where `model` is one."""
    return model if any(voice.name == model for voice in catalogue.shipped()) else None
