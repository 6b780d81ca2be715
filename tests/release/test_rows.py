"""Every row of the README's table can be tried, and what goes wrong is noticed; `release.check` tries all."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.main import get_command

from lodestone.cli import build_app
from release.rows import attempt, is_one_of, rows
from tests.support.installed import ROOT

ROWS = rows((ROOT / "README.md").read_text(encoding="utf-8"))
COMMANDS = list(dict.fromkeys(command for row in ROWS for command in row.commands))


def test_every_row_is_read() -> None:
    table = (ROOT / "README.md").read_text(encoding="utf-8").split("\n## Next steps\n")[1].split("\n## ")[0]
    assert len(ROWS) == len([line for line in table.splitlines() if line.startswith("| ")]) - 1
    assert {row.want for row in ROWS if not row.commands} == {
        "play it in a browser, without installing anything",
        "add a chip, a mapping, an operator, a command, a setting or a voice",
    }
    assert "lodestone patch glass -o glass.pd --sc" in COMMANDS
    assert "lodestone calibrate --board 192.168.7.2" in COMMANDS


def test_every_command_of_the_rows_parses() -> None:
    app = get_command(build_app())
    for command in COMMANDS:
        words, verb = command.split()[1:], app
        while getattr(verb, "commands", None) and words and words[0] in verb.commands:  # type: ignore[attr-defined]
            verb, words = verb.commands[words[0]], words[1:]  # type: ignore[attr-defined]
        verb.make_context(command, words)


def fake(folder: Path, script: str) -> str:
    path = folder / "lodestone"
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize(
    ("command", "script", "wrong"),
    [
        ("lodestone voices", "echo all well", ""),
        ("lodestone voices", "echo 'Traceback (most recent call last):'", "Traceback"),
        ("lodestone voices", "echo 'lodestone: wanted a, got b: c'; exit 1", "wanted a"),
        ("lodestone flash", "echo 'deploy: wanted a board'; exit 1", ""),
        ("lodestone flash", "exit 2", "exit 2"),
        ("lodestone live", "trap 'exit 130' INT; while :; do sleep 0.1; done", ""),
    ],
)
def test_an_outcome_is_judged(
    command: str, script: str, wrong: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("release.rows.ALONE_S", 0.5)
    outcome = attempt(fake(tmp_path, script), command, tmp_path)
    assert (wrong in outcome.wrong) if wrong else outcome.wrong == "", outcome
    assert outcome.ended == ("stopped" if command == "lodestone live" else outcome.ended)


def test_names_are_whole_words() -> None:
    assert is_one_of("lodestone board", ("board",))
    assert not is_one_of("lodestone boards", ("board",))
