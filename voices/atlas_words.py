"""Words on an atlas: what each latent, and each plane of two, does to what the ear follows.

A word's figure is how far its descriptor goes when the latent walks from -2 to +2 standard deviations, in
units of what is just noticed (`STEPS`), with the sign of its slope.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from graphs.card import load_onnx, read_card
from voices.atlas import POINTS, Atlas, Axis, survey
from voices.descriptors import Descriptors, Floats
from voices.players import graph_player

STEPS = {"loudness": 1.5, "brightness": 0.25, "noisiness": 3.0, "roughness": 0.1, "pitch": 0.5}
"""dB, octaves, dB of flatness, share of fast beats, semitones: about what a listener just notices."""
WORDS = tuple(STEPS)
SURE = 0.5
"""Confidence below which a sound has no pitch that is worth a word."""
FORMAT = "lodestone-atlas"


@dataclass(frozen=True)
class Trait:
    """What one latent does to one word.

    Attributes:
        steps: from one end to the other, in just noticeable steps; negative where it falls.
        straight: 0…1, how much of the movement is one way (rank correlation with the latent, absolute).
    """

    steps: float
    straight: float


def figures(point: Descriptors) -> dict[str, float]:
    """The figure of each word; pitch is not a number where there is none."""
    sure = point.pitch_confidence >= SURE
    return {
        "loudness": point.loudness_db,
        "brightness": point.centroid_octaves,
        "noisiness": point.flatness_db,
        "roughness": point.roughness,
        "pitch": 12.0 * float(np.log2(point.pitch_hz)) if sure else float("nan"),
    }


def traits(axis: Axis) -> dict[str, Trait]:
    """What one latent does, by word; a word without figures is 0."""
    rows = [figures(point) for point in axis.descriptors]
    found = {}
    for word, step in STEPS.items():
        values = np.array([row[word] for row in rows])
        known = np.isfinite(values)
        if known.sum() < 3 or np.ptp(values[known]) == 0.0:
            found[word] = Trait(0.0, 0.0)
            continue
        order = _ranks(values[known])
        straight = float(np.corrcoef(_ranks(POINTS[known]), order)[0, 1])
        found[word] = Trait(float(np.sign(straight) * np.ptp(values[known]) / step), abs(straight))
    return found


def in_words(axis: Axis) -> str:
    """One line for a player, the strongest word first; `hardly heard` where nothing is noticed."""
    said = sorted(traits(axis).items(), key=lambda row: -abs(row[1].steps))
    parts = []
    for word, trait in said:
        if abs(trait.steps) >= 1.0:
            way = "both ways" if trait.straight < 0.6 else "up" if trait.steps > 0 else "down"
            parts.append(f"{word} {way}")
    return ", ".join(parts[:3]) or "hardly heard"


def axis_of(atlas: Atlas, word: str) -> int:
    """The latent, from 0, that moves a word of `WORDS` most in one way."""
    found = [traits(axis)[word] for axis in atlas.axes]
    return int(np.argmax([abs(trait.steps) * trait.straight for trait in found]))


def plane_in_words(atlas: Atlas, first: int, second: int) -> str:
    """What a plane of two latents is good for: the strongest word of each that the other lacks."""
    one, two = traits(atlas.axes[first]), traits(atlas.axes[second])
    across = max(WORDS, key=lambda word: abs(one[word].steps) - abs(two[word].steps))
    up = max(WORDS, key=lambda word: abs(two[word].steps) - abs(one[word].steps))
    same = across == up or min(abs(one[across].steps), abs(two[up].steps)) < 1.0
    return "one movement" if same else f"{across} across, {up} up"


def survey_graph(graph: Path | onnx.ModelProto) -> Atlas:
    """The atlas of a voice's graph, over the statistics of its card."""
    model = load_onnx(graph) if isinstance(graph, Path) else graph
    card = read_card(model)
    mean: Floats = np.zeros(card.latents) if card.latent is None else np.asarray(card.latent.mean, np.float64)
    std: Floats = np.ones(card.latents) if card.latent is None else np.asarray(card.latent.std, np.float64)
    return survey(graph_player(model), mean, std, card.sample_rate)


def as_json(atlas: Atlas, name: str) -> dict[str, Any]:
    """The whole atlas as data: figures at each point, traits, words of latents and planes."""
    latents = [
        {
            "number": number,
            "words": in_words(axis),
            "traits": {
                word: {"steps": round(trait.steps, 3), "straight": round(trait.straight, 3)}
                for word, trait in traits(axis).items()
            },
            "points": [
                {word: None if np.isnan(value) else round(value, 4) for word, value in figures(point).items()}
                | {"pitch_confidence": round(point.pitch_confidence, 3)}
                for point in axis.descriptors
            ],
        }
        for number, axis in enumerate(atlas.axes, 1)
    ]
    count = len(atlas.axes)
    planes = [
        {"latents": [first + 1, second + 1], "words": plane_in_words(atlas, first, second)}
        for first in range(count)
        for second in range(first + 1, count)
    ]
    return {"format": FORMAT, "version": 1, "voice": name, "sigma": POINTS.tolist(), "latents": latents,
            "planes": planes}  # fmt: skip


def _ranks(values: Floats) -> Floats:
    """0, 1, … in the order of the values; equal ones share the mean of theirs."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    return np.asarray((ends - (counts + 1) / 2.0)[inverse])
