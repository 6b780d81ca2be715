"""Builds the firmware for the boards' processors with the boards' flags, and runs it under qemu-user."""

from __future__ import annotations

import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from lodestone.image import ROOT, SOURCE_FOLDERS

# Bela's own flags (its Makefile, images v0.3 to v0.5 and Gem), but for the include paths of its core.
COMMON = ["-O3", "-ftree-vectorize", "-ffast-math", "-DNDEBUG", "-std=c++14", "-Wall", "-Werror"]


@dataclass(frozen=True)
class Target:
    """A processor: how to compile for it and how to run its programs here.

    Attributes:
        triple: as Debian's cross compilers and clang name it.
        flags: of Bela's Makefile.
        runner: the emulator.
    """

    name: str
    triple: str
    flags: tuple[str, ...]
    runner: tuple[str, ...]

    def compiler(self, family: str) -> list[str]:
        """ "gcc", or "clang", which takes the libraries and the linker of the other."""
        return [f"{self.triple}-g++"] if family == "gcc" else ["clang++", f"--target={self.triple}"]

    def missing(self, family: str = "gcc") -> str | None:
        """What must be installed first, or None."""
        tools = {self.compiler("gcc")[0], self.compiler(family)[0], self.runner[0]}
        absent = sorted(tool for tool in tools if shutil.which(tool) is None)
        return f"not installed: {', '.join(absent)}" if absent else None


TARGETS = {
    "bela": Target(
        "bela",
        "arm-linux-gnueabihf",
        ("-march=armv7-a", "-mtune=cortex-a8", "-mfpu=neon", "-mfloat-abi=hard"),
        ("qemu-arm", "-cpu", "cortex-a8"),
    ),
    "gem": Target(
        "gem",
        "aarch64-linux-gnu",
        ("-mcpu=cortex-a53", "-mtune=cortex-a53"),
        ("qemu-aarch64", "-cpu", "cortex-a53"),
    ),
}


def project_sources() -> list[Path]:
    """What Bela's Makefile would find in an image: every .cpp, recursively."""
    found = [ROOT / "bela_project" / "render.cpp"]
    for folder in SOURCE_FOLDERS:
        found += sorted((ROOT / "firmware" / folder).rglob("*.cpp"))
    return found


def stand_in_sources() -> list[Path]:
    """What takes the place of Bela's core here."""
    return sorted((ROOT / "firmware" / "simulator").glob("*.cpp"))


def build_simulator(target: Target, family: str) -> Path:
    """lodestone-sim for `target` by "gcc" or "clang", statically linked; objects are kept in build/."""
    folder = ROOT / "build" / f"cross-{target.name}-{family}"
    folder.mkdir(parents=True, exist_ok=True)
    headers = max(p.stat().st_mtime for p in (ROOT / "firmware").rglob("*.h"))
    objects, jobs = [], []
    for source in project_sources() + stand_in_sources():
        made = folder / (str(source.relative_to(ROOT)).replace("/", "_") + ".o")
        objects.append(made)
        if not made.exists() or made.stat().st_mtime < max(headers, source.stat().st_mtime):
            jobs.append(
                [*target.compiler(family), *COMMON, *target.flags, *_includes(), "-c", source, "-o", made]
            )
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(_run, jobs))
    program = folder / "lodestone-sim"
    if jobs or not program.exists():
        _run([*target.compiler(family), "-static", "-pthread", *objects, "-o", program])
    return program


def check_with_clang(target: Target, source: Path) -> subprocess.CompletedProcess[str]:
    """Has clang read one file with the board's flags; nothing is written."""
    command = [
        *target.compiler("clang"),
        *COMMON,
        *target.flags,
        *_includes(),
        "-pedantic",
        "-fsyntax-only",
        source,
    ]
    return subprocess.run(command, capture_output=True, text=True)


def _includes() -> list[str]:
    return [f"-I{ROOT}", f"-I{ROOT}/firmware/simulator/include"]


def _run(command: list[object]) -> None:
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[:4000]
