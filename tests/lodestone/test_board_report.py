"""A board's report: its figures beside the predictions."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from lodestone.board_report import (
    Predictions,
    ReportError,
    compare,
    layers,
    predictions,
    table,
    write_report,
)
from lodestone.image import ROOT
from tests.support.tiny import image, scene

TOLD = """machine = armv7l 4.14
underruns = 1
voice = one tiny-512 0.231 0.300 11.610
layer = one 0 0 0 12.50
layer = one 0 0 1 3.25
note: sensor 2 at 0x0d does not answer: check its plug and its address
underruns = 3
frames_per_second = 150.0
frames_wanted = 200
bus_hz = 100000
late_us_touch = 120 900
late_us_voice = 363 1451
mode_switches_audio = 1
memory_kib = 20480
sounded_s = 31.5
"""


def test_predictions_and_measurements_meet(tmp_path: Path) -> None:
    predicted = predictions(image(tmp_path, scene(tmp_path / "p", "one")), "bela")
    (span,) = predicted.blocks.values()
    assert 0.0 < span[0] < span[1] < 11.6
    rows = {row.what: row for row in compare(TOLD, predicted)}
    assert rows["a block of tiny-512, scene one"].predicted == span
    assert rows["a block of tiny-512, scene one"].measured == 0.231
    missing = rows["sensor frames a second that are missing"]
    assert (missing.measured, missing.holds) == (50.0, False)
    assert rows["underruns while the core was busy"].measured == 2.0
    assert rows["from power to sound"].measured == 31.5
    assert rows["memory of the program"].measured == 20.0
    assert rows["memory of the program"].holds
    assert (rows["touch wakes up late, mean"].measured, rows["touch wakes up late, most"].measured) == (
        120,
        900,
    )
    assert rows["voice wakes up late, most"].measured == 1451
    assert rows["mode switches of audio"].holds
    assert rows["mode switches of voice"].measured is None


def test_layers_add_up_to_their_block(tmp_path: Path) -> None:
    """Predicted layer by layer, a plan is what it is as a whole."""
    made = image(tmp_path, scene(tmp_path / "p", "one", work=8), safe=scene(tmp_path / "p", "plain"))
    for board in ("bela", "bela-gem"):
        predicted = predictions(made, board)
        assert set(predicted.layers) == {("one", 0, 0), ("safe", 0, 0)}
        low, high = predicted.blocks["one", 0]
        ends = [layer.ms for layer in predicted.layers["one", 0, 0]]
        assert sum(end[0] for end in ends) >= low * 0.999
        assert sum(end[1] for end in ends) == pytest.approx(high, rel=1e-6)


def test_layers_are_measured_by_the_check(tmp_path: Path) -> None:
    made = image(tmp_path, scene(tmp_path / "p", "one"))
    check = [ROOT / "build" / "lodestone-check", "--layers", "-p", "64"]
    text = subprocess.run(check, cwd=made, capture_output=True, text=True).stdout
    rows = layers(text, predictions(made, "bela"))
    assert len(rows) == len(predictions(made, "bela").layers["one", 0, 0])
    assert all(row.predicted is not None and row.measured is not None for row in rows)
    assert rows[0].what.startswith("one, voice 0: 0 ")
    other = image(tmp_path / "b", scene(tmp_path / "b" / "p", "one", work=8))
    assert {row.predicted for row in layers(text, predictions(other, "bela"))} == {None}  # another plan


def test_the_report_is_a_table_a_picture_and_json(tmp_path: Path) -> None:
    rows = compare(TOLD, Predictions({("one", 0): (0.1, 0.2)}))
    assert "more than predicted" in table(rows).splitlines()[1]
    write_report(tmp_path / "out", TOLD, rows, layers(TOLD, Predictions()))
    content = json.loads((tmp_path / "out" / "report.json").read_text())
    assert content["format"] == "lodestone-board-report 2"
    assert content["rows"][0]["measured"] == 0.231
    assert [row["measured"] for row in content["layers"]] == [0.0125, 0.00325]
    assert content["board"] == TOLD
    assert (tmp_path / "out" / "report.png").read_bytes().startswith(b"\x89PNG")


def test_a_board_that_tells_no_voice_is_refused() -> None:
    with pytest.raises(ReportError, match="wanted the times of voices from the board, got none"):
        compare("machine = armv7l\n", Predictions())
