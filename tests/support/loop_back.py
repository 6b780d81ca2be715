"""From a packet to the host's sound, by loop-back: `lodestone host` plays a wire into a null sink."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray

from graphs.card import Card, LatentStatistics, attach_card
from lodestone.urgent import urgent
from tests.support.graph_maker import GraphMaker
from tests.support.null_sink import NullSink
from tests.support.told_board import ToldBoard

RATE = 44100


def wire(path: Path, hop: int, latents: int = 1) -> Path:
    """A voice whose sound is its latent: the first one where there are more."""
    g = GraphMaker()
    given = g.input("latent", [1, latents, 1])
    first = given if latents == 1 else g.slice(given, 1, 0, 1)
    ones = g.constant(np.ones((1, 1, hop), np.float32))
    g.output(g.node("Mul", first, ones), "audio", [1, 1, hop])
    model = g.model()
    # So wide that no jump of a test is more than the slew limit lets pass.
    wide = LatentStatistics(
        "made up",
        np.zeros(latents, np.float32),
        np.full(latents, 100.0, np.float32),
        np.zeros(0, np.float32),
        np.zeros((latents, 0), np.float32),
    )
    card = Card("voice", "wire", latents, sample_rate=RATE, hop=hop, frames=1, channels=1, latent=wide)
    attach_card(model, card)
    onnx.save(model, path)
    return path


@dataclass(frozen=True)
class Way:
    """From a packet to its sound.

    Attributes:
        took_s: of each packet, by the sink's monitor.
        parts_ms: what the host counted on the way, by name, and what waited in the sound server at the end.
        drop_outs: of the card.
    """

    took_s: NDArray[np.float64]
    parts_ms: dict[str, float]
    drop_outs: int


def measure(sink: NullSink, folder: Path, hop: int, seconds: float) -> Way:
    """Plays for so long."""
    command = [sys.executable, "-m", "lodestone", "host", str(wire(folder / f"wire{hop}.onnx", hop))]
    found: list[float] = []
    server: list[float] = []
    with ToldBoard(latents=1, voice="wire", hop=hop) as board, urgent():  # what is measured is the host
        command += ["--board", "127.0.0.1", "--port", str(board.port), "--query", "0"]
        with (
            sink.heard() as monitor,  # whoever listens keeps the sink's own delay short
            subprocess.Popen(command, env=sink.environment, stderr=subprocess.PIPE, text=True) as host,
        ):
            try:
                board.wait_for("/heartbeat", 180.0)
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
                    server.append(sink.waiting_ms())
            finally:
                host.terminate()
                said = host.stderr.read() if host.stderr else ""
    if not found:
        raise AssertionError(f"no sound came through: {said[-500:]}")
    last = [line for line in said.splitlines() if "packet to sound" in line][-1]
    parts = dict(re.findall(r"(hop|ring|card|model) ([\d.]+)", last))
    told = {name: float(ms) for name, ms in parts.items()} | {"server": float(np.mean(server))}
    drop_outs = re.search(r"(\d+) drop-outs", last)
    assert drop_outs is not None, said[-500:]
    return Way(np.array(found), told, int(drop_outs[1]))
