"""Renews the table of dependencies in docs/licences.md: `python -m release.licences`.

What the lock file names, under the licence that each package states of itself. Packages that only other
Pythons or systems need are fetched to be read; everything else is read from this environment.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from email.message import Message
from importlib import metadata
from pathlib import Path
from typing import cast

from errors import LodestoneError
from files import write_text
from release.errors import ReleaseError, run

ROOT = Path(__file__).resolve().parents[1]
LOCK, PAGE = ROOT / "requirements.lock", ROOT / "docs" / "licences.md"
BEGIN, END = "<!-- made by `python -m release.licences` -->\n", "<!-- end -->\n"
LONGEST = 60
"""Some packages put the whole text of their licence where its name belongs."""


def canonical(name: str) -> str:
    """A package's name as the lock file writes it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def locked(text: str) -> dict[str, str]:
    """The versions that a lock file names, by package; of several, the last: that of the newest Python."""
    return dict(re.findall(r"^([a-z0-9-]+)==([^\s;\\]+)", text, re.M))


def hashes_missing(text: str) -> list[str]:
    """Packages of a lock file without a hash."""
    blocks = re.split(r"^(?=[a-z0-9-]+==)", text, flags=re.M)
    return [block.split("==")[0] for block in blocks if "==" in block and "--hash=sha256:" not in block]


def players(direct: list[str]) -> set[str]:
    """The packages that playing needs: those named in `direct`, and what they need in turn."""
    seen: set[str] = set()
    todo = [canonical(re.split(r"[^\w.-]", name)[0]) for name in direct]
    while todo:
        name = todo.pop()
        if name in seen:
            continue
        seen.add(name)
        try:
            asked = metadata.requires(name) or []
        except metadata.PackageNotFoundError:
            continue
        todo += [canonical(re.split(r"[^\w.-]", one)[0]) for one in asked if "extra ==" not in one]
    return seen


def stated(found: metadata.Distribution) -> str:
    """The licence that a package states: expression, classifiers, or its own words."""
    told = cast(Message, found.metadata)
    classified = [line.split(" :: ")[-1] for line in told.get_all("Classifier") or [] if "License ::" in line]
    words = told.get("License-Expression") or ", ".join(one for one in classified if one != "OSI Approved")
    words = words or (told.get("License") or "").strip().split("\n")[0]
    return re.sub(r"\s+", " ", words)[:LONGEST] or "not stated"


def table(lock: str, direct: list[str]) -> str:
    """The table in Markdown: package, licence, what needs it."""
    needed = players(direct)
    with tempfile.TemporaryDirectory() as folder:
        known = {canonical(one.name): one for one in _distributions(locked(lock), Path(folder))}
        rows = [f"| {name} | {stated(known[name])} | {_use(name, needed)} |" for name in sorted(locked(lock))]
    return "\n".join(["| package | licence | needed for |", "|---|---|---|", *rows]) + "\n"


def _use(name: str, needed: set[str]) -> str:
    try:
        metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return "another Python or system"
    return "playing" if name in needed else "building, testing, docs"


def _distributions(versions: dict[str, str], folder: Path) -> Iterator[metadata.Distribution]:
    """Every package: as installed, else fetched into `folder`."""
    missing = []
    for name in versions:
        try:
            yield metadata.distribution(name)
        except metadata.PackageNotFoundError:
            missing.append(f"{name}=={versions[name]}")
    if missing:
        pip: list[str | Path] = [
            sys.executable,
            "-m",
            "pip",
            "install",
            "-q",
            "--no-deps",
            "--no-compile",
            "--target",
            folder,
        ]
        run([*pip, "--ignore-requires-python", *missing])
        yield from metadata.distributions(path=[str(folder)])


def renewed(page: str, rows: str) -> str:
    """The page with another table. Raises ReleaseError where its place is not marked."""
    if BEGIN not in page or END not in page:
        raise ReleaseError(
            "the marks of a table in docs/licences.md", "none", f"put {BEGIN!r} and {END!r} there"
        )
    before, _, rest = page.partition(BEGIN)
    return before + BEGIN + rows + END + rest.partition(END)[2]


def dependencies() -> list[str]:
    """What the package itself asks for, without extras."""
    return [one for one in metadata.requires("lodestone") or [] if "extra ==" not in one]


def main() -> None:
    """Renews the page."""
    rows = table(LOCK.read_text(encoding="utf-8"), dependencies())
    write_text(PAGE, renewed(PAGE.read_text(encoding="utf-8"), rows))
    print(f"{PAGE.relative_to(ROOT)}: {rows.count(chr(10)) - 2} packages")


if __name__ == "__main__":
    try:
        main()
    except (LodestoneError, subprocess.SubprocessError) as error:
        sys.exit(f"release.licences: {error}")
