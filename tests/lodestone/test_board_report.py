"""A board's report: its figures beside the predictions."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lodestone.board_report import ReportError, compare, predicted_ms, table, write_report
from tests.support.tiny import image, scene

TOLD = """machine = armv7l 4.14
underruns = 1
voice = one tiny-512 0.231 0.300 11.610
note: sensor 2 at 0x0d does not answer: check its plug and its address
underruns = 3
frames_per_second = 150.0
frames_wanted = 200
bus_hz = 100000
uptime_s = 12
board_uptime_s = 60.5
"""


def test_predictions_and_measurements_meet(tmp_path: Path) -> None:
    predictions = predicted_ms(image(tmp_path, scene(tmp_path / "p", "one")), "bela")
    (span,) = predictions.values()
    assert 0.0 < span[0] < span[1] < 11.6
    rows = {row.what: row for row in compare(TOLD, predictions)}
    assert rows["a block of tiny-512, scene one"].predicted == span
    assert rows["a block of tiny-512, scene one"].measured == 0.231
    missing = rows["sensor frames a second that are missing"]
    assert (missing.measured, missing.holds) == (50.0, False)
    assert rows["underruns while the core was busy"].measured == 2.0
    assert rows["from power to sound"].measured == 48.5
    assert rows["mode switches of the audio thread"].measured is None


def test_the_report_is_a_table_a_picture_and_json(tmp_path: Path) -> None:
    rows = compare(TOLD, {("one", 0): (0.1, 0.2)})
    assert "more than predicted" in table(rows).splitlines()[1]
    write_report(tmp_path / "out", TOLD, rows)
    content = json.loads((tmp_path / "out" / "report.json").read_text())
    assert content["format"] == "lodestone-board-report 1"
    assert content["rows"][0]["measured"] == 0.231
    assert content["board"] == TOLD
    assert (tmp_path / "out" / "report.png").read_bytes().startswith(b"\x89PNG")


def test_a_board_that_tells_no_voice_is_refused() -> None:
    with pytest.raises(ReportError, match="wanted the times of voices from the board, got none"):
        compare("machine = armv7l\n", {})
