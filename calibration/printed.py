"""What one prints for the known spots: a sheet at 1:1 with a ruler, and a cup that holds the ball.

The sheet lies on the board, its rings over the board's rings. The cup stands on a printed circle, and the
ball lies in it on the paper, in the circle's centre to a tenth of a millimetre.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import trimesh

from calibration.fitting.spots import printed_spots
from files import fresh_file
from geometry import BoardGeometry

MM_PER_INCH = 25.4
PAGE_MM = (210.0, 297.0)
"""A4, upright, the board's middle in its middle."""
RULER_MM = 100.0
CUP_WALL_MM = 5.0
CLEARANCE_MM = 0.1
"""Between the ball's equator and the cup's wall."""
SMALLEST_WALL_FACES = 96


def cup_radius_mm(ball_mm: float) -> float:
    """Outer radius of the cup, which is that of the printed circles."""
    return ball_mm / 2.0 + CLEARANCE_MM + CUP_WALL_MM


def cup(ball_mm: float) -> trimesh.Trimesh:
    """A ring in which a ball lies on the paper: z = 0 is the paper, millimetres.

    It reaches to the ball's equator, so that the ball is seen, turned and taken out from above.
    """
    inner, outer, high = ball_mm / 2.0 + CLEARANCE_MM, cup_radius_mm(ball_mm), ball_mm / 2.0
    bevel = min(0.5, high / 4.0)
    # A polygon of so many corners is cut by its own sides: the inner wall is measured across them.
    across = inner / np.cos(np.pi / SMALLEST_WALL_FACES)
    outline = np.array(
        [
            (across, 0.0),
            (outer, 0.0),
            (outer, high - bevel),
            (outer - bevel, high),
            (across + bevel, high),
            (across, high - bevel),
            (across, 0.0),
        ]
    )
    made: trimesh.Trimesh = trimesh.creation.revolve(outline, sections=SMALLEST_WALL_FACES)
    return made


def write_cup(path: Path, ball_mm: float) -> Path:
    """Writes the cup as binary STL. Raises FileError where the disk does not take it."""
    with fresh_file(path) as fresh:
        fresh.write_bytes(trimesh.exchange.stl.export_stl(cup(ball_mm)))
    return path


def write_sheet(path: Path, ball_mm: float) -> Path:
    """Writes the sheet as PDF. Raises FileError where the disk does not take it."""
    import matplotlib as mpl
    from matplotlib.backends.backend_pdf import FigureCanvasPdf
    from matplotlib.figure import Figure

    figure = Figure(figsize=(PAGE_MM[0] / MM_PER_INCH, PAGE_MM[1] / MM_PER_INCH))
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set_xlim(-PAGE_MM[0] / 2.0, PAGE_MM[0] / 2.0)
    axes.set_ylim(-PAGE_MM[1] / 2.0, PAGE_MM[1] / 2.0)
    axes.set_aspect("equal")
    axes.axis("off")
    _draw_spots(axes, ball_mm)
    _draw_rulers(axes)
    with fresh_file(path) as fresh, mpl.rc_context({"pdf.compression": 0}):
        FigureCanvasPdf(figure).print_figure(str(fresh), format="pdf")
    return path


def _line(axes: Any, xs: tuple[float, float], ys: tuple[float, float]) -> None:
    axes.plot(xs, ys, color="black", linewidth=0.4)


def _draw_spots(axes: Any, ball_mm: float) -> None:
    from matplotlib.patches import Circle

    radius = cup_radius_mm(ball_mm)
    for number, spot in enumerate(printed_spots(), 1):
        x, y = spot.place_mm
        axes.add_patch(Circle((x, y), radius, fill=False, linewidth=0.4))
        _line(axes, (x - radius - 4.0, x + radius + 4.0), (y, y))
        _line(axes, (x, x), (y - radius - 4.0, y + radius + 4.0))
        axes.annotate(str(number), (x + radius * 0.75, y + radius * 0.75), fontsize=9)
    r = BoardGeometry().attractor_radius_mm
    _line(axes, (-r, r), (0.0, 0.0))
    _line(axes, (0.0, 0.0), (-r, r))
    for text, y in (
        (f"Known spots. Cup for a ball of {ball_mm:g} mm. Print at 100 %, not fitted to the page.", 138.0),
        ("The edge of the paper that is near you; ring 1 is on your left.", -140.0),
    ):
        axes.annotate(text, (0.0, y), ha="center", fontsize=9)


def _draw_rulers(axes: Any) -> None:
    """Two scales of 100 mm: a printer may stretch one way only."""
    half = RULER_MM / 2.0
    _line(axes, (-half, half), (-128.0, -128.0))
    _line(axes, (98.0, 98.0), (-half, half))
    for tick in np.arange(-half, half + 1.0, 10.0):
        long = 4.0 if abs(tick) in (0.0, half) else 2.0
        _line(axes, (tick, tick), (-128.0, -128.0 + long))
        _line(axes, (98.0 - long, 98.0), (tick, tick))
    axes.annotate("0 to 100 mm: measure it", (0.0, -134.0), ha="center", fontsize=8)
    axes.annotate("100 mm", (100.0, 0.0), rotation=90, va="center", fontsize=8)
