"""What each engine adds from the hand to the sound: `python -m bench.latency [VOICE…] [--seconds S]`.

First the floor, below which nobody gets with these sensors, this voice and these converters: half a sensor's
conversion, half a hop, the voice's own answer (half of a step, from its card), two blocks of the converters.
Then what comes on top, by means, in ms: half a sensor frame until it is read, which every way shares; in our
loop, the prefill that it finds enough for an engine that takes as long as the engine, ONNX Runtime and tract
take on this machine; with nn~, its buffers, measured in Pd where both are installed. What a host's card and
sound server add, and the touch's own lag, are in neither. Prefills come from the firmware, in virtual time.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import onnx

from bench import nn_tilde_delay
from bench.engine_bench import BoundOrt, machine, measure
from errors import LodestoneError
from firmware import Engine
from graphs.card import load_onnx, read_card
from lodestone.settings import Settings
from lodestone.voice_files import find_voice, voice_graph
from model_export.compiler import compile_plan
from model_export.compiler.plan_reader import read_header
from sensors import default_sensors
from sensors.chips.mlx90393_codes import conversion_us
from tests.support import tract_peer
from tests.support.jitter import rough
from voices.catalogue import shipped

PERIOD = 16
"""Frames a block, as on the board."""
JITTER_US = 100
"""Of the wake-ups, on a laptop as on a board."""
SETTLED_S = 10.0
"""By then the prefill has found what it needs."""
BUFFERS = (0, 2048, 4096)
"""Of nn~, samples; 4096 is its default."""


@dataclass(frozen=True)
class Floor:
    """Below which nothing gets, ms."""

    sensor: float
    half_hop: float
    voice: float
    converters: float

    @property
    def all(self) -> float:
        """The sum."""
        return self.sensor + self.half_hop + self.voice + self.converters


def floor_of(plan: bytes) -> Floor:
    """Of a voice's plan, with the usual sensors."""
    header = read_header(plan)
    sensor, to_ms = default_sensors()[0], 1e3 / header["sample_rate_hz"]
    return Floor(
        0.5e-3 * conversion_us(sensor.oversampling, sensor.filter),
        0.5 * header["hop"] * header["frames"] * to_ms,
        header["delay_samples"] * to_ms,
        2 * PERIOD * to_ms,
    )


def call_ms(model: onnx.ModelProto, plan: bytes, seconds: float) -> dict[str, float]:
    """Median processor time of a call by engine; what does not play the voice is left out, and says so."""
    engine = Engine(plan)
    contenders: dict[str, Callable[[], object]] = {"engine": lambda: engine.run_sliced(0x7FFFFFFF)}
    contenders["onnxruntime"] = BoundOrt(model)
    if tract_peer.installed():
        try:
            contenders["tract"] = tract_peer.BoundTract(model)
            contenders["binding"] = tract_peer.BoundTract(tract_peer.handing_on(model))
        except Exception as error:  # tract's own errors share no class with others
            print(f"tract does not play it: {str(error).splitlines()[0]}", file=sys.stderr)
    times = measure(contenders, seconds)  # type: ignore[arg-type]
    if "tract" in times:
        times["tract"] = times["tract"].less(times.pop("binding"))
    return {name: time.median for name, time in times.items()}


def prefill_ms(folder: Path, hop: int, rate: int, taken_ms: float) -> float | None:
    """What the firmware's loop keeps ready for a voice that takes so long; None where it cannot keep up."""
    load = taken_ms * rate / hop / 1e3
    if load >= 0.9:
        return None
    came = rough(folder, hop, PERIOD, load, JITTER_US, SETTLED_S, frame_rate=10)
    return 1e3 * came.settled / rate if came.underruns == 0 else None


def _nn_tilde(folder: Path, hop: int, rate: int) -> dict[str, float]:
    if nn_tilde_delay.installed():
        return {f"nn~ {size}": nn_tilde_delay.added_ms(folder, hop, size) for size in BUFFERS}
    return {f"nn~ {size}": 2e3 * size / rate for size in BUFFERS}


def _row(voice: str, folder: Path, seconds: float) -> None:
    model = load_onnx(voice_graph(find_voice(voice), folder))
    card, plan = read_card(model), compile_plan(model)
    floor, frame = floor_of(plan), 500.0 / Settings().frame_rate
    parts = f"{floor.sensor:.1f} + {floor.half_hop:.1f} + {floor.voice:.1f} + {floor.converters:.1f}"
    print(f"{voice}, hop {card.hop}: floor {parts} = {floor.all:.1f} ms; half a sensor frame {frame:.1f}")
    taken = call_ms(model, plan, seconds)
    added: dict[str, float | None] = {
        name: prefill_ms(folder / name, card.hop, card.sample_rate, ms) for name, ms in taken.items()
    }
    added |= _nn_tilde(folder, card.hop, card.sample_rate)
    for name, ms in added.items():
        share = (
            f"{100 * taken[name] * card.sample_rate / card.hop / 1e3:7.2f} %" if name in taken else " " * 9
        )
        told = "does not keep up" if ms is None else f"{ms:9.1f} {floor.all + frame + ms:9.1f}"
        print(f"  {name:12} {share} {told}", flush=True)


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description="What each engine adds from the hand to the sound.")
    parser.add_argument("voice", nargs="*", default=[voice.name for voice in shipped()])
    parser.add_argument("--seconds", type=float, default=2.0, help="of timing, for each voice")
    asked = parser.parse_args()
    about = machine()
    for peer in (tract_peer, nn_tilde_delay):
        if not peer.installed():
            print(peer.MISSING, file=sys.stderr)
    print(f"{about['processor']}, commit {about['commit']}; fp32, one thread")
    print("  engine      of a core   adds ms   in all ms")
    with tempfile.TemporaryDirectory(prefix="latency-") as name:
        for voice in asked.voice:
            (Path(name) / voice).mkdir()
            _row(voice, Path(name) / voice, asked.seconds)


if __name__ == "__main__":
    try:
        main()
    except LodestoneError as error:
        sys.exit(f"bench.latency: {error}")
