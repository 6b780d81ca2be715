"""The whole of a distillation: teacher, lessons, the training in its own environment, the student's files."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from errors import LodestoneError
from files import write_bytes
from graphs.card import read_card
from lodestone.takes.content import latents
from lodestone.takes.take_file import read_take
from lodestone.voice_files import find_voice
from model_export.compiler import compile_plan
from model_export.compiler.fit import fit
from model_export.export import export, write_model
from model_export.quantise import quantise
from model_export.torchscript_writer import torchscript
from training import distillation, paths, student
from training.lessons import Floats
from voices.voice_graph import SEARCH_DB, export_voice, is_graph

ROOT = Path(__file__).resolve().parents[1]
PYTHON = "LODESTONE_TRAINING_PYTHON"
"""Names another Python with PyTorch than that of .venv-training."""
Progress = Callable[[str], None]


class DistilError(LodestoneError):
    """A student cannot be made as asked."""


@dataclass(frozen=True)
class Request:
    """What the player asks for; see `lodestone distil --help`."""

    model: str
    output: Path
    target: str = "bela"
    delay: str | None = None
    corpus: Path | None = None
    takes: tuple[Path, ...] = ()
    hours: float = 1.0
    capacity: int | None = None
    licence: str = ""
    run: Path | None = None
    warm: bool = True
    judge_from: float = 1.0


def delay_ms(text: str | None) -> int | None:
    """`25ms` or `25` as a number.

    Raises:
        DistilError: something else.
    """
    if text is None:
        return None
    try:
        return int(text.removesuffix("ms"))
    except ValueError:
        raise DistilError("a delay of 10ms, 25ms or 80ms", text, "choose one of these") from None


def training_python() -> Path:
    """The Python with PyTorch that trains.

    Raises:
        DistilError: there is none; says what makes one.
    """
    python = Path(os.environ.get(PYTHON, ROOT / ".venv-training" / "bin" / "python"))
    found = python.is_file() and (
        subprocess.run([str(python), "-c", "import torch"], capture_output=True, check=False).returncode == 0
    )
    if not found:
        raise DistilError("PyTorch to train with", f"none at {python}", _set_up())
    return python


def _set_up() -> str:
    """What makes an environment to train in: from a checkout or from a package."""
    script = ROOT / "training" / "setup.sh"
    if script.exists():
        return f"run `{os.path.relpath(script)}` once, then this again"
    return f"run training/setup.sh of a checkout once, and name its Python in {PYTHON}"


def distilled(wanted: Request, progress: Progress) -> dict[str, Any]:
    """Makes the student and its files beside it: plan for a board in 8 bits, `.ts` of our own.

    Returns:
        What `told` puts in words.

    Raises:
        LodestoneError: one of its family, for everything that a person can mend.
    """
    if wanted.output.suffix != ".onnx":
        raise DistilError("a student to write as NAME.onnx", str(wanted.output), "name it so")
    delay = delay_ms(wanted.delay)
    python = training_python()
    path = find_voice(wanted.model)
    shipped = None if Path(wanted.model).is_file() else wanted.model
    graph = export_voice(path) if wanted.corpus is None else _with_corpus(path, wanted.corpus, progress)
    card = read_card(graph)
    wish = distillation.Wish(
        wanted.output.stem, wanted.target, delay, wanted.capacity,
        60 * wanted.hours, wanted.warm, wanted.licence or _licence(shipped),
    )  # fmt: skip
    if not wish.licence:
        progress("NOTE: nothing says under which licence the teacher may be used: --licence 'CC BY 4.0'")
    ways = _ways(wanted, path, card.latents, card.sample_rate / card.hop)
    run = wanted.run or wanted.output.with_suffix(".run")
    course = distillation.prepare(graph, wish, run, student.shipped(wanted.model), ways, progress)
    start = "a narrower copy of the teacher" if course.warm else "random weights"
    network = course.settings.network
    progress(
        f"student: capacity {network.capacity}, hop {network.hop}, from {start}; its log and sounds: {run}"
    )
    _train(python, run, wanted)
    model, fidelity = distillation.result(run, progress)
    return _written(model, fidelity, wanted, progress)


def _with_corpus(path: Path, corpus: Path, progress: Progress) -> onnx.ModelProto:
    if is_graph(path):
        raise DistilError("a .ts with its encoder for --corpus", str(path), "leave --corpus out")
    return export(path, corpus=corpus, progress=progress)


def _licence(shipped: str | None) -> str:
    """Voices that ship say so in their card."""
    return "" if shipped is None else "a voice of this project: recordings as its card lists them"


def _ways(wanted: Request, path: Path, count: int, frame_rate: float) -> list[Floats]:
    ways = [] if wanted.corpus is None else paths.of_recordings(path, wanted.corpus, count)
    for file in wanted.takes:
        heard = [(time, z) for time, z in latents(read_take(file)) if z.shape == (count,)]
        if len(heard) < 2 or heard[-1][0] - heard[0][0] < 2 / frame_rate:
            raise DistilError(f"a take of {count} latents", f"none of them in {file}", "name another take")
        times, rows = zip(*heard, strict=True)
        ways.append(paths.of_told(np.array(times), np.stack(rows), frame_rate))
    return ways


def _train(python: Path, run: Path, wanted: Request) -> None:
    """Runs `training.distil` until it ends; its lines go on as they come, errors of its own end here."""
    command = [str(python), "-m", "training.distil", str(run.resolve()), "--minutes", str(60 * wanted.hours)]
    command += ["--judge-from", str(wanted.judge_from), "--parent", str(os.getpid())]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=sys.stderr, stderr=subprocess.PIPE, text=True
    ) as child:
        assert child.stderr is not None
        last = ""
        for line in child.stderr:
            last = line.strip() or last
            if not line.startswith("training: "):
                sys.stderr.write(line)
    if child.returncode:
        what = last.removeprefix("training: ").removeprefix("wanted ") or f"exit {child.returncode}"
        wanted_part, _, rest = what.partition(", got ")
        got, _, do = rest.partition(": ")
        raise DistilError(wanted_part or "a training", got or what, do or f"see {run}")


def _written(
    model: onnx.ModelProto, fidelity: dict[str, float], wanted: Request, progress: Progress
) -> dict[str, Any]:
    write_model(model, wanted.output)
    progress("bringing it to 8 bits")
    narrow = quantise(model, "w8a16", SEARCH_DB)
    plan = compile_plan(narrow.model)
    load = fit(plan, wanted.target).load
    write_bytes(wanted.output.with_suffix(".plan"), plan)
    write_bytes(wanted.output.with_suffix(".ts"), torchscript(model, wanted.output.stem))
    card = read_card(model)
    return {
        "file": str(wanted.output),
        "latents_of": card.latents_of,
        "taught": dict(card.taught),
        "hop": card.hop,
        "step_ms": list(card.step_ms),
        "target": wanted.target,
        "load": [round(load.low, 4), round(load.high, 4)],
        "snr_db": round(narrow.report.snr_db, 1),
        "fidelity": fidelity,
    }


def told(found: dict[str, Any]) -> list[str]:
    """The result in words."""
    near, step = found["fidelity"], found["step_ms"]
    low, high = (100 * end for end in found["load"])
    return [
        f"{found['file']}: latents of {found['latents_of']}, hop {found['hop']};"
        f" beside it the plan and the .ts",
        f"  half of a touch is heard after {step[1]:g} ms (10 %: {step[0]:g}, 90 %: {step[2]:g})",
        f"  {low:.1f} to {high:.1f} % of the core of a {found['target']} in 8 bits, {found['snr_db']:g} dB",
        f"  distance {near['distance']:g}, loudness within {near['loudness_db']:g} dB,"
        f" centroid within {near['centroid_octaves']:g} octaves of the teacher",
        f"  what latents change: loudness {near['axis_loudness']:g}, centroid {near['axis_centroid']:g},"
        f" spectrum {near['axis_spectrum']:g} (least latent {near['axis_least']:g}) as the teacher's",
    ]
