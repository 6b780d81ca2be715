"""The package as a wheel lays it out, outside the checkout, from what `make build` has compiled already."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Installed:
    """An environment with nothing of the checkout on its path.

    Attributes:
        python: its interpreter.
        packages: its folder of packages.
    """

    python: Path
    packages: Path

    def run(self, *words: str, cwd: Path, timeout: float = 120) -> subprocess.CompletedProcess[str]:
        """`lodestone WORDS` in the folder `cwd`."""
        return subprocess.run(
            [self.python.with_name("lodestone"), *words],
            cwd=cwd,
            env={**os.environ, "PYTHONPATH": "", "XDG_CACHE_HOME": str(cwd / "cache")},
            capture_output=True,
            text=True,
            timeout=timeout,
        )


def install(folder: Path) -> Installed:
    """Installs the rooms of Python by pip, what CMake installs by CMake; all else is this environment's."""
    venv.create(folder / "venv", with_pip=False, symlinks=True)
    python = folder / "venv" / "bin" / "python"
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    packages = folder / "venv" / "lib" / version / "site-packages"
    pip = [sys.executable, "-m", "pip", "-q"]
    options = ["--no-deps", "--no-build-isolation", "--no-index", "-Cwheel.cmake=false", "-Cwheel.py-api=py3"]
    # Tests may run at once, and scikit-build-core writes into the tree that it builds.
    options.append(f"-Cbuild-dir={folder / 'build'}")
    _run([*pip, "wheel", *options, "-w", folder, ROOT])
    (wheel,) = folder.glob("*.whl")
    _run([*pip, "--python", python, "install", "--no-deps", "--no-index", wheel])
    _run([sys.executable, "-m", "cmake", "--install", str(ROOT / "build"), "--prefix", str(packages)])
    # A path in a .pth file is no site folder: the checkout, which is linked from there, stays out.
    (packages / "others.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    return Installed(python, packages)


def _run(command: list[object]) -> None:
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
