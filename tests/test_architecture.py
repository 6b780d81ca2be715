"""Who may know whom: the table of ARCHITECTURE.md, held against the code."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from lodestone.image import SOURCE_FOLDERS

ROOT = Path(__file__).resolve().parents[1]

# Every package may import itself and the leaves `errors`, `files`, `definitions`; of others only these.
PYTHON_MAY_KNOW: dict[str, set[str]] = {
    "definitions": set(),
    "errors": set(),
    "files": set(),
    "geometry": set(),
    "graphs": set(),
    "firmware": set(),
    "sensors": {"firmware", "geometry"},
    "model_export": {"firmware", "graphs"},
    "calibration": {"sensors", "geometry", "graphs"},
    "mapping": {"calibration", "geometry", "graphs"},
    "training": {"graphs", "model_export"},
    "voices": {"graphs", "model_export"},
}

# Firmware folders, likewise: what their files may include beside their own.
CPP_MAY_KNOW: dict[str, set[str]] = {
    "engine": set(),
    "osc": set(),
    "chips": set(),
    "instrument": {"engine", "osc", "chips"},
    "platform": {"engine", "chips", "osc", "instrument"},
    "binding": {"engine", "osc", "chips", "instrument", "platform"},
    "simulator": {"engine", "osc", "chips", "instrument", "platform"},
    "browser": {"engine", "osc", "chips", "instrument"},
}


def _imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names.add(node.module)
    return names


@pytest.mark.parametrize("package", sorted(PYTHON_MAY_KNOW))
def test_python_package_imports_only_what_it_may_know(package: str) -> None:
    houses = {*PYTHON_MAY_KNOW, "lodestone"}
    for path in (ROOT / package).rglob("*.py"):
        for name in _imported(path):
            top = name.split(".")[0]
            if top in houses - {package}:
                known = PYTHON_MAY_KNOW[package] | {"definitions", "errors", "files"}
                assert top in known, f"{path.relative_to(ROOT)} imports {name}"


@pytest.mark.parametrize("folder", sorted(CPP_MAY_KNOW))
def test_firmware_folder_includes_only_what_it_may_know(folder: str) -> None:
    for path in [*(ROOT / "firmware" / folder).rglob("*.h"), *(ROOT / "firmware" / folder).rglob("*.cpp")]:
        for other in re.findall(r'#include "firmware/(\w+)/', path.read_text(encoding="utf-8")):
            known = CPP_MAY_KNOW[folder] | {folder, "generated"}
            assert other in known, f"{path.relative_to(ROOT)} includes {other}"


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
