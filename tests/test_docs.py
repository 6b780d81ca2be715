"""The pages are true: links lead somewhere, commands exist, nothing of a workplace is left in them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.main import get_command

from lodestone.cli import build_app

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def _prose(page: Path) -> str:
    """A page without its blocks of code: what looks like a link in there is none."""
    return re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_relative_links_lead_to_a_file(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#\s]+)", _prose(page)):
        assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", sorted(ROOT.glob("*.md")), ids=lambda page: page.name)
def test_mentioned_files_exist(page: Path) -> None:
    for target in re.findall(
        r"`((?:docs|tests|bench|voices|firmware|sensors|calibration|mapping|model_export|lodestone|bela_project)/[\w./-]+\.\w+)`",
        page.read_text(encoding="utf-8"),
    ):
        assert (ROOT / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_and_options_exist(page: Path) -> None:
    commands = get_command(build_app()).commands  # type: ignore[attr-defined]
    for line in re.findall(
        r"(?:`|^|\.venv/bin/)lodestone ([a-z][^`\n]*)", page.read_text(encoding="utf-8"), re.MULTILINE
    ):
        words = line.split()
        assert words[0] in commands, line
        command = commands[words[0]]
        while len(words) > 1 and words[1] in getattr(command, "commands", {}):
            words = words[1:]
            command = command.commands[words[0]]
        known = {option for parameter in command.params for option in parameter.opts} | {"--help"}
        for option in re.findall(r"(?<=\s)--[a-z0-9-]+", line):
            assert option in known, f"{option} in: lodestone {line}"
