"""Compiles the project as Bela's own Makefile would, against Bela's own headers.

    python -m bench.bela_headers BELA [--compilers FOLDER] [--header FOLDER]

BELA is a checkout of Bela's repository: the suite compiles against a stand-in for the part of the API that
render.cpp uses, and this shows that the real one agrees. The lines are those that Bela's Makefile prints for
our sources with `make -n`; only compiler and processor are put in their place: GCC and clang for both boards
and GCC for this machine, and with --compilers those of bench.board_compilers. --header names a folder with
another Bela.h, such as that of a Gem (its /root/Bela/include). A warning counts as an error.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from errors import LodestoneError
from lodestone.image import ROOT, SOURCE_FOLDERS
from tests.support.arm_builds import PROCESSORS, ArmError, compilers

BELAS_PROCESSOR = re.compile(r"-march=\S+ -mtune=\S+ -mfpu=\S+ -mfloat-abi=\S+")


def _copied(bela: Path, to: Path) -> Path:
    """What the Makefile reads of Bela, with our sources as a project beside it: make writes into both."""
    for name in ("Makefile", "Makefile.libraries", "Makefile.linkbela"):
        shutil.copy(bela / name, to)
    for folder in ("core", "include", "libraries", "pru"):
        shutil.copytree(bela / folder, to / folder)
    project = to / "projects" / "lodestone"
    for folder in SOURCE_FOLDERS:
        shutil.copytree(ROOT / "firmware" / folder, project / "firmware" / folder)
    shutil.copy(ROOT / "bela_project" / "render.cpp", project)
    return project


def _lines(bela: Path) -> list[str]:
    """What the Makefile would do to each of our sources."""
    command = ["make", "-n", "PROJECT=lodestone", "CPPFLAGS=-std=c++14"]
    said = subprocess.run(command, cwd=bela, capture_output=True, text=True).stdout
    found = [line for line in said.splitlines() if "clang++" in line and "projects/lodestone/" in line]
    return [line for line in found if re.search(r'"\S*projects/lodestone/\S+\.cpp"', line)]


def _targets(folder: Path | None) -> Iterator[tuple[str, tuple[str, ...], str]]:
    """Name, command and processor of every compiler."""
    yield "this machine's gcc", ("g++",), ""
    for arch, processor in PROCESSORS.items():
        for compiler in compilers(arch, folder):
            yield f"{compiler.name}, {arch}", compiler.command, processor


def _compile(line: str, command: tuple[str, ...], processor: str, header: Path | None, bela: Path) -> str:
    """Empty, or what the compiler says."""
    words = shlex.split(BELAS_PROCESSOR.sub(processor, line))[1:]
    words = [word for word in words if not word.startswith(("-MMD", "-MP", "-MT", "-MF"))]
    words[words.index("-o") + 1] = os.devnull
    first = [f"-I{header}"] if header else []
    done = subprocess.run([*command, *first, *words, "-Werror"], cwd=bela, capture_output=True, text=True)
    return done.stderr if done.returncode else ""


def check(bela: Path, folder: Path | None, header: Path | None) -> int:
    """Compiles all; the number of files that did not pass."""
    failed = 0
    with tempfile.TemporaryDirectory() as made, ThreadPoolExecutor(2) as pool:
        copy = Path(made)
        sources = len(list(_copied(bela, copy).rglob("*.cpp")))
        lines = _lines(copy)
        if len(lines) != sources:
            raise ArmError(f"{sources} lines out of Bela's Makefile", f"{len(lines)}", "run make -n there")
        for name, command, processor in _targets(folder):
            jobs = [pool.submit(_compile, line, command, processor, header, copy) for line in lines]
            said = [text for text in (job.result() for job in jobs) if text]
            print(f"{name}: {len(lines) - len(said)} of {len(lines)} files", *said[:3], sep="\n", flush=True)
            failed += len(said)
    return failed


def main(arguments: list[str]) -> None:
    """Checks what the command line names."""
    parser = argparse.ArgumentParser(prog="bench.bela_headers")
    parser.add_argument("bela", type=Path, help="a checkout of Bela's repository")
    parser.add_argument("--compilers", type=Path, help="folder of bench.board_compilers")
    parser.add_argument("--header", type=Path, help="folder with another Bela.h")
    asked = parser.parse_args(arguments)
    header = asked.header.resolve() if asked.header else None
    for wanted in (asked.bela / "Makefile", (header or asked.bela / "include") / "Bela.h"):
        if not wanted.is_file():
            raise ArmError(f"a file {wanted}", "none", "clone Bela's repository, or name its folder")
    if check(asked.bela.resolve(), asked.compilers, header):
        raise ArmError("every file to pass", "what is printed above", "mend it")


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except LodestoneError as error:
        sys.exit(f"bench.bela_headers: {error}")
