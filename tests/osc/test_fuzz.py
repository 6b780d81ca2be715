"""A million random and mutated packets under the address and undefined-behaviour sanitizers."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from lodestone.image import ROOT

PACKETS = 1_000_000


def test_a_million_packets(tmp_path: Path) -> None:
    program = tmp_path / "osc_fuzz"
    sources = [
        Path(__file__).parent / "fuzz" / "osc_fuzz.cpp",
        ROOT / "firmware/instrument/command_reader.cpp",
    ]
    sources += sorted((ROOT / "firmware" / "osc").glob("*.cpp"))
    flags = [
        "-std=c++14",
        "-O1",
        "-g",
        "-fsanitize=address,undefined",
        "-fno-sanitize-recover=all",
        f"-I{ROOT}",
    ]
    subprocess.run([os.environ.get("CXX", "g++"), *flags, *sources, "-o", program], check=True)
    done = subprocess.run([program, str(PACKETS), "1"], capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stderr[-4000:]
    packets, good, obeyed, dropped = (int(n) for n in done.stdout.split())
    assert packets == PACKETS
    assert PACKETS // 8 < good < PACKETS // 2  # the well-formed ones, and mutations that did no harm
    assert obeyed > 1000
    assert dropped > PACKETS // 2
