"""A score sheet: one page of a performance to print, write on and play from again."""

from __future__ import annotations

from pathlib import Path

import matplotlib
import numpy as np
import numpy.typing as npt

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.patches import Circle

from files import fresh_file
from geometry import BoardGeometry
from graphs.card import Card
from lodestone.takes.content import told
from lodestone.takes.sounds import path_latents
from lodestone.takes.take_file import Take, TakeError

Array = npt.NDArray[np.float64]

A4 = (8.27, 11.69)
RING_MM = 50.7
FAINT = 0.03
"""Touch below which a hand is nowhere."""


def write_score(path: Path, title: str, take: Take, card: Card, sound: npt.NDArray[np.float32]) -> None:
    """Writes the sheet as PDF, A4.

    Args:
        path: PDF to write.
        title: one line above the sheet.
        take: what was played.
        card: of the voice.
        sound: mono samples of the take by that voice.

    Raises:
        TakeError: no touch in the take.
    """
    times, touch = touches(take)
    figure = plt.figure(figsize=A4, layout="constrained")
    rows = figure.subplot_mosaic([["board"], ["touch"], ["latents"], ["sound"]], height_ratios=(5, 2, 3, 2))
    figure.suptitle(title, fontsize=11)
    _draw_board(rows["board"], times, touch)
    _draw_touch(rows["touch"], times, touch)
    _draw_latents(rows["latents"], path_latents(take, card), card, times[0])
    _draw_sound(rows["sound"], sound, card.sample_rate, times[0])
    for name in ("touch", "latents", "sound"):
        rows[name].set_xlim(times[0], times[-1])
    rows["sound"].set_xlabel("seconds")
    with fresh_file(path) as fresh:
        figure.savefig(fresh, format="pdf", metadata={"CreationDate": None})
    plt.close(figure)


def touches(take: Take) -> tuple[Array, Array]:
    """Seconds [N] and touch [N, 12].

    Raises:
        TakeError: fewer than two.
    """
    rows = [(at, row["touch"]) for at, row in told(take, "/touch")]
    if len(rows) < 2:
        do = "record it from a board whose osc.streams has touch"
        raise TakeError("a take with touch in it", f"{len(rows)} of it", do)
    return np.array([at for at, _ in rows]), np.array([touch for _, touch in rows], np.float64)


def hand(touch: Array) -> Array:
    """Where the hand is over the board, [N, 2] mm: the attractors' middle by the squares of their touch.

    Not a number where nothing is touched. It is where the touch is, not where a magnet lies.
    """
    weights = (touch.reshape(len(touch), 4, 3) ** 2).sum(axis=2)
    places = BoardGeometry().attractors_mm()[:, :2]
    whole = weights.sum(axis=1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        middle = weights @ places / whole
    return np.where(whole > FAINT**2, middle, np.nan)


def _draw_board(axes: Axes, times: Array, touch: Array) -> None:
    places, way = BoardGeometry().attractors_mm()[:, :2], hand(touch)
    for number, place in enumerate(places, 1):
        axes.add_patch(Circle((place[0], place[1]), RING_MM, fill=False, color="0.6", linewidth=0.8))
        axes.text(place[0], place[1], str(number), ha="center", va="center", color="0.6")
    axes.plot(*way.T, color="0.3", linewidth=0.5)
    dots = axes.scatter(way[:, 0], way[:, 1], c=times, cmap="viridis", s=3)
    axes.figure.colorbar(dots, ax=axes, label="seconds", shrink=0.7)
    for second in range(int(np.ceil(times[0])), int(times[-1]) + 1, max(1, int(np.ptp(times) / 12))):
        place = way[min(int(np.searchsorted(times, second)), len(way) - 1)]
        if np.isfinite(place).all():
            axes.annotate(str(second), (place[0], place[1]), fontsize=7)
    axes.set_aspect("equal")
    axes.set_xlabel("mm, the player is below")


def _draw_touch(axes: Axes, times: Array, touch: Array) -> None:
    extent = (times[0], times[-1], 11.5, -0.5)
    axes.imshow(touch.T, aspect="auto", cmap="RdBu_r", vmin=-1, vmax=1, extent=extent)
    axes.set_yticks([1, 4, 7, 10], ["1 xyz", "2 xyz", "3 xyz", "4 xyz"], fontsize=7)


def _draw_latents(axes: Axes, latents: Array, card: Card, start: float) -> None:
    """A line each, in spreads from its middle, one above the other."""
    mean = np.zeros(card.latents) if card.latent is None else card.latent.mean
    std = np.ones(card.latents) if card.latent is None else np.maximum(card.latent.std, 1e-9)
    at = start + np.arange(len(latents)) * card.hop / card.sample_rate
    for z in range(card.latents):
        axes.axhline(z, color="0.85", linewidth=0.5)
        axes.plot(at, z - (latents[:, z] - mean[z]) / std[z] / 5.0, linewidth=0.8)
    axes.set_ylim(card.latents - 0.4, -0.6)
    axes.set_yticks(range(card.latents), [str(z + 1) for z in range(card.latents)], fontsize=7)
    axes.set_ylabel("latents, 5 σ a line")


def _draw_sound(axes: Axes, sound: npt.NDArray[np.float32], rate: int, start: float) -> None:
    _, _, _, image = axes.specgram(
        sound.astype(np.float64) + 1e-9, NFFT=2048, noverlap=1024, Fs=rate, scale="dB", cmap="Greys",
        xextent=(start, start + len(sound) / rate),
    )  # fmt: skip
    top = float(np.max(np.asarray(image.get_array())))
    image.set_clim(top - 70.0, top)
    axes.set_yscale("symlog", linthresh=200.0)
    axes.set_ylim(50.0, rate / 2)
    axes.set_yticks([100, 1000, 10000], ["100 Hz", "1 kHz", "10 kHz"], fontsize=7)
