"""Reads the recipes of docs/extending.md and applies them to a copy of the tree.

A recipe is a section of the page. Its steps are lines of the form below, each followed by a block of text:

    `path/of/a/file`                            the whole of a new file
    `path/of/a/file`, behind the line `TEXT`    to be put behind the one line that begins with TEXT
    `path/of/a/file`, before the line `TEXT`    to be put before it
    `path/of/a/file`, at the end                to be put at the end
"""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "extending.md"
STEP = re.compile(
    r"^`(?P<path>[\w./]+)`(?:, (?P<where>at the end|(?:behind|before) the line) ?(?:`(?P<anchor>[^`]+)`)?)?\n"
    r"```\w*\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True)
class Step:
    """One new file (`where` is empty), or one place in a file that there is."""

    path: str
    where: str
    anchor: str
    text: str

    def apply(self, tree: Path) -> None:
        """Does it. Raises AssertionError where the tree is not as the recipe has it."""
        file = tree / self.path
        if not self.where:
            assert not file.exists(), f"{self.path} is there already"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(self.text, encoding="utf-8")
            return
        lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
        at = len(lines)
        if self.anchor:
            found = [n for n, line in enumerate(lines) if line.lstrip().startswith(self.anchor)]
            assert len(found) == 1, f"{self.path}: {len(found)} lines begin with {self.anchor}"
            at = found[0] + (1 if self.where.startswith("behind") else 0)
        file.write_text("".join([*lines[:at], self.text, *lines[at:]]), encoding="utf-8")


@dataclass(frozen=True)
class Recipe:
    """The steps under one heading; `edited` and `new` count files."""

    name: str
    steps: tuple[Step, ...]

    @property
    def edited(self) -> set[str]:
        """Files that are edited."""
        return {step.path for step in self.steps if step.where}

    @property
    def new(self) -> set[str]:
        """Files that are added."""
        return {step.path for step in self.steps if not step.where}


def recipes() -> dict[str, Recipe]:
    """Every recipe of the page: "A mapping: no file edited, one new" is `mapping`."""
    found = {}
    for section in PAGE.read_text(encoding="utf-8").split("\n## ")[1:]:
        name = section.split(":")[0].split(" ", 1)[1]
        steps = [
            Step(m["path"], m["where"] or "", m["anchor"] or "", m["text"]) for m in STEP.finditer(section)
        ]
        assert steps or "```" not in section, f"no step of the recipe {name} can be read"
        found[name] = Recipe(name, tuple(steps))
    return found


def copy_of_the_tree(to: Path) -> None:
    """The project as git has it, into an empty folder; what a build left behind stays out."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    for path in listed:
        if (ROOT / path).is_file():
            (to / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / path, to / path)


def renew(tree: Path, fresh: Path) -> None:
    """Makes `tree` what `fresh` is; files that are so already stay untouched and are not built again."""
    wanted = {path.relative_to(fresh) for path in fresh.rglob("*") if path.is_file()}
    built = tuple(tree / "firmware" / name for name in ("generated", "lodestone-sim"))
    for path in [path for path in tree.rglob("*") if path.is_file()]:
        kept = path.is_relative_to(built[0]) or path == built[1] or path.name.startswith("_firmware")
        if path.relative_to(tree) not in wanted and not kept:
            path.unlink()
    for relative in wanted:
        old, new = tree / relative, fresh / relative
        if not old.exists() or old.read_bytes() != new.read_bytes():
            old.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(new, old)
            old.touch()
