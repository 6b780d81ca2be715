"""A map of a voice's sounds: what sounds alike lies together, and a player's path goes through it.

Sounds are heard on one long seeded walk through the latents, described in windows, and laid out on the two
directions in which they differ most (principal components of the descriptors, each scaled to its spread).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import scipy.linalg

from files import fresh_file
from graphs.card import Card
from voices.atlas_words import STEPS, figures
from voices.descriptors import Audio, Descriptors, Floats, describe
from voices.players import graph_player

WINDOW_S = 0.25
WALK_S = 40.0
STEADY_S = 1.5
"""Time in which the walk forgets where it was."""
FORMAT = "lodestone-sound-map"


@dataclass(frozen=True)
class SoundMap:
    """Where sounds lie.

    Attributes:
        places: [N, 2] of the sounds of the walk.
        words: [N] rows of figures by word.
        middle, spread, directions: [F], [F], [2, F]; a sound's place is (features - middle) / spread on them.
        share: of all differences between sounds that the two directions show, 0…1.
    """

    places: Floats
    words: tuple[dict[str, float], ...]
    middle: Floats
    spread: Floats
    directions: Floats
    share: float

    def place(self, sounds: Sequence[Descriptors]) -> Floats:
        """[N, 2] of other sounds of the same voice."""
        return np.asarray(((features(sounds) - self.middle) / self.spread) @ self.directions.T)


def features(sounds: Sequence[Descriptors]) -> Floats:
    """[N, F] what the map is made of: loudness, brightness, noisiness, roughness, and the bands' shape."""
    return np.array(
        [
            [s.loudness_db, 12 * s.centroid_octaves, s.flatness_db, 60 * s.roughness,
             *(s.bands_db - s.bands_db.mean())]
            for s in sounds
        ]
    )  # fmt: skip


def windows(sound: Audio, rate: int) -> list[Descriptors]:
    """Descriptors of each WINDOW_S of a mono sound."""
    size = round(WINDOW_S * rate)
    return [describe(sound[at : at + size], rate) for at in range(0, len(sound) - size + 1, size)]


def walk(card: Card, seed: int, seconds: float = WALK_S) -> Floats:
    """Latents [frames, Z]: a steady random walk in the voice's own spread, which forgets in STEADY_S."""
    frames = int(seconds * card.sample_rate / card.hop)
    kept = float(np.exp(-card.hop / card.sample_rate / STEADY_S))
    noise = np.random.default_rng(seed).standard_normal((frames, card.latents))
    y = np.zeros_like(noise)
    y[0] = noise[0]
    for frame in range(1, frames):
        y[frame] = kept * y[frame - 1] + np.sqrt(1.0 - kept**2) * noise[frame]
    if card.latent is None:
        return y
    return np.asarray(card.latent.mean + card.latent.std * y, np.float64)


def survey(model: onnx.ModelProto, card: Card, seed: int = 0, seconds: float = WALK_S) -> SoundMap:
    """Plays the walk and lays its sounds out."""
    sounds = windows(graph_player(model)(walk(card, seed, seconds)), card.sample_rate)
    rows = features(sounds)
    middle, spread = rows.mean(axis=0), rows.std(axis=0)
    bands = slice(len(rows[0]) - len(sounds[0].bands_db), None)
    spread[bands] = np.sqrt((spread[bands] ** 2).mean()) * np.sqrt(len(spread[bands]))  # as one descriptor
    spread = np.maximum(spread, 1e-9)
    _, sizes, directions = scipy.linalg.svd((rows - middle) / spread, full_matrices=False)
    # The sign of a direction is arbitrary: to the right, and up, is louder or brighter.
    directions = directions[:2] * np.sign(directions[:2, :2].sum(axis=1, keepdims=True))
    share = float((sizes[:2] ** 2).sum() / (sizes**2).sum())
    places = ((rows - middle) / spread) @ directions.T
    return SoundMap(places, tuple(figures(s) for s in sounds), middle, spread, directions, share)


def as_json(found: SoundMap, voice: str, path: Floats | None) -> dict[str, Any]:
    """The map as data; `path` [N, 2] is the player's."""
    sounds = [
        {"place": np.round(place, 4).tolist()}
        | {word: None if np.isnan(value) else round(value, 4) for word, value in row.items()}
        for place, row in zip(found.places, found.words, strict=True)
    ]
    told: dict[str, Any] = {"format": FORMAT, "version": 1, "voice": voice, "share": round(found.share, 4)}
    return told | {"sounds": sounds, "path": [] if path is None else np.round(path, 4).tolist()}


def draw(found: SoundMap, title: str, path: Floats | None, to: Path) -> None:
    """A picture: colour is brightness, size is loudness, the line is the player's path from white to red."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(8, 7), layout="constrained")
    loud = np.array([row["loudness"] for row in found.words])
    bright = np.array([row["brightness"] for row in found.words])
    size = 20.0 + 160.0 * (loud - loud.min()) / max(float(np.ptp(loud)), STEPS["loudness"])
    dots = axes.scatter(
        found.places[:, 0], found.places[:, 1], s=size, c=bright, cmap="viridis", alpha=0.7, linewidths=0
    )
    figure.colorbar(dots, label="brightness, octaves above 100 Hz")
    if path is not None and len(path):
        axes.plot(*path.T, color="#c44e52", linewidth=0.8)
        axes.scatter(
            path[:, 0],
            path[:, 1],
            c=np.arange(len(path)),
            cmap="Reds",
            s=14,
            edgecolors="#7f1d1d",
            linewidths=0.4,
        )
    axes.set_xlabel("sounds that are alike lie together")
    axes.set_title(f"{title}: {found.share:.0%} of all differences are on this map", fontsize=10)
    with fresh_file(to) as fresh:
        figure.savefig(fresh, dpi=100)
    pyplot.close(figure)
