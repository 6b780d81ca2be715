"""The commands that the README and the pages of docs/ give, ready to be run by release/rows.py.

It needs nothing but Python, so that it runs in a bare system.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass

REPLACED = (
    (" [--share]", ""),
    ("--board HOST", "--board 192.168.7.2"),
    ("bela|bela-mini|bela-gem|host", "bela-gem"),
    ("VOICE.onnx", "voice.onnx"),
    ("SMALL.onnx", "small.onnx"),
    ("NAME.onnx", "voice.onnx"),
    ("NAME.ts", "MODEL.ts"),
    ("card FILE", "card voice.onnx"),
    ("--ts FILE", "--ts glass.ts"),
    ("voices NAME", "voices glass"),
)
"""What stands for a name of the player's, and the name."""
OPEN = ("…", "[", "| ")
"""In words that describe a command's form, or leave something out."""


@dataclass(frozen=True)
class Row:
    """What a player wants, and the commands that the table gives for it, ready to be run."""

    want: str
    commands: tuple[str, ...]


def rows(readme: str) -> list[Row]:
    """The rows of the table under Next steps; those that only name a file or `make` have no command."""
    table = readme.split("\n## Next steps\n")[1].split("\n## ")[0]
    found = []
    for line in table.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if line.startswith("| ") and len(cells) == 3 and cells[0] != "you want to":
            found.append(Row(cells[0], tuple(_of_cell(cells[1]))))
    return found


def first_sound(readme: str) -> list[str]:
    """What is typed under First sound, `lodestone` alone among it."""
    part = readme.split("\n## First sound\n")[1].split("\n## ")[0]
    found = re.findall(r"(?m)(?:^|`)(lodestone(?: [a-z-]+)*)", part)
    return list(dict.fromkeys(found))


def of_page(page: str) -> list[str]:
    """Every command of a page: in blocks of code, indented or fenced, and in the text.

    What describes a form (`…`, `[--json]`) is none; a comment behind a command is left out.
    """
    found = []
    lines = re.findall(r"(?m)^(?: {4,})?(?:\.venv/bin/)?(lodestone .+)$", page)
    for line in lines + re.findall(r"`(?:\.venv/bin/)?(lodestone [^`]+)`", page):
        command = re.split(r"\s{2,}|\s#\s", line.replace("\n", " "))[0].strip()
        if re.match(r"lodestone [a-z-]", command):
            found.append(_replaced(command))
    return [one for one in dict.fromkeys(found) if not any(mark in one for mark in OPEN)]


def _of_cell(cell: str) -> list[str]:
    """`lodestone …` of a cell; an option alone (`--board …`, `--sc`) belongs to the command before it."""
    found: list[str] = []
    for code in re.findall(r"`([^`]+)`", cell):
        code = _replaced(code)
        if code.startswith("lodestone "):
            found.append(code)
        elif code.startswith("--") and found:
            words = [
                word for word in shlex.split(found[-1]) if word not in ("--simulate", "--report", "card")
            ]
            found.append(" ".join(words) + " " + code)
    return found


def _replaced(code: str) -> str:
    for old, new in REPLACED:
        code = code.replace(old, new)
    return code
