"""The report card: a picture, a page that needs nothing else, rows that follow the limits."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from rich.console import Console

from calibration import Calibration, CalibrationError
from calibration.assemble import fit, verdict_of
from calibration.capture.procedure import FREE_PLAY
from calibration.capture.steps import Step
from calibration.judging.report import write_report
from calibration.screen.terminal import TerminalWatcher, age_words, board_map, print_card, print_verdict
from tests.support.proof.boards import ImperfectBoard, Stage


@pytest.fixture(scope="module")
def reported() -> Calibration:
    """A calibration with figures, its names full of what HTML must not see."""
    session = ImperfectBoard(4).session(Stage("empty", 5.0), Stage("free-play"), spots=True)
    return fit(session, board="<b>hall</b>", magnet_set='two "balls" & a ring')


class Links(HTMLParser):
    """Collects what a page would fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.sources: list[str] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.sources += [value or "" for name, value in attrs if name in ("src", "href")]


def test_page_and_picture(reported: Calibration, tmp_path: Path) -> None:
    image, page = write_report(reported, tmp_path / "hall")
    assert image.read_bytes().startswith(b"\x89PNG")
    text = page.read_text(encoding="utf-8")
    links = Links()
    links.feed(text)
    assert links.sources
    assert all(source.startswith("data:image/png;base64,") for source in links.sources)
    assert "<b>hall</b>" not in text
    data = re.search(r'<script type="application/json" id="report">(.*?)</script>', text, re.S)
    assert data is not None
    judged = verdict_of(reported)
    assert judged is not None
    assert json.loads(data.group(1))["verdict"] == judged[1].plain()


def test_a_calibration_without_figures_has_no_report(calibration: Calibration, tmp_path: Path) -> None:
    with pytest.raises(CalibrationError, match="one without a report"):
        write_report(calibration, tmp_path / "none")
    assert not list(tmp_path.iterdir())


def test_the_card_in_the_terminal(reported: Calibration, capsys: pytest.CaptureFixture[str]) -> None:
    print_card(reported, verdict_of(reported))
    shown = capsys.readouterr().out
    assert "Ready" in shown
    assert "signal to noise" in shown


def test_the_watcher_shows_bars_map_and_what_is_missing() -> None:
    from io import StringIO
    from types import SimpleNamespace

    import numpy as np

    screen = StringIO()
    watcher = TerminalWatcher(Console(file=screen, force_terminal=True, width=140), ask=False)
    step = Step(FREE_PLAY.name, 1.0, "Play.")
    watcher.begin(step)
    for number in range(100):
        field = np.zeros((4, 3))
        field[0] = (3.0, 0.0, 4.0) if number else 0.0
        watcher.frame(step, SimpleNamespace(time_s=number * 0.01, field_mt=field))
    watcher.end(step, "done")
    shown = screen.getvalue()
    assert "sensor 4" in shown
    assert "█" in shown
    assert "attractor 2 at all" in shown
    assert "done" in shown


def test_the_map_fills_where_one_has_been() -> None:
    import numpy as np

    cells = np.zeros((4, 8, 2), dtype=bool)
    assert "●" not in board_map(cells).plain
    cells[2] = True
    assert board_map(cells).plain.count("●") == 8


def test_reasons_come_with_their_remedy(capsys: pytest.CaptureFixture[str]) -> None:
    from calibration.judging.verdict import CARE, Finding, Verdict

    verdict = Verdict(CARE, (Finding(CARE, "mains", "a hum", "move the lamp"),))
    print_verdict(Console(), verdict)
    assert "a hum: move the lamp" in capsys.readouterr().out
    assert verdict.words == "Play with care: a hum. Move the lamp."


def test_age_in_words() -> None:
    import datetime

    now = datetime.datetime(2026, 1, 3, 20, 0, tzinfo=datetime.timezone.utc)
    assert age_words("2026-01-03T19:30:00Z", now) == " (within the hour)"
    assert age_words("2026-01-03T15:00:00Z", now) == " (5 hours ago)"
    assert "31 days ago: calibrate again" in age_words("2025-12-03T20:00:00Z", now)
    assert age_words("yesterday", now) == ""
