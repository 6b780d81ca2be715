"""From a packet to the host's sound, by loop-back: `python -m bench.host_latency [--seconds S] [--hop N]`.

`lodestone host` plays into a null sink with default settings; its voice is a wire that sounds its latent.
A packet with a jump is sent at random moments, and the sink's monitor tells when the jump was played, at the
latest. Wanted on average: half a hop + 15 ms; the wire has no delay of its own.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import onnx

from graphs.card import Card, LatentStatistics, attach_card
from tests.support.graph_maker import GraphMaker
from tests.support.null_sink import MISSING, NullSink, null_sink
from tests.support.told_board import ToldBoard

RATE = 44100
ALLOWED_S = 0.015


def wire(path: Path, hop: int) -> Path:
    """A voice whose sound is its latent."""
    g = GraphMaker()
    ones = g.constant(np.ones((1, 1, hop), np.float32))
    g.output(g.node("Mul", g.input("latent", [1, 1, 1]), ones), "audio", [1, 1, hop])
    model = g.model()
    # So wide that no jump of a test is more than the slew limit lets pass.
    wide = LatentStatistics(
        "made up",
        np.zeros(1, np.float32),
        np.full(1, 100.0, np.float32),
        np.zeros(0, np.float32),
        np.zeros((1, 0), np.float32),
    )
    card = Card("voice", "wire", 1, sample_rate=RATE, hop=hop, frames=1, channels=1, latent=wide)
    attach_card(model, card)
    onnx.save(model, path)
    return path


def measure(sink: NullSink, folder: Path, hop: int, seconds: float) -> np.ndarray:
    """Seconds from each packet to its sound."""
    command = [sys.executable, "-m", "lodestone", "host", str(wire(folder / f"wire{hop}.onnx", hop))]
    found: list[float] = []
    with ToldBoard(latents=1, voice="wire", hop=hop) as board:
        command += ["--board", "127.0.0.1", "--port", str(board.port), "--query", "0"]
        with (
            sink.heard() as monitor,  # whoever listens keeps the sink's own delay short
            subprocess.Popen(command, env=sink.environment, stderr=subprocess.PIPE, text=True) as host,
        ):
            try:
                board.wait_for("/heartbeat", 60.0)
                board.run(3.0, lambda: [0.0])
                random = np.random.default_rng(1)
                until = time.monotonic() + seconds
                while time.monotonic() < until:
                    board.run(float(random.uniform(0.4, 0.5)), lambda: [0.0])
                    sent = time.monotonic()
                    board.run(0.3, lambda: [0.5])
                    onset = monitor.onset_s(sent, 0.25)
                    if onset is not None:
                        found.append(onset - sent)
                    monitor.blocks.clear()
            finally:
                host.terminate()
                said = host.stderr.read() if host.stderr else ""
    if not found:
        raise SystemExit(f"no sound came through: {said[-500:]}")
    return np.array(found)


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description="From a packet to the host's sound, by loop-back.")
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--hop", type=int, action="append")
    asked = parser.parse_args()
    if MISSING:
        raise SystemExit(
            f"wanted a null sink, got no {', '.join(MISSING)}: install Debian's pulseaudio-utils"
        )
    late = False
    print("hop     packets   mean ms   95 % ms   worst ms   wanted ms")
    with tempfile.TemporaryDirectory(prefix="lodestone-") as name, null_sink(Path(name)) as sink:
        for hop in asked.hop or [512, 2048]:
            took = measure(sink, Path(name), hop, asked.seconds)
            wanted = hop / 2 / RATE + ALLOWED_S
            late = late or bool(took.mean() > wanted)
            row = f"{hop:5} {len(took):9} {1e3 * took.mean():9.1f} {1e3 * np.quantile(took, 0.95):9.1f}"
            print(f"{row} {1e3 * took.max():10.1f} {1e3 * wanted:11.1f}", flush=True)
    raise SystemExit(1 if late else 0)


if __name__ == "__main__":
    main()
