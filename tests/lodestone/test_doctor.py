"""`lodestone doctor`: each thing that a gig needs, there and missing."""

from __future__ import annotations

import json
import os
import shutil
import socket
import time
from datetime import datetime, timezone
from pathlib import Path

import pytest
from typer.testing import CliRunner

from calibration import save
from calibration.judging.verdict import CARE, READY, STOP, Verdict
from calibration.when import FORM
from lodestone import doctor
from lodestone.cli import build_app
from tests.support.plain_board import plain_calibration


def test_a_port_that_is_taken_is_told_with_its_owner(monkeypatch: pytest.MonkeyPatch) -> None:
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as held,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free,
    ):
        held.bind(("", 0))
        free.bind(("", 0))
        number, other = held.getsockname()[1], free.getsockname()[1]
        free.close()
        monkeypatch.setattr(doctor, "PORTS", (number, other))
        seen = doctor.ports()
    assert seen.state == doctor.CARE
    assert f"{number} is taken by" in seen.said
    assert f"({os.getpid()})" in seen.said
    assert str(other) not in seen.said


def test_a_calibration_is_missing_old_or_damaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "lodestone.calibration.json"
    assert "none at" in doctor.calibration(path, time.time()).said
    known = plain_calibration()
    save(known, path)
    assert "without a verdict" in doctor.calibration(path, time.time()).said
    made = datetime.strptime(known.created, FORM).replace(tzinfo=timezone.utc)
    for level, state in ((READY, doctor.GOOD), (CARE, doctor.CARE), (STOP, doctor.BAD)):
        judged = (None, Verdict(level, ()))
        monkeypatch.setattr("calibration.assemble.verdict_of", lambda _, judged=judged: judged)
        assert doctor.calibration(path, made.timestamp() + 60).state == state
    monkeypatch.setattr("calibration.assemble.verdict_of", lambda _: (None, Verdict(READY, ())))
    ahead = doctor.calibration(path, made.timestamp() - 3 * 86400)  # this clock, or that one, is wrong
    assert (ahead.state, "age cannot be told" in ahead.said) == (doctor.CARE, True)
    later = doctor.calibration(path, made.timestamp() + 3 * 86400)
    assert (later.state, "3 days old" in later.said) == (doctor.CARE, True)
    path.write_text(path.read_text()[:-40])
    told = {seen.what: seen for seen in doctor.examine(tmp_path, ("192.0.2.1",))}
    assert told["calibration"].state == doctor.BAD


def test_a_full_disk_and_a_wrong_clock_are_bad(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert doctor.disk(tmp_path).state == doctor.GOOD
    usage = shutil.disk_usage(tmp_path)._replace(free=1_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    assert doctor.disk(tmp_path).state == doctor.BAD
    assert doctor.clock(86400.0).state == doctor.BAD
    assert doctor.clock(time.time() + 10).state == doctor.GOOD


def test_every_line_has_a_remedy_or_is_good(tmp_path: Path) -> None:
    result = CliRunner().invoke(build_app(), ["doctor", "192.0.2.1", "--folder", str(tmp_path), "--json"])
    told = json.loads(result.output)
    assert [one["what"] for one in told][1:5] == ["OSC ports", "board", "calibration", "voices"]
    assert all(one["do"] or one["state"] == "good" for one in told)
    assert result.exit_code == int(any(one["state"] == "bad" for one in told))
