"""The instrument's threads under the thread sanitizer: they meet only where they are meant to."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from lodestone.image import ROOT


def test_no_two_threads_meet_without_order(tmp_path: Path) -> None:
    program = tmp_path / "race"
    sources = [Path(__file__).parent / "race" / "race.cpp", *sorted((ROOT / "firmware/osc").glob("*.cpp"))]
    sources += [
        p for p in sorted((ROOT / "firmware/instrument").glob("*.cpp")) if not p.name.startswith("engine_")
    ]
    flags = ["-std=c++14", "-O1", "-g", "-fsanitize=thread", f"-I{ROOT}", "-pthread"]
    subprocess.run([os.environ.get("CXX", "g++"), *flags, *sources, "-o", program], check=True)
    done = subprocess.run([program, "120"], capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stdout + done.stderr[:4000]
