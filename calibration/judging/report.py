"""The report card: one page as a picture and as a self-contained HTML file."""

from __future__ import annotations

import base64
import html
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Wedge

from calibration.assemble import verdict_of
from calibration.errors import CalibrationError
from calibration.fitting.coverage import LEVELS, SIDES
from calibration.judging.figure_table import HEADS, NOT_MEASURED, VERDICT, figure_rows
from calibration.judging.figures import Figures
from calibration.judging.verdict import CARE, READY, STOP, Verdict
from calibration.model import CHANNELS, SENSORS, Calibration
from calibration.when import local_words
from geometry import BoardGeometry

COLOURS = {READY: "#2e7d4f", CARE: "#b7791f", STOP: "#b3261e", NOT_MEASURED: "#5b6670"}
INK, FAINT = "#1f2933", "#d5dbe1"
AXIS_COLOURS = ("#3b6ea5", "#5f9e6e", "#c06c4e")
RING_MM, PLAY_MM = 40.0, 120.0


def write_report(calibration: Calibration, base: Path) -> tuple[Path, Path]:
    """Writes BASE.png and BASE.html.

    Raises:
        CalibrationError: the calibration carries no figures.
    """
    judged = verdict_of(calibration)
    if judged is None:
        raise CalibrationError("a calibration with figures", "one without a report", "calibrate again")
    figures, verdict = judged
    picture = _picture(calibration, figures, verdict)
    image, page = base.with_name(base.name + ".png"), base.with_name(base.name + ".html")
    image.parent.mkdir(parents=True, exist_ok=True)
    image.write_bytes(picture)
    page.write_text(_page(calibration, figures, verdict, picture), encoding="utf-8")
    return image, page


def _picture(calibration: Calibration, figures: Figures, verdict: Verdict) -> bytes:
    sheet = Figure(figsize=(11.0, 7.2), layout="constrained", facecolor="white")
    grid = sheet.add_gridspec(2, 3, height_ratios=(1.0, 1.05), width_ratios=(1.25, 1.0, 1.0))
    sheet.suptitle(verdict.words, color=COLOURS[verdict.level], fontsize=13, fontweight="bold", wrap=True)
    _reach(sheet.add_subplot(grid[0, :2]), calibration)
    _coverage(sheet.add_subplot(grid[0, 2]), figures)
    _table(sheet.add_subplot(grid[1, :2]), figures)
    _crosstalk(sheet.add_subplot(grid[1, 2]), figures)
    buffer = io.BytesIO()
    sheet.savefig(buffer, format="png", dpi=120, metadata={"Software": None})
    return buffer.getvalue()


def _reach(axes: Axes, calibration: Calibration) -> None:
    """Bars from the noise to the reach, in decades: what a hand can play on each axis."""
    noise = calibration.response.dead_zone_mt / 4.0
    reach = calibration.response.reach_mt
    where = np.arange(CHANNELS) + np.repeat(np.arange(SENSORS), 3) * 0.6
    axes.bar(where, reach - noise, bottom=noise, color=np.tile(AXIS_COLOURS, SENSORS).tolist(), width=0.8)
    axes.plot(where, calibration.response.dead_zone_mt, "_", color=INK, markersize=12)
    axes.set_yscale("log")
    axes.set_ylim(bottom=0.5 * float(noise.min()))
    axes.set_xticks(where, [f"{'xyz'[n % 3]}" for n in range(CHANNELS)])
    for sensor in range(SENSORS):
        axes.text(
            where[3 * sensor + 1],
            1.02,
            f"sensor {sensor + 1}",
            transform=axes.get_xaxis_transform(),
            ha="center",
            color=INK,
        )
    axes.set_ylabel("mT")
    axes.set_title("from noise to reach (mark: dead zone)", fontsize=10, color=INK, pad=20)
    _calm(axes)


def _coverage(axes: Axes, figures: Figures) -> None:
    """The board from above; every visited side of every attractor is filled, near inside, far outside."""
    axes.add_patch(Circle((0, 0), PLAY_MM, fill=False, color=FAINT))
    cells = np.array(figures.cells)
    for sensor, (x, y) in enumerate(BoardGeometry().attractors_mm()):
        for side in range(SIDES):
            begin = -180.0 + 360.0 / SIDES * side
            for level in range(LEVELS):
                outer = RING_MM * (0.5 if level == LEVELS - 1 else 1.0)
                colour = AXIS_COLOURS[0] if cells[sensor, side, level] else "white"
                axes.add_patch(
                    Wedge(
                        (x, y),
                        outer,
                        begin,
                        begin + 360.0 / SIDES,
                        width=RING_MM * 0.5,
                        facecolor=colour,
                        edgecolor=FAINT,
                        alpha=0.9,
                    )
                )
        axes.text(x, y + RING_MM + 6, str(sensor + 1), ha="center", color=INK)
    axes.set(xlim=(-130, 130), ylim=(-130, 130), aspect="equal")
    axes.set_axis_off()
    axes.set_title(f"visited: {100 * figures.coverage:.0f} %", fontsize=10, color=INK)


def _crosstalk(axes: Axes, figures: Figures) -> None:
    matrix = np.array(figures.crosstalk)
    axes.imshow(matrix, vmin=0, vmax=1, cmap="Blues")
    for i in range(SENSORS):
        for j in range(SENSORS):
            colour = "white" if matrix[i, j] > 0.5 else INK
            axes.text(j, i, f"{matrix[i, j]:.2f}", ha="center", va="center", color=colour, fontsize=9)
    names = [str(k + 1) for k in range(SENSORS)]
    axes.set_xticks(range(SENSORS), names)
    axes.set_yticks(range(SENSORS), names)
    axes.set_xlabel("felt by sensor")
    axes.set_ylabel("magnet over ring")
    axes.set_title(f"crosstalk, condition {figures.crosstalk_condition:.1f}", fontsize=10, color=INK)


def _table(axes: Axes, figures: Figures) -> None:
    axes.set_axis_off()
    rows = figure_rows(figures)
    for number, (*cells, level) in enumerate([(*HEADS, ""), *rows]):
        height = 1.0 - (number + 0.5) / (len(rows) + 1)
        # In words as well: colours are lost in print, and some eyes do not tell these apart.
        colour, weight = (COLOURS[level], "normal") if level else (INK, "bold")
        axes.text(0.0, height, level or VERDICT, color=colour, weight=weight, va="center", fontsize=9.5)
        for place, text in zip((0.13, 0.49, 0.82), cells, strict=True):
            axes.text(place, height, text, va="center", color=INK, weight=weight, fontsize=9.5)


def _calm(axes: Axes) -> None:
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.tick_params(colors=INK)


def _page(calibration: Calibration, figures: Figures, verdict: Verdict, picture: bytes) -> str:
    encoded = base64.b64encode(picture).decode()
    reasons = "".join(
        f"<li><b>{html.escape(f.cause)}</b>: {html.escape(f.remedy)}.</li>" for f in verdict.findings
    )
    rows = "<tr>" + "".join(f"<th>{head}</th>" for head in (VERDICT, *HEADS)) + "</tr>"
    rows += "".join(
        f'<tr><td style="color:{COLOURS[level]}">{level}</td><td>{html.escape(name)}</td>'
        f"<td>{html.escape(value)}</td><td>{html.escape(limit)}</td></tr>"
        for name, value, limit, level in figure_rows(figures)
    )
    data: dict[str, Any] = {"verdict": verdict.plain(), "figures": figures.plain()}
    safe = json.dumps(data).replace("<", "\\u003c")
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Calibration of {html.escape(calibration.board)}</title>
<style>body{{font:16px/1.5 system-ui,sans-serif;max-width:62rem;margin:2rem auto;padding:0 1rem;color:{INK}}}
img{{width:100%}}td,th{{padding:.1rem 1rem .1rem 0;text-align:left}}
h1{{color:{COLOURS[verdict.level]}}}</style></head><body>
<h1>{html.escape(verdict.level.capitalize())}</h1>
<p>{html.escape(calibration.board)}, {html.escape(local_words(calibration.created))}, magnets:
{html.escape(calibration.magnet_set or "not named")}</p>
<ul>{reasons or "<li>Every figure is inside its limit.</li>"}</ul>
<img alt="The report card as a picture" src="data:image/png;base64,{encoded}">
<table>{rows}</table>
<script type="application/json" id="report">{safe}</script>
</body></html>
"""
