"""Counts what element-wise functions cost on the boards: the prices of definitions/operations.toml.

    python -m bench.operations [FUNCTION…]

Each function runs over 4,096 adjacent elements in the engine as the boards build it, emulated. What a
plain function of as many operands (Copy, Add, MulAdd) takes around its arithmetic is taken off; the rest is
told per vector of four elements, by class of instruction where it is not 128-bit arithmetic alone. An
activation is counted where it lives, behind a convolution: with it, less without it.
"""

from __future__ import annotations

import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

import numpy as np

from definitions.operations import OPERATIONS, PROCESSORS
from errors import LodestoneError
from model_export.compiler import compile_plan, plan
from model_export.compiler.boards import Counts
from model_export.compiler.cost import convolutions
from model_export.compiler.views import IO, Buffer, dense
from tests.support.arm import count
from tests.support.arm_builds import ArmError, default_compiler
from tests.support.graph_maker import GraphMaker

ELEMENTS, LANES = 4096, 4
PLAIN = {1: ("Copy", 0.0), 2: ("Add", 1.0), 3: ("MulAdd", 1.0)}  # and the arithmetic of their own


def alone(function: str) -> bytes:
    """A plan of one element-wise function over `ELEMENTS` numbers."""
    operands = OPERATIONS.row("Map", function).operands
    views = [dense(Buffer(IO, ELEMENTS, ELEMENTS * i), 0, (ELEMENTS,)) for i in range(operands + 1)]
    tensors = [plan.Tensor(f"x{i}", (ELEMENTS,), ELEMENTS * i) for i in range(operands + 1)]
    made = plan.Loops("Map", function, [ELEMENTS], views, [v.strides for v in views], (0.2, 0.0))
    nothing = np.zeros(0, np.float32)
    facts = dict.fromkeys(("sample_rate_hz", "hop", "latents", "channels", "delay_samples"), 0)
    return plan.Plan(
        kind="Touch",
        name=function,
        **facts,
        frames=1,
        macs_per_second=0.0,
        inputs=tensors[1:],
        outputs=tensors[:1],
        operations=[made],
        arena_floats=0,
        io_floats=ELEMENTS * (operands + 1),
        initial_state=nothing,
        constants=nothing,
        weights=b"",
        card="",
    ).pack()


def counted(function: str, processor: str) -> Counts:
    """Instructions of one call of a function alone."""
    return _count(alone(function), processor)


def _count(data: bytes, processor: str) -> Counts:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "one.plan"
        path.write_bytes(data)
        return count(default_compiler(processor), path)


def prices(functions: list[str], processor: str) -> dict[str, dict[str, float]]:
    """Instructions per vector by class, those of a plain function of as many operands taken off."""
    plain = {operands: asdict(counted(name, processor)) for operands, (name, _) in PLAIN.items()}
    found = {}
    for function in functions:
        operands = OPERATIONS.row("Map", function).operands
        classes = asdict(counted(function, processor))
        each = {name: (n - plain[operands][name]) * LANES / ELEMENTS for name, n in classes.items()}
        each["quad"] += PLAIN[operands][1]
        found[function] = {name: round(n, 1) for name, n in each.items() if abs(n) >= 0.5}
    return found


def convolved(activation: str) -> bytes:
    """A plan of one small convolution with this activation, or "None"."""
    rows, channels = ELEMENTS // 64, 64
    maker = GraphMaker()
    x = maker.input("x", [1, channels, rows])
    weight = maker.constant(np.full((channels, channels, 1), 0.01, np.float32))
    y = maker.node("Conv", x, weight, kernel_shape=[1])
    if activation == "Snake":
        turned = maker.node("Sin", maker.node("Mul", y, maker.constant(np.full((1, channels, 1), 0.5))))
        ripple = maker.node("Mul", turned, turned)
        share = maker.constant(np.full((1, channels, 1), 1.0 / (0.5 + 1e-9)))
        y = maker.node("Add", y, maker.node("Mul", ripple, share))
    elif activation != "None":
        y = maker.node(activation, y)
    maker.output(y, "y", [1, channels, rows])
    made = compile_plan(maker.model())
    found = [conv.activation for conv in convolutions(made)]
    if found != [activation]:
        raise ArmError(f"a convolution that ends in {activation}", ", ".join(found), "see compiler/fuse.py")
    return made


def activation_prices(activations: list[str], processor: str) -> dict[str, dict[str, float]]:
    """Instructions per vector by class that each activation adds to a convolution's results."""
    counts = {name: asdict(_count(convolved(name), processor)) for name in ["None", *activations]}
    found = {}
    for name in activations:
        each = {key: (n - counts["None"][key]) * LANES / ELEMENTS for key, n in counts[name].items()}
        found[name] = {key: round(n, 1) for key, n in each.items() if abs(n) >= 0.5}
    return found


def main(arguments: list[str]) -> None:
    """Prints the price of each function beside what the table says."""
    unknown = [name for name in arguments if name not in OPERATIONS.tables["Map"]]
    if unknown:
        raise ArmError("functions of definitions/operations.toml", ", ".join(unknown), "correct the name")
    functions = arguments or list(OPERATIONS.tables["Map"])
    for processor in PROCESSORS:
        curved = [name for name in OPERATIONS.tables["Activation"] if name != "None" and not arguments]
        for name, price in activation_prices(curved, processor).items():
            said = dict(OPERATIONS.price("Activation", name, processor))
            print(f"{processor:8} Conv + {name:8} counted {price}  table {said}", flush=True)
        for function, price in prices(functions, processor).items():
            said = dict(OPERATIONS.price("Map", function, processor))
            print(f"{processor:8} {function:15} counted {price}  table {said}", flush=True)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except LodestoneError as error:
        sys.exit(f"bench.operations: {error}")
