"""Help of every verb: fits a screen, shows one example; the shell completes verbs."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from lodestone.cli import build_app

LINES, COLUMNS = 50, 80
COMMANDS = get_command(build_app())


def verbs(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every verb with its words, and every group of verbs."""
    if path:
        yield path, command
    for name, below in getattr(command, "commands", {}).items():
        yield from verbs(below, (*path, name))


VERBS = dict(verbs(COMMANDS))


@pytest.mark.parametrize("path", VERBS, ids=" ".join)
def test_help_fits_a_screen_and_shows_one_example_that_parses(path: tuple[str, ...]) -> None:
    shown = CliRunner().invoke(build_app(), [*path, "--help"], env={"COLUMNS": str(COLUMNS)}).output
    assert len(shown.splitlines()) <= LINES
    assert max(map(len, shown.splitlines())) <= COLUMNS
    assert not re.search(r"(?m)^  [a-z-]+ .*\.\.\.$", shown), "a first sentence that the list cuts off"
    examples = [line for line in (VERBS[path].help or "").splitlines() if line.startswith("Example: ")]
    assert len(examples) == 1, "one line `Example: lodestone …` in the docstring"
    words = shlex.split(examples[0].removeprefix("Example: "))
    assert words[: len(path) + 1] == ["lodestone", *path]
    VERBS[path].make_context(" ".join(path), words[len(path) + 1 :], resilient_parsing=False)


def test_the_list_of_verbs_fits_a_screen() -> None:
    shown = CliRunner().invoke(build_app(), ["--help"], env={"COLUMNS": str(COLUMNS)}).output
    assert len(shown.splitlines()) <= LINES


@pytest.mark.parametrize(
    ("words", "offered"), [("lodestone vo", "voices"), ("lodestone mapping ch", "check")]
)
def test_the_shell_completes(words: str, offered: str) -> None:
    told = {"_LODESTONE_COMPLETE": "complete_bash", "COMP_WORDS": words}
    told["COMP_CWORD"] = str(len(words.split()) - 1)
    code = "import sys; sys.argv[0] = 'lodestone'; from lodestone.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, **told}, capture_output=True, text=True
    )
    assert done.stdout.split() == [offered], done
