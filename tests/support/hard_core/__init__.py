"""The core of the virtual board alone, built for this machine: what a program meets on it, in a moment."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from lodestone.image import ROOT

CORE = ROOT / "tests" / "virtual_board" / "bela" / "core"
BELA_H = ROOT / "firmware" / "simulator" / "include"
PROBE = Path(__file__).with_name("probe.cpp")
FLAGS = ("-O1", "-std=c++14", "-pthread")
OFFLINE = "BELA_FLAG_OFFLINE"


def build(folder: Path, sources: Sequence[Path], *flags: str) -> Path:
    """A program of `sources` and the core, whose board is `folder`: `folder/run` is its /run."""
    for name in ("run", "root/Bela"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    program = folder / "program"
    places = f'-DBELA_BOARD_ROOT="{folder}"'
    command = ["g++", *FLAGS, *flags, places, f"-I{CORE}", f"-I{BELA_H}", "-o", str(program)]
    built = subprocess.run(
        [*command, *map(str, sources), *map(str, sorted(CORE.glob("*.cpp")))], capture_output=True, text=True
    )
    assert built.returncode == 0, built.stderr
    return program


@dataclass(frozen=True)
class Core:
    """A built core with its board's folder."""

    program: Path

    @property
    def folder(self) -> Path:
        """The board's root."""
        return self.program.parent

    def be_kind(self, *switches: str) -> None:
        """From the next start on, the core is kind in these ways, and in no other."""
        (self.folder / "root" / "Bela" / "kindness").write_text("\n".join(switches))

    def start(self, probe: str, *options: str) -> subprocess.Popen[str]:
        """The probe, running."""
        return subprocess.Popen(
            [self.program, *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "PROBE": probe},
        )

    def says(self, probe: str, *options: str) -> str:
        """What the probe says; where it says nothing, the last line of the core."""
        with self.start(probe, *options) as running:
            said = running.communicate(timeout=60)[0].splitlines()
        found = [line.removeprefix("probe: ") for line in said if line.startswith("probe: ")]
        return found[0] if found else said[-1] if said else ""


def header_lines(kindness: Iterable[str] = ()) -> str:
    """Bela.h of a core of before August 2020, or, where that is one of the kindnesses, of a later one."""
    lines = (BELA_H / "Bela.h").read_text().splitlines(keepends=True)
    return "".join(lines if "offline-flag" in kindness else [line for line in lines if OFFLINE not in line])
