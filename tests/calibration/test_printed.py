"""The printed sheet is true to the millimetre, and the cup holds its ball where the sheet says."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import trimesh

from calibration.fitting.spots import printed_spots
from calibration.printed import PAGE_MM, RULER_MM, cup, cup_radius_mm, write_cup, write_sheet
from lodestone.cli import build_app, run

POINT_MM = 25.4 / 72.0
NUMBER = rb"(-?[\d.]+)"


def lines_mm(pdf: bytes) -> list[tuple[tuple[float, float], tuple[float, float]]]:
    """Every straight line of the page, in mm from its middle: what a printer is told."""
    found = []
    for match in re.finditer(NUMBER + rb" " + NUMBER + rb" m\n" + NUMBER + rb" " + NUMBER + rb" l\n", pdf):
        x0, y0, x1, y1 = (float(part) * POINT_MM for part in match.groups())
        mid_x, mid_y = PAGE_MM[0] / 2.0, PAGE_MM[1] / 2.0
        found.append(((x0 - mid_x, y0 - mid_y), (x1 - mid_x, y1 - mid_y)))
    return found


def test_the_sheet_is_true_to_a_twentieth_of_a_millimetre(tmp_path: Path) -> None:
    pdf = write_sheet(tmp_path / "sheet.pdf", 15.0).read_bytes()
    box = re.search(rb"/MediaBox \[ 0 0 " + NUMBER + rb" " + NUMBER + rb" \]", pdf)
    assert box is not None
    assert [float(part) * POINT_MM for part in box.groups()] == pytest.approx(PAGE_MM, abs=0.05)
    lines = lines_mm(pdf)
    middles = [np.add(*line) / 2.0 for line in lines]
    for spot in printed_spots():  # two lines of a cross meet in it
        near = [m for m in middles if np.hypot(*(m - np.array(spot.place_mm))) < 0.05]
        assert len(near) >= 2, spot.name
    for axis in range(2):
        lengths = [abs(line[1][axis] - line[0][axis]) for line in lines]
        assert min(abs(length - RULER_MM) for length in lengths) < 0.05


@pytest.mark.parametrize("ball_mm", [10.0, 15.0, 20.0])
def test_the_cup_holds_its_ball_on_the_paper(tmp_path: Path, ball_mm: float) -> None:
    write_cup(tmp_path / "cup.stl", ball_mm)
    mesh = trimesh.load(tmp_path / "cup.stl")
    assert mesh.is_watertight
    assert mesh.volume > 0.0  # faces look outward
    assert mesh.bounds[0][2] == pytest.approx(0.0, abs=1e-6)
    assert mesh.bounds[1][2] == pytest.approx(ball_mm / 2.0, abs=1e-5)
    assert mesh.bounds[1][0] == pytest.approx(cup_radius_mm(ball_mm), abs=0.02)
    # The nearest that any face of the wall comes to the axis, at the ball's equator and below it.
    middles = mesh.triangles_center
    inner = np.hypot(middles[:, 0], middles[:, 1]).min()
    edges = mesh.vertices[mesh.edges_unique].mean(axis=1)
    inner = min(inner, float(np.hypot(edges[:, 0], edges[:, 1]).min()))
    assert 0.0 < inner - ball_mm / 2.0 < 0.2
    assert cup(ball_mm).volume == pytest.approx(mesh.volume, rel=1e-4)


def test_the_command_writes_both(tmp_path: Path) -> None:
    sheet, stl = tmp_path / "s.pdf", tmp_path / "c.stl"
    given = ["calibration", "sheet", "--out", str(sheet), "--cup", str(stl), "--ball-mm", "12"]
    assert run(lambda: build_app()(given)) == 0
    assert sheet.read_bytes().startswith(b"%PDF")
    assert trimesh.load(stl).is_watertight
