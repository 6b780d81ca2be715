"""A performance on one sheet: field, touch, latents, sound and mode over one time axis."""

from __future__ import annotations

import json
from pathlib import Path

import matplotlib
import numpy as np
import numpy.typing as npt

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from files import fresh_file
from graphs.card import LatentStatistics
from lodestone.osc_log import Heard, series

COURSE = "Course"
_AXIS_COLOURS = ("#c44e52", "#55a868", "#4c72b0")
_MODE_COLOURS = {"onboard": "#4c72b0", "host": "#dd8452", "both": "#8172b3"}


def draw_performance(
    path: Path,
    title: str,
    messages: list[Heard],
    statistics: LatentStatistics | None,
    modes: list[tuple[float, str]],
    sound: npt.NDArray[np.float32],
    rate: int,
) -> None:
    """Writes the picture.

    Args:
        path: PNG to write.
        title: one line above the sheet.
        messages: everything sent and received, as logged; the picture shows what the board said of itself.
        statistics: of the voice's latents; with them, latents are drawn in spreads from their middle.
        modes: second and name of every mode that began to sound.
        sound: mono samples [N].
        rate: samples per second.
    """
    figure, rows = plt.subplots(
        5, 1, figsize=(13, 11), sharex=True, layout="constrained", height_ratios=(3, 2, 3, 4, 0.5)
    )
    figure.suptitle(title, fontsize=12)
    _draw_field(rows[0], messages)
    _draw_touch(rows[1], messages)
    _draw_latents(rows[2], messages, statistics)
    _draw_sound(rows[3], sound, rate)
    _draw_mode(rows[4], modes, len(sound) / rate)
    rows[4].set_xlabel("seconds")
    rows[4].set_xlim(0, len(sound) / rate)
    with fresh_file(path) as fresh:
        told = json.dumps(course(messages, sound, rate))
        figure.savefig(fresh, format="png", dpi=110, metadata={COURSE: told, "Software": "Lodestone"})
    plt.close(figure)


def course(
    messages: list[Heard], sound: npt.NDArray[np.float32], rate: int
) -> dict[str, list[float] | list[list[float]]]:
    """What the sheet shows by the second: means `loudness_db` [S] and, where any was told, `latent` [S][Z].

    It stands in the picture's file (PNG's text COURSE), so that one may ask whether a picture is current.
    """
    seconds = len(sound) // rate
    power = np.square(sound[: seconds * rate], dtype=np.float64).reshape(seconds, rate).mean(1)
    times, values = series(messages, "/latent")
    parts = np.split(values, np.searchsorted(times, np.arange(seconds + 1)))[1:-1]
    latent = [part.mean(0) if len(part) else [] for part in parts]
    return {
        "loudness_db": [round(float(level), 1) for level in 10 * np.log10(power + 1e-10)],
        "latent": [[round(float(z), 2) for z in row] for row in latent],
    }


def _draw_field(axes: Axes, messages: list[Heard]) -> None:
    times, values = series(messages, "/field")
    for sensor in np.unique(values[:, 0]).astype(int) if len(values) else []:
        chosen = (values[:, 0] == sensor) & np.any(values[:, 1:4] != 0, axis=1)  # zero: not read yet
        field = values[chosen, 1:4] - np.median(values[chosen & (times < 1.0), 1:4], axis=0)
        for axis, colour in enumerate(_AXIS_COLOURS):
            axes.plot(
                times[chosen], field[:, axis], color=colour, alpha=0.35 + 0.15 * (int(sensor) % 4), lw=0.8
            )
    axes.set_yscale("symlog", linthresh=0.5)
    axes.set_ylabel("field, mT\n(first second removed)")
    handles = [
        Line2D([], [], color=colour, label=name) for colour, name in zip(_AXIS_COLOURS, "xyz", strict=True)
    ]
    axes.legend(handles=handles, loc="upper right", ncols=3, fontsize=8)


def _draw_touch(axes: Axes, messages: list[Heard]) -> None:
    times, values = series(messages, "/touch")
    if len(values):
        axes.imshow(
            values.T,
            aspect="auto",
            cmap="RdBu_r",
            vmin=-1,
            vmax=1,
            interpolation="nearest",
            extent=(times[0], times[-1], 12 - 0.5, -0.5),
        )
    axes.set_yticks([1, 4, 7, 10], ["1 xyz", "2 xyz", "3 xyz", "4 xyz"])
    axes.set_ylabel("touch, −1…1")


def _draw_latents(axes: Axes, messages: list[Heard], statistics: LatentStatistics | None) -> None:
    times, values = series(messages, "/latent")
    if statistics is not None and values.shape[1] == len(statistics.mean):
        values = (values - statistics.mean) / statistics.std
    for latent in range(values.shape[1]):
        axes.plot(times, values[:, latent], lw=0.9, label=str(latent))
    axes.set_ylabel("latents" if statistics is None else "latents, σ of the voice")
    axes.legend(loc="upper right", ncols=8, fontsize=8)


def _draw_sound(axes: Axes, sound: npt.NDArray[np.float32], rate: int) -> None:
    with np.errstate(divide="ignore"):  # silence, as of a muted board, is minus infinity
        axes.specgram(sound + 1e-9, NFFT=2048, Fs=rate, noverlap=1024, cmap="magma", vmin=-150, vmax=-35)
    axes.set_yscale("symlog", linthresh=500)
    axes.set_ylim(40, rate / 2)
    axes.set_yticks([100, 500, 1000, 2000, 5000, 10000], ["100", "500", "1k", "2k", "5k", "10k"])
    axes.set_ylabel("sound, Hz")


def _draw_mode(axes: Axes, modes: list[tuple[float, str]], seconds: float) -> None:
    ends = [*[time for time, _ in modes[1:]], seconds]
    for (start, mode), end in zip(modes, ends, strict=True):
        axes.axvspan(start, end, color=_MODE_COLOURS.get(mode, "#999999"))
        axes.text((start + end) / 2, 0.5, mode, ha="center", va="center", color="white", fontsize=9)
    axes.set_yticks([])
    axes.set_ylim(0, 1)
    axes.set_ylabel("mode", rotation=0, ha="right", va="center")
