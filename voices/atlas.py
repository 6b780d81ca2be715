"""An atlas of a voice: what every latent does to the sound, measured and drawn.

One latent at a time is held at -2 ... +2 standard deviations while the others rest at the corpus' mean. A
voice whose atlas is flat is not worth playing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from files import fresh_file
from voices.descriptors import Audio, Descriptors, Floats, band_distance_db, describe

Player = Callable[[Floats], Audio]
"""Latents [frames, Z] to sound [frames * hop], from silent caches."""

POINTS = np.linspace(-2.0, 2.0, 7)
WARM_FRAMES = 24
"""More than the decoder's memory."""
SOUND_FRAMES = 12

LOUDNESS_STEP_DB = 1.5
CENTROID_STEP_OCTAVES = 0.25
BAND_STEP_DB = 3.0
FLATNESS_STEP_DB = 6.0
"""A latent is heard when loudness, brightness or spectrum move by as much over its range: for steady sounds a
change of level is just noticed at about 1 dB, a change of brightness at a few per cent."""


@dataclass(frozen=True)
class Axis:
    """What one latent does over `POINTS`."""

    descriptors: tuple[Descriptors, ...]

    @property
    def loudness_db(self) -> float:
        """Range of loudness."""
        return float(np.ptp([point.loudness_db for point in self.descriptors]))

    @property
    def centroid_octaves(self) -> float:
        """Range of brightness."""
        return float(np.ptp([point.centroid_octaves for point in self.descriptors]))

    @property
    def bands_db(self) -> float:
        """Greatest spectral distance from rest."""
        middle = self.descriptors[len(self.descriptors) // 2]
        return max(band_distance_db(point, middle) for point in self.descriptors)

    @property
    def heard(self) -> bool:
        """Whether a listener would notice this latent."""
        return (
            self.loudness_db >= LOUDNESS_STEP_DB
            or self.centroid_octaves >= CENTROID_STEP_OCTAVES
            or self.bands_db >= BAND_STEP_DB
        )


@dataclass(frozen=True)
class Atlas:
    """All axes of a voice, and its rest position."""

    axes: tuple[Axis, ...]
    rest: Descriptors

    @property
    def heard(self) -> int:
        """How many latents are heard."""
        return sum(axis.heard for axis in self.axes)


def survey(player: Player, mean: Floats, std: Floats, rate: int) -> Atlas:
    """Plays every axis; mean and std [Z] are the corpus' statistics."""

    def held(latents: Floats) -> Descriptors:
        sound = player(np.tile(latents, (WARM_FRAMES + SOUND_FRAMES, 1)))
        return describe(sound[-len(sound) * SOUND_FRAMES // (WARM_FRAMES + SOUND_FRAMES) :], rate)

    axes = []
    for index in range(len(mean)):
        offsets = np.zeros((len(POINTS), len(mean)))
        offsets[:, index] = POINTS * std[index]
        axes.append(Axis(tuple(held(mean + offset) for offset in offsets)))
    return Atlas(tuple(axes), held(mean))


def in_words(atlas: Atlas) -> list[str]:
    """A word or two for what each latent does to the sound as it grows."""
    return [_words(axis) for axis in atlas.axes]


def _words(axis: Axis) -> str:
    first, last = axis.descriptors[1], axis.descriptors[-2]
    louder = (last.loudness_db - first.loudness_db) / LOUDNESS_STEP_DB
    brighter = (last.centroid_octaves - first.centroid_octaves) / CENTROID_STEP_OCTAVES
    rougher = (last.flatness_db - first.flatness_db) / FLATNESS_STEP_DB
    named = [
        (louder, "louder" if louder > 0 else "softer"),
        (brighter, "brighter" if brighter > 0 else "darker"),
        (rougher, "airier" if rougher > 0 else "purer"),
    ]
    strong = sorted((pair for pair in named if abs(pair[0]) >= 1.0), key=lambda pair: -abs(pair[0]))
    if strong:
        return ", ".join(word for _, word in strong[:2])
    return "colour" if axis.heard else "hardly heard"


def table(atlas: Atlas) -> str:
    """The atlas in figures, one latent per line."""
    lines = ["from -2 to +2 sigma of", "latent  loudness  brightness  spectrum"]
    for index, axis in enumerate(atlas.axes):
        heard = "" if axis.heard else "  not heard"
        figures = f"{axis.loudness_db:5.1f} dB  {axis.centroid_octaves:6.2f} oct  {axis.bands_db:5.1f} dB"
        lines.append(f"{index:6}  {figures}{heard}")
    lines.append(f"rest    {atlas.rest.loudness_db:5.1f} dB full scale, peak {atlas.rest.peak:.2f}")
    return "\n".join(lines)


def draw(atlas: Atlas, title: str, path: Path) -> None:
    """Writes a picture: per latent, the spectrum over the axis, with loudness as a line."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, plots = pyplot.subplots(1, len(atlas.axes), figsize=(2 * len(atlas.axes), 3.2), sharey=True)
    top = max(point.bands_db.max() for axis in atlas.axes for point in axis.descriptors)
    for index, (axis, plot) in enumerate(zip(atlas.axes, plots, strict=True)):
        image = np.stack([point.bands_db for point in axis.descriptors], axis=1)
        extent = (-2.0, 2.0, 0.0, float(len(image)))
        plot.imshow(
            image, origin="lower", aspect="auto", vmin=top - 60, vmax=top, extent=extent, cmap="magma"
        )
        plot.set_title(f"{index}", fontsize=9)
        plot.set_xticks([-2, 0, 2])
        loudness = plot.twinx()
        loudness.plot(POINTS, [point.loudness_db for point in axis.descriptors], color="white", linewidth=1.5)
        loudness.set_ylim(-60, 0)
        loudness.set_yticks([])
    plots[0].set_yticks([0, 9, 18], ["100 Hz", "800 Hz", "6.4 kHz"])
    scale = "-2 to +2 standard deviations (line: loudness, -60 to 0 dB)"
    figure.suptitle(f"{title}: each latent from {scale}", fontsize=9)
    figure.tight_layout()
    with fresh_file(path) as fresh:
        figure.savefig(fresh, dpi=80)
    pyplot.close(figure)
