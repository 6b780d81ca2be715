"""Who may know whom: the table of ARCHITECTURE.md itself, held against every import and every #include."""

from __future__ import annotations

import ast
import re
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from lodestone.image import SOURCE_FOLDERS

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Room:
    """A row of the table: `floor` counts from the ground, `knows` holds the floors of what it may know."""

    floor: int
    paths: tuple[str, ...]
    knows: frozenset[int]


def read_rooms(text: str) -> list[Room]:
    """The rooms of the table under the heading Rooms. Raises AssertionError for one that knows upwards."""
    section = text.split("\n## Rooms\n")[1].split("\n## ")[0]
    everybody = set(re.findall(r"`(\w+)`", section.split("Every room may know")[1].split(".")[0]))
    rooms: list[Room] = []
    for row in [line for line in section.splitlines() if line.startswith("| `")]:
        folders, _, may_know = (cell.strip() for cell in row.strip("|").split(" | "))
        paths = tuple(path.rstrip("/") for path in re.findall(r"`([^`]+)`", folders))
        below = {path: room.floor for room in rooms for path in room.paths}
        known, _, but = may_know.partition(" but ")
        if known.startswith("all above"):
            knows = set(below.values())
        elif known == "firmware above":
            knows = {floor for path, floor in below.items() if path.startswith("firmware/")}
        else:
            named = [path.rstrip("/") for path in re.findall(r"`([^`]+)`", known)]
            assert named or known == "nothing", row
            assert not set(named) - set(below), f"{paths[0]} knows what does not stand below it: {named}"
            knows = {below[path] for path in named}
        knows |= {below[path] for path in everybody if path in below}
        knows -= {below[path.rstrip("/")] for path in re.findall(r"`([^`]+)`", but)}
        rooms.append(Room(len(rooms), paths, frozenset(knows)))
    return rooms


ROOMS = read_rooms((ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8"))


def room_of(path: str) -> Room | None:
    """The room of a file or of a module's path: the one with the longest name that leads there."""
    fits = [(len(p), room) for room in ROOMS for p in room.paths if path == p or path.startswith(p + "/")]
    return max(fits, key=lambda fit: fit[0])[1] if fits else None


@cache
def sources() -> tuple[str, ...]:
    """Every Python and C++ file of the project, and the headers that the build made."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    made = [str(path.relative_to(ROOT)) for path in (ROOT / "firmware" / "generated").glob("*.h")]
    kept = [path for path in [*listed, *made] if path.endswith((".py", ".h", ".cpp"))]
    return tuple(path for path in kept if (ROOT / path).is_file())


def known_by(path: str) -> set[str]:
    """Paths of the project's own modules and headers that a file imports or includes."""
    text = (ROOT / path).read_text(encoding="utf-8")
    if not path.endswith(".py"):
        return set(re.findall(r'#include "((?:\w+/)+[\w.]+)"', text))
    names: set[str] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0 or path.startswith("tests/"), f"{path} imports relatively"
            if node.level == 0 and node.module:
                names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return {_existing(name.replace(".", "/")) for name in names}


def _existing(path: str) -> str:
    """A dotted name as a path, cut back to the module that it lies in."""
    while path and not (ROOT / path).is_dir() and not (ROOT / f"{path}.py").is_file():
        path = path.rpartition("/")[0]
    return f"{path}.py" if (ROOT / f"{path}.py").is_file() else path


def offences(files: tuple[str, ...]) -> list[str]:
    """Every import and #include that the table forbids, and every file that stands in no room."""
    found = []
    for path in files:
        room = room_of(path)
        if room is None:
            found.append(f"{path} stands in no room")
            continue
        for other in known_by(path):
            target = room_of(other)
            if target is not None and target != room and target.floor not in room.knows:
                found.append(f"{path} ({room.paths[0]}) knows {other}")
    return found


def test_the_code_keeps_to_the_table_of_rooms() -> None:
    assert offences(sources()) == []


def test_every_room_is_there() -> None:
    for room in ROOMS:
        for path in room.paths:
            assert (ROOT / path).exists() or path == "firmware/generated", path


@pytest.mark.parametrize(
    ("row", "by"),
    [
        ("| `mapping/` |", "mapping/"),
        ("| `files/` |", "files/"),
        ("| `firmware/osc` |", "firmware/osc"),
        ("| `tests/support/` |", "tests"),
    ],
)
def test_a_row_that_is_missing_or_knows_upwards_is_noticed(
    row: str, by: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without its row a room's users or its own files stand out; moved to the end, it is known upwards."""
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    without = "".join(line for line in text.splitlines(keepends=True) if not line.startswith(row))
    assert without != text
    try:
        monkeypatch.setattr("tests.test_architecture.ROOMS", read_rooms(without))
    except AssertionError:
        return
    assert any(by in offence for offence in offences(sources()))


def test_architecture_is_one_page() -> None:
    assert len((ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8").splitlines()) <= 110


def test_bela_header_stays_in_the_bela_project_and_its_stand_in() -> None:
    for path in [*(ROOT / "firmware").rglob("*.h"), *(ROOT / "firmware").rglob("*.cpp")]:
        if "simulator" not in path.parts:
            assert "Bela.h" not in path.read_text(encoding="utf-8"), path.relative_to(ROOT)


def test_simulation_stays_out_of_the_image() -> None:
    for folder in SOURCE_FOLDERS:
        for path in [*(ROOT / "firmware" / folder).glob("*.h"), *(ROOT / "firmware" / folder).glob("*.cpp")]:
            text = path.read_text(encoding="utf-8")
            assert not re.search(r"SimLink|SimPlatform|Hooks\(\)|VirtualTime|_slice_us", text), (
                path.relative_to(ROOT)
            )


def test_no_file_is_a_link() -> None:
    """One that somebody made for himself would lead to nowhere elsewhere."""
    listed = subprocess.run(["git", "ls-files", "-s"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert [line for line in listed.stdout.splitlines() if line.startswith("120000")] == []
