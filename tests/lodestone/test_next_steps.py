"""`lodestone` alone says what can be done next from where the player is."""

from __future__ import annotations

import dataclasses
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from typer.testing import CliRunner

from calibration import save
from calibration.when import FORM
from lodestone import doctor
from lodestone.cli import build_app
from lodestone.default_files import CALIBRATION
from lodestone.doctor import CARE, GOOD, Seen
from lodestone.next_steps import next_steps
from tests.support.plain_board import plain_calibration

NONE = Seen("board", CARE, "none answers on the link", "check the cable")
THERE = Seen("board", GOOD, "10.0.0.7 plays glass, onboard, firmware 0.1.0")


def test_without_a_board_it_offers_the_page_and_play(tmp_path: Path) -> None:
    said = list(next_steps(tmp_path, lambda: NONE))
    assert said[0] == "board        none answers on the link"
    assert said[1].startswith("calibration  none at ")
    commands = [line.split("  ")[0] for line in said[3:]]
    assert commands[:2] == ["lodestone page --live", "lodestone play"]
    assert {"lodestone calibrate --simulate", "lodestone build --init"} <= set(commands)


def test_with_a_board_its_state_comes_first_and_its_address_is_in_the_commands(tmp_path: Path) -> None:
    (tmp_path / "instrument.toml").write_text("", encoding="utf-8")
    said = list(next_steps(tmp_path, lambda: THERE))
    assert said[0] == f"board        {THERE.said}"
    commands = [line.split("  ")[0] for line in said[3:]]
    assert commands[:2] == ["lodestone status", "lodestone calibrate --board 10.0.0.7"]
    assert "lodestone page --board 10.0.0.7" in commands
    assert "lodestone build" in commands


@pytest.mark.parametrize(("days", "offered"), [(0, False), (3, True)])
def test_a_calibration_that_is_not_tonights_is_told(
    days: int, offered: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from calibration import assemble
    from calibration.judging.verdict import READY

    made = datetime.now(timezone.utc) - timedelta(days=days)
    save(dataclasses.replace(plain_calibration(), created=made.strftime(FORM)), tmp_path / CALIBRATION)
    verdict = type("Verdict", (), {"level": READY, "words": "ready"})()
    monkeypatch.setattr(assemble, "verdict_of", lambda _: (None, verdict))
    said = list(next_steps(tmp_path, lambda: NONE))
    assert any("not tonight's" in line for line in said) == offered
    assert ("days old" in said[1]) == offered


def test_a_broken_calibration_is_told_in_its_line(tmp_path: Path) -> None:
    (tmp_path / CALIBRATION).write_text("{", encoding="utf-8")
    assert next(line for line in next_steps(tmp_path, lambda: NONE) if line.startswith("calibration"))


def test_every_command_that_it_names_exists(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "board", lambda: THERE)
    app = build_app()
    for line in [*next_steps(tmp_path, lambda: NONE), *next_steps(tmp_path, lambda: THERE)]:
        if line.startswith("lodestone "):
            words = line.split("  ")[0].split()[1:]
            verb = [word for word in words if not word.startswith("--")][:1]
            shown = CliRunner().invoke(app, [*verb, "--help"], env={"COLUMNS": "200"}).output
            assert all(word in shown for word in words if word.startswith("--")), line
