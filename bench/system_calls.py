"""System calls by which a board's frames leave: `python -m bench.system_calls`, with strace.

Plays the firmware against a simulated board with OSC over real UDP, as a kernel with `sendmmsg` sees it, and
as one without, where each packet is a call of its own.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from pathlib import Path

from errors import LodestoneError
from sensors.simulation import BoardServer, SimulatedBoard
from tests.support.tiny import SIM, image

SECONDS = 5.0
FRAMES = int(200 * SECONDS)
TARGETS = ("127.0.0.1:7601", "127.0.0.1:7602")


def calls(folder: Path, targets: int, *more: str) -> int:
    """How often packets were handed to the kernel in SECONDS; `more`: what strace is told besides."""
    folder.mkdir()
    made = image(folder, osc_targets=TARGETS[:targets], osc_port=7603)
    summary = folder / "strace.txt"
    trace = ["strace", "-f", "-c", "-o", str(summary), "-e", "trace=sendto,sendmmsg", *more]
    play = [str(SIM), str(made), "--bus", f"sim:{folder}/bus", "--live", "--seconds", str(SECONDS)]
    with BoardServer(SimulatedBoard("free-play", seed=3), folder / "bus"):
        done = subprocess.run([*trace, *play], capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(done.stderr)
    rows = re.findall(
        r"^\s*\S+\s+\S+\s+\S+\s+(\d+)\s+(?:\d+\s+)?(sendto|sendmmsg)$", summary.read_text(), re.M
    )
    # The simulated board itself is spoken to by sendto on a stream: those are the same in every run.
    return sum(int(count) for count, _ in rows)


def main() -> None:
    """Prints the table."""
    refused = ("-e", "inject=sendmmsg:error=ENOSYS")
    print(f"calls a frame of {FRAMES} frames, all streams on; those to the simulated world taken off")
    print("targets   one by one   in one batch")
    with tempfile.TemporaryDirectory() as folder:
        try:
            world = calls(Path(folder) / "0", 0)
            for targets in range(1, len(TARGETS) + 1):
                single, batch = (
                    (calls(Path(folder) / f"{targets}{name}", targets, *more) - world) / FRAMES
                    for name, more in (("single", refused), ("batch", ()))
                )
                print(f"{targets:7}{single:13.2f}{batch:15.2f}")
        except FileNotFoundError as missing:
            raise LodestoneError("strace", str(missing), "install it") from missing


if __name__ == "__main__":
    main()
