"""The engine built as the boards build it, for qemu-user: by GCC, by clang, and by the boards' own compilers.

GCC and clang are Debian's, of the release that this machine has. `python -m bench.board_compilers FOLDER`
fetches those of Bela's images, and `--compilers FOLDER` uses them.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from errors import LodestoneError

ROOT = Path(__file__).parents[2]
BUILD = ROOT / "build" / "arm"
TRIPLES = {"armv7": "arm-linux-gnueabihf", "aarch64": "aarch64-linux-gnu"}
PROCESSORS = {
    "armv7": "-march=armv7-a -mtune=cortex-a8 -mfpu=neon -mfloat-abi=hard",
    "aarch64": "-mcpu=cortex-a53",
}
EMULATORS = {"armv7": ("qemu-arm", "cortex-a8"), "aarch64": ("qemu-aarch64", "cortex-a53")}
# As the boards' Makefiles have them, and without a warning.
FLAGS = "-O3 -ffast-math -ftree-vectorize -DNDEBUG -std=c++14 -Wall -Werror"


class ArmError(LodestoneError):
    """A cross compiler or emulator that is missing."""


@dataclass(frozen=True)
class Compiler:
    """One compiler for one processor: its name ("gcc 12", "clang 11") and the command with its target."""

    name: str
    arch: str
    command: tuple[str, ...]


def compilers(arch: str, folder: Path | None = None) -> list[Compiler]:
    """Those of this machine for a processor, GCC first, and the board's own out of `folder`."""
    triple = TRIPLES[arch]
    commands = [(f"{triple}-g++",), ("clang++", f"--target={triple}")]
    if folder is not None:
        commands.append((str(folder.resolve() / f"{arch}-clang++"),))
    if not shutil.which(f"{triple}-g++"):  # clang takes its libraries and linker
        commands = commands[2:]
    found = [_named(arch, c) for c in commands if shutil.which(c[0])]
    return list({compiler.name: compiler for compiler in found}.values())


@cache
def _named(arch: str, command: tuple[str, ...]) -> Compiler:
    said = subprocess.run([*command, "--version"], check=True, capture_output=True, text=True).stdout
    family = "clang" if "clang" in said else "gcc"
    words = said.splitlines()[0].split()
    version = next(word for word in reversed(words) if word[0].isdigit())
    return Compiler(f"{family} {version.split('.')[0]}", arch, command)


def available(arch: str) -> bool:
    """Whether this machine can build for and emulate the processor."""
    return bool(compilers(arch)) and shutil.which(EMULATORS[arch][0]) is not None


def compiler_of(arch: str, family: str) -> Compiler | None:
    """This machine's "gcc" or "clang" for a processor, if it can build and emulate."""
    found = (c for c in compilers(arch) if c.name.startswith(family))
    return next(found, None) if available(arch) else None


def default_compiler(arch: str) -> Compiler:
    """The first that is installed."""
    if not available(arch):
        triple = TRIPLES[arch]
        package = f"g++-{triple}"
        raise ArmError(
            f"{triple}-g++ and {EMULATORS[arch][0]}", "none", f"apt-get install {package} qemu-user"
        )
    return compilers(arch)[0]


def build(compiler: Compiler) -> Path:
    """The plan player; what is younger than its object is compiled again, by one process at a time."""
    folder = BUILD / f"{compiler.arch}-{compiler.name.replace(' ', '')}"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return _build(compiler, folder)


def _build(compiler: Compiler, folder: Path) -> Path:
    sources = [ROOT / "bench" / "run_plan.cpp", *sorted((ROOT / "firmware" / "engine").glob("*.cpp"))]
    headers = max(
        p.stat().st_mtime for f in ("engine", "generated") for p in (ROOT / "firmware" / f).glob("*.h")
    )
    flags = [*PROCESSORS[compiler.arch].split(), *FLAGS.split(), f"-I{ROOT}"]
    objects, jobs = [], []
    for source in sources:
        made = folder / f"{source.stem}.o"
        objects.append(str(made))
        if not made.exists() or made.stat().st_mtime < max(headers, source.stat().st_mtime):
            jobs.append([*compiler.command, *flags, "-c", str(source), "-o", str(made)])
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(_run, jobs))
    program = folder / "run_plan"
    if jobs or not program.exists():
        fresh = program.with_suffix(f".{os.getpid()}")
        _run([*compiler.command, "-static", *objects, "-o", str(fresh)])
        fresh.replace(program)
    return program


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise ArmError(f"a build by {command[0]} without a word", done.stderr[:2000], "mend what it names")


def emulated(compiler: Compiler, *options: str) -> list[str]:
    """The command that plays a plan on the emulated board."""
    emulator, cpu = EMULATORS[compiler.arch]
    return [emulator, "-cpu", cpu, *options, str(build(compiler))]
