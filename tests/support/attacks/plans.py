"""Plans to mutate, with every kind of operation, weights and tensor, and the fuzzer that does it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto

from model_export.compiler import compile_plan
from model_export.quantise import quantise
from tests.support.graph_maker import GraphMaker
from tests.support.synthetic import decoder

ROOT = Path(__file__).parents[3]
FLAGS = ("-std=c++14", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")


def loops() -> onnx.ModelProto:
    """A touch with noise, a knob, states and every kind of loops."""
    g = GraphMaker()
    field = g.input("field", [4, 3])
    x = g.node("Mul", field, g.input("knob.depth", []))
    x = g.node("Add", x, g.input("noise.0", [4, 3]))
    product = g.node("MatMul", x, g.node("Transpose", x, perm=[1, 0]))
    running = g.node("CumSum", product, g.constant(1, np.int64))
    most = g.node("ReduceMax", running, axes=[1], keepdims=0)
    table = g.constant(np.arange(20, dtype=np.float32).reshape(5, 4))
    row = g.node("Gather", table, g.node("Cast", most, to=TensorProto.INT64), axis=0)
    g.output(g.node("Tanh", g.node("Flatten", x, axis=0)), "touch", [1, 12])
    kept = g.history(g.node("Unsqueeze", row, g.constant([0], np.int64)), 4, 2, 4)
    g.output(g.node("ReduceMean", kept, axes=[0, 1], keepdims=0), "latent", [6])
    card = {"kind": "touch", "latents": 6, "knobs": {"depth": {"minimum": 0, "maximum": 1, "default": 0.5}}}
    return g.model(json.dumps(card))


def voice(channels: int = 2, frames: int = 2, hop: int = 8) -> onnx.ModelProto:
    """A voice of a few operations that the instrument takes."""
    g = GraphMaker()
    dice = np.random.default_rng(0)
    x = g.history(g.input("latent", [1, 4, frames]), 4, 2, frames)
    x = g.node("Conv", x, g.constant(dice.normal(size=(12, 4, 3))), g.constant(np.zeros(12)))
    x = g.node("LeakyRelu", x, alpha=0.2)
    x = g.node("Conv", x, g.constant(dice.normal(size=(channels * hop, 12, 1))))
    x = g.node("Reshape", x, g.constant([channels, hop, frames], np.int64))
    x = g.node(
        "Reshape", g.node("Transpose", x, perm=[0, 2, 1]), g.constant([1, channels, frames * hop], np.int64)
    )
    g.output(g.node("Tanh", x), "audio", [1, channels, frames * hop])
    facts = {"kind": "voice", "latents": 4, "hop": hop, "frames": frames, "channels": channels}
    return g.model(json.dumps({**facts, "sample_rate": 44100, "macs_per_second": 1e6}))


def corpus(folder: Path) -> Iterator[Path]:
    """The plans, written one after another."""
    small = decoder(4)
    made = {"loops": loops(), "voice": voice(), "fp32": small}
    for precision in ("w8a16", "w8a8"):
        made[precision] = quantise(small, precision, target_db=20.0).model
    for name, model in made.items():
        path = folder / f"{name}.plan"
        path.write_bytes(compile_plan(model))
        yield path


def fuzzer() -> Path:
    """The program that mutates and plays, built with the sanitizers. Raises CalledProcessError."""
    return sanitized("plan_fuzz", [])


def sanitized(name: str, more: list[Path], optimise: str = "-O1") -> Path:
    """`tests/cpp/NAME.cpp` with the engine, its parts and `more` sources, built where one has changed."""
    program = ROOT / "build" / f"{name}_sanitized"
    engine, instrument = ROOT / "firmware" / "engine", ROOT / "firmware" / "instrument"
    sources = [
        ROOT / "tests" / "cpp" / f"{name}.cpp",
        instrument / "engine_parts.cpp",
        *more,
        *sorted(engine.glob("*.cpp")),
    ]
    rooms = ("engine", "instrument", "platform", "chips", "osc", "generated")
    headers = [each for room in rooms for each in (ROOT / "firmware" / room).glob("*.h")]
    if not program.exists() or program.stat().st_mtime < max(p.stat().st_mtime for p in [*sources, *headers]):
        subprocess.run(
            ["g++", *FLAGS, optimise, f"-I{ROOT}", *map(str, sources), "-o", str(program)], check=True
        )
    return program


def attack(program: Path, plan: Path, rounds: int, seed: int) -> tuple[int, int, int]:
    """Mutated plans that were refused, ran, and were taken by the instrument. AssertionError on a crash."""
    command = [str(program), str(plan), str(rounds), str(seed)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=3600, check=False)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stderr[-2000:]}"
    refused, ran, parts = (int(part.split()[0]) for part in done.stdout.split(", "))
    return refused, ran, parts
