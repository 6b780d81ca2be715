"""`lodestone compile`, `quantize`, `fit` and `bench`: from graphs to plans, and what plans cost."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from lodestone.columns import columns
from lodestone.options import finite

_JSON = typer.Option("--json", help="Figures as JSON on stdout.")
_MEASURED = ("4", "8", "16", "32", "64", "hop512-24", "hop128-16", "brave128-8", "brave128-16")
"""What `bench engine` measures by itself: capacities of v2, and designs of a low hop."""


def register(app: typer.Typer) -> None:
    """Adds this module's verbs."""
    app.command("compile")(compile_command)
    app.command("quantize")(quantize_command)
    app.command("fit")(fit_command)
    bench = typer.Typer(
        help="Measure on this machine.\n\nExample: lodestone bench engine", no_args_is_help=True
    )
    bench.command("engine", context_settings={"allow_extra_args": False})(bench_engine_command)
    bench.callback()(lambda: None)
    app.add_typer(bench, name="bench")


def _talk(message: str) -> None:
    print(message, file=sys.stderr, flush=True)


def compile_command(
    model: Annotated[Path, typer.Argument(help="An ONNX touch or voice graph.")],
    output: Annotated[Path | None, typer.Option("--output", "-o", help="The plan to write.")] = None,
    stages: Annotated[
        int, typer.Option(help="Cut a voice for so many cores, 2 or 3: NAME.stage1.plan, NAME.stage2.plan …")
    ] = 1,
    as_json: Annotated[bool, _JSON] = False,
) -> None:
    """Compile an ONNX graph into a plan for the engine.

    Example: lodestone compile voice.onnx
    """
    from files import apart, write_bytes
    from firmware import Engine
    from model_export.compiler import compile_plan, compile_stages

    target = output or model.with_suffix(".plan")
    apart(target, model)
    plans = {target: compile_plan(model)}
    if stages != 1:
        numbered = enumerate(compile_stages(model, stages), 1)
        plans = {target.with_suffix(f".stage{n}{target.suffix}"): plan for n, plan in numbered}
    made = []
    for path, plan in plans.items():
        engine = Engine(plan)  # a plan is loaded once before it is shipped
        write_bytes(path, plan)
        _talk(f"wrote {path}: {len(plan) / 1024:.0f} KiB")
        made.append({"plan": str(path), "bytes": len(plan), "inputs": engine.inputs})
    if as_json:
        print(json.dumps(made[0] if stages == 1 else made))


def quantize_command(
    model: Annotated[Path, typer.Argument(help="An exported voice in fp32 (.onnx).")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The smaller voice to write (.onnx).")],
    mode: Annotated[
        str, typer.Option(help="w8a16: fastest on the boards; w8a8: on a laptop; w8: arithmetic in floats.")
    ] = "w8a16",
    target_db: Annotated[
        float | None,
        typer.Option(
            callback=finite, help="Signal-to-noise ratio up to which layers stay wider (45; w8a8 36)."
        ),
    ] = None,
    listen: Annotated[Path | None, typer.Option(help="Folder for exact.wav and quantised.wav.")] = None,
    as_json: Annotated[bool, _JSON] = False,
) -> None:
    """Turn a voice's weights into 8 bits: a quarter of the size.

    Example: lodestone quantize voice.onnx -o small.onnx
    """
    from dataclasses import asdict

    from files import apart, write_bytes
    from graphs.card import load_onnx, read_card
    from model_export.quantise import quantise
    from model_export.quantise.listening import write_pair

    apart(output, model)
    voice = load_onnx(model)
    made = quantise(voice, mode, target_db, progress=_talk)
    write_bytes(output, made.model.SerializeToString())
    report = made.report
    _talk(
        f"wrote {output}: {report.snr_db:.1f} dB signal to noise, {report.log_spectral_distance_db:.2f} dB "
        f"log-spectral distance, {report.size_share:.3f} of the size"
    )
    if listen is not None:
        _talk(f"listen: {write_pair(listen, made, read_card(voice).sample_rate)}")
    if as_json:
        print(json.dumps(asdict(report)))


def fit_command(
    model: Annotated[Path, typer.Argument(help="A voice or touch graph (.onnx) or its plan.")],
    target: Annotated[str, typer.Option(help="bela-mini, bela, bela-gem or host.")] = "bela",
    stages: Annotated[int, typer.Option(help="Of a voice cut for so many cores of a bela-gem.")] = 1,
    as_json: Annotated[bool, _JSON] = False,
) -> None:
    """Predict a plan's load on a board, and what makes it fit.

    Example: lodestone fit small.onnx --target bela-mini
    """
    from dataclasses import asdict

    from firmware.errors import read_plan
    from model_export.compiler import compile_plan
    from model_export.compiler.fit import COMFORTABLE, fit, staged_advice

    if stages != 1:
        _fit_stages(model, stages, target, as_json)
        return
    data = read_plan(model) if model.suffix == ".plan" and model.exists() else compile_plan(model)
    if target == "host":
        _fit_host(data, as_json)
        return
    found = fit(data, target)
    if as_json:
        print(json.dumps({**asdict(found), "fits": found.fits}))
        return
    low, high = found.load.low, found.load.high
    verdict = "fits" if found.fits else f"does not fit (comfortable: {100 * COMFORTABLE:.0f} %)"
    print(
        f"{model.name} on {target} ({found.board.processor}): {100 * low:.0f} to {100 * high:.0f} % "
        f"of one core, {verdict}; {found.instructions / 1e6:.2f} million instructions a call, "
        f"{found.macs_per_second / 1e9:.3f} GMAC/s"
    )
    if not found.fits:
        staged = staged_advice(model, target) if model.suffix == ".onnx" else []
        rows = [(what, f"{100 * left:.0f}") for what, left in [*found.advice, *staged]]
        print(columns(("what would make it fit", "% of one core, at most"), rows))


def _fit_stages(model: Path, count: int, target: str, as_json: bool) -> None:
    from dataclasses import asdict

    from model_export.compiler.fit import COMFORTABLE, fit_stages

    found = fit_stages(model, count, target)
    fits = all(stage.fits for stage in found)
    if as_json:
        print(json.dumps({"stages": [asdict(stage) for stage in found], "fits": fits}))
        return
    for number, stage in enumerate(found, 1):
        print(
            f"stage {number} of {count} of {model.name} on {target}: {100 * stage.load.low:.0f} to "
            f"{100 * stage.load.high:.0f} % of one core; {stage.instructions / 1e6:.2f} million instructions"
        )
    print("fits" if fits else f"does not fit (comfortable: {100 * COMFORTABLE:.0f} % of each core)")


def _fit_host(data: bytes, as_json: bool) -> None:
    import numpy as np

    from firmware import Engine
    from model_export.compiler.fit import period_of

    engine = Engine(data)
    seconds = np.array(engine.time_runs(200))
    least, middle = 1e3 * float(seconds.min()), 1e3 * float(np.median(seconds))
    load = middle / 1e3 / period_of(data)
    if as_json:
        figures = {"kernels": engine.kernels, "minimum_ms": least, "median_ms": middle, "load": load}
        print(json.dumps(figures))
        return
    times = f"{least:.3f} ms a call (median {middle:.3f})"
    print(f"this machine ({engine.kernels}): {times}, {100 * load:.2f} % of a core")


def bench_engine_command(
    voices: Annotated[
        list[str] | None,
        typer.Argument(
            help="Capacities of v2; hop128-16, brave128-8 …; v1, v2_small, v3 whole; .onnx files."
        ),
    ] = None,
    seconds: Annotated[float, typer.Option(callback=finite, help="For each voice.")] = 4.0,
    torchscript: Annotated[
        Path | None, typer.Option(help="The .ts of the last voice, when PyTorch is there.")
    ] = None,
    quantised: Annotated[
        bool, typer.Option(help="The voices with 8-bit weights too (slow to make).")
    ] = False,
    as_json: Annotated[bool, _JSON] = False,
) -> None:
    """Engine against ONNX Runtime and tract.

    The same machine, the same voice, one thread, interleaved.

    Example: lodestone bench engine
    """
    import importlib.util
    import os
    import subprocess

    from errors import LodestoneError

    if importlib.util.find_spec("bench") is None:
        raise LodestoneError("the repository's bench/ folder", "an installed package", "run it in a checkout")
    command = [sys.executable, "-m", "bench.engine_bench", *(voices or _MEASURED)]
    command += [
        "--seconds",
        str(seconds),
        *(["--json"] if as_json else []),
        *(["--quantised"] if quantised else []),
    ]
    command += ["--torchscript", str(torchscript)] if torchscript is not None else []
    one_thread = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    raise typer.Exit(subprocess.run(command, check=False, env={**os.environ, **one_thread}).returncode)
