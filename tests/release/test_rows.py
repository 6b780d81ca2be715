"""Every command of README and book can be tried, and what goes wrong is noticed."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from typer.main import get_command

from lodestone.cli import build_app
from release.doc_commands import first_sound, of_page, rows
from release.rows import ALONE, FOLLOWED, attempt, block, book, is_one_of, main
from tests.support.installed import ROOT

ROWS = rows((ROOT / "README.md").read_text(encoding="utf-8"))
COMMANDS = list(dict.fromkeys(command for row in ROWS for command in row.commands))


ONLY_MENTIONED = ("MissingParameter", "BadOptionUsage")
"""What the parser says of a verb that a page names without what it wants."""


def test_every_row_is_read() -> None:
    table = (ROOT / "README.md").read_text(encoding="utf-8").split("\n## Next steps\n")[1].split("\n## ")[0]
    assert len(ROWS) == len([line for line in table.splitlines() if line.startswith("| ")]) - 1
    assert {row.want for row in ROWS if not row.commands} == {
        "play it in a browser, without installing anything",
        "add a chip, a mapping, an operator, a command, a setting or a voice",
    }
    assert "lodestone patch glass -o glass.pd --sc" in COMMANDS
    assert "lodestone calibrate --board 192.168.7.2" in COMMANDS


def test_what_is_no_whole_command_is_left_out() -> None:
    page = """Say `lodestone voices NAME`, `lodestone fit A|B [--json]`, `lodestone record …`, `lodestone`.

    lodestone play --voice water   # hear it
    .venv/bin/lodestone status

`lodestone compile VOICE.onnx
--stages 2`"""
    assert of_page(page) == [
        "lodestone play --voice water",
        "lodestone status",
        "lodestone voices glass",
        "lodestone compile voice.onnx --stages 2",
    ]


def test_first_sound_and_the_code_of_pages_are_read() -> None:
    said = first_sound((ROOT / "README.md").read_text(encoding="utf-8"))
    assert said == ["lodestone play", "lodestone page --live", "lodestone"]
    assert block(ROOT / "docs" / "mapping.md", "A mapping of your own").count("\ndef swirl(") == 1
    assert "duration_s" in block(ROOT / "docs" / "gestures.md", "A first gesture")
    assert not any(made in command for command in book(ROOT / "docs") for made in FOLLOWED)


def test_every_command_of_rows_and_book_parses() -> None:
    app = get_command(build_app())
    for command in dict.fromkeys([*COMMANDS, *book(ROOT / "docs")]):
        if command.startswith("lodestone --"):
            continue  # done while it is parsed
        words, verb = shlex.split(command)[1:], app
        while getattr(verb, "commands", None) and words and words[0] in verb.commands:  # type: ignore[attr-defined]
            verb, words = verb.commands[words[0]], words[1:]  # type: ignore[attr-defined]
        try:
            verb.make_context(command, words)
        except Exception as error:
            if command in COMMANDS or type(error).__name__ not in ONLY_MENTIONED:
                raise AssertionError(command) from error


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
        ("lodestone fit", "echo \"Missing argument 'VOICE'.\"; exit 2", ""),
        ("lodestone fit", "echo 'lodestone: wanted a, got b: c'; exit 1", "wanted a"),
        ("lodestone live", "trap 'exit 130' INT; while :; do sleep 0.1; done", ""),
        ("lodestone live", "echo 'wanted x and the PortAudio library, got none'; exec sleep 9", ""),
        ("lodestone live", "echo 'wanted a screen, got none'; exec sleep 9", "wanted a screen"),
    ],
)
def test_an_outcome_is_judged(
    command: str, script: str, wrong: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("release.rows.ALONE_S", 0.5)
    outcome = attempt(fake(tmp_path, script), command, tmp_path)
    assert (wrong in outcome.wrong) if wrong else outcome.wrong == "", outcome
    assert outcome.ended == ("stopped" if command == "lodestone live" else outcome.ended)


def test_an_emulated_processor_is_asked_for_the_first_commands_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(ROOT / "README.md", ROOT / "docs", fake(tmp_path, "echo all well"), only_first=True) == 0
    assert f"{3 + len(ALONE)} commands, 0 wrong" in capsys.readouterr().out


def test_names_are_whole_words() -> None:
    assert is_one_of("lodestone board", ("board",))
    assert not is_one_of("lodestone boards", ("board",))
