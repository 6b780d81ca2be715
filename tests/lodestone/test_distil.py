"""`lodestone distil`: what cannot be had is told in one line; with PyTorch at hand, a student is made."""

from __future__ import annotations

import contextlib
import resource
import signal
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from typer.testing import CliRunner

from errors import LodestoneError
from firmware import Engine
from graphs.card import attach_card, read_card
from lodestone import distilling
from lodestone.cli import build_app
from lodestone.distilling import PYTHON, Request, distilled
from lodestone.takes.take_file import Event, TakeWriter
from tests.support import archives
from tests.support.pytorch import TRAINING, needs_pytorch
from tests.support.tiny_voice import random_weights, tiny_encoder, tiny_voice
from training import lessons as room
from training.distillation import Wish, prepare

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def teacher(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(room, "SECONDS", 1.0)
    monkeypatch.setattr("training.distillation.SECONDS", 40.0)
    model = tiny_voice(random_weights())
    attach_card(model, replace(read_card(model), step_ms=(1.0, 3.0, 9.0)))
    onnx.save(model, tmp_path / "tiny.onnx")
    return tmp_path / "tiny.onnx"


def refused(*words: str) -> str:
    result = CliRunner().invoke(build_app(), ["distil", *words])
    assert isinstance(result.exception, LodestoneError), result.output
    assert "\n" not in str(result.exception)
    return str(result.exception)


def stand_in(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Python that has PyTorch, and does this when it is to train."""
    path = folder / "python"
    path.write_text(f'#!/bin/sh\n[ "$1" = -c ] && exit 0\n{script}\n')
    path.chmod(0o755)
    monkeypatch.setenv(PYTHON, str(path))


def test_without_pytorch_the_one_command_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PYTHON, str(tmp_path / "none"))
    told = refused("glass", "-o", str(tmp_path / "x.onnx"))
    assert "got none at" in told
    assert "run `training/setup.sh` once" in told
    assert not (tmp_path / "x.run").exists()


def test_a_file_that_holds_an_encoder_alone_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that upstream's exporter wrote, and one of ours."""
    stand_in(tmp_path, "exit 1", monkeypatch)
    onnx.save(tiny_encoder(), tmp_path / "ears.onnx")
    assert "wanted a voice that knows its latents, got a graph of kind encoder" in refused(
        str(tmp_path / "ears.onnx"), "-o", str(tmp_path / "x.onnx")
    )
    data = archives.plain("encoder_only")
    if data is None:
        pytest.skip(f"left out: upstream's archive ({archives.HOW})")
    (tmp_path / "ears.ts").write_bytes(data)
    told = refused(str(tmp_path / "ears.ts"), "-o", str(tmp_path / "x.onnx"))
    assert told.startswith("wanted a RAVE model with `decode`, got a OneWay without it")


@pytest.mark.parametrize(
    ("words", "got"),
    [
        (["glass", "-o", "x.ts"], "NAME.onnx"),
        (["glass", "-o", "x.onnx", "--delay", "soon"], "10ms, 25ms or 80ms, got soon"),
        (["glass", "-o", "x.onnx", "--delay", "40ms"], "10ms, 25ms, 80ms, got 40ms"),
        (["glass", "-o", "x.onnx", "--target", "teensy"], "bela-gem, got teensy"),
        (["glass", "-o", "x.onnx", "--capacity", "900"], "got 900"),
        (["trombone", "-o", "x.onnx"], "got trombone"),
        (["glass", "-o", "x.onnx", "--corpus", "sounds"], "a .ts with its encoder"),
        (["glass", "-o", "x.onnx", "--take", "none.take"], "none.take"),
    ],
)
def test_impossible_wishes_are_told(
    words: list[str], got: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(tmp_path, "exit 1", monkeypatch)
    monkeypatch.chdir(tmp_path)
    assert got in refused(*words)


def test_what_ends_the_training_ends_the_command(
    teacher: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = "training: wanted to write best.pt, got No space left on device: make room on that disk"
    stand_in(tmp_path, f'echo "{line}" >&2; exit 1', monkeypatch)
    wanted = Request(str(teacher), tmp_path / "x.onnx", delay="10ms", capacity=2, hours=0.01)
    with pytest.raises(LodestoneError) as caught:
        distilled(wanted, lambda _: None)
    assert str(caught.value) == line.removeprefix("training: ")
    stand_in(tmp_path, "kill -9 $$", monkeypatch)
    with pytest.raises(LodestoneError, match="exit -9"):
        distilled(wanted, lambda _: None)


def test_lessons_follow_a_performance_that_was_recorded(teacher: Path, tmp_path: Path) -> None:
    with TakeWriter(tmp_path / "evening.take", {}) as writer:
        for k in range(400):
            writer.add(Event(k / 200, "/latent", (k / 400, 0.5, -0.5, 0.0)))
    (way,) = distilling._ways(
        Request(str(teacher), Path("x.onnx"), takes=(tmp_path / "evening.take",)), teacher, 4, 44100 / 128
    )
    assert way.shape == (687, 4)
    assert (np.diff(way[:, 0]) >= 0).all()
    with pytest.raises(LodestoneError, match="a take of 3 latents"):
        distilling._ways(
            Request(str(teacher), Path("x.onnx"), takes=(tmp_path / "evening.take",)), teacher, 3, 344.5
        )


@needs_pytorch
def test_a_training_killed_at_any_moment_goes_on(teacher: Path, tmp_path: Path) -> None:
    """Killed while it prepares, learns and saves; then to its end: a student with plan and `.ts`."""
    output = tmp_path / "small.onnx"
    command = [str(ROOT / ".venv/bin/python"), "-m", "lodestone", "distil", str(teacher), "-o", str(output)]
    command += ["--capacity", "2", "--delay", "10ms", "--hours", "0.002", "--licence", "CC0 1.0", "--json"]
    for seconds in (4.0, 12.0):
        with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL) as started:
            with contextlib.suppress(subprocess.TimeoutExpired):
                started.wait(seconds)
            started.send_signal(signal.SIGKILL)
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stderr
    card = read_card(output)
    assert card.latents_of == "tiny"
    assert card.taught["licence"] == "CC0 1.0"
    assert Engine.load(output.with_suffix(".plan")).inputs["latent"] == (1, 4, 1)
    assert output.with_suffix(".ts").stat().st_size > 10_000
    assert list((tmp_path / "small.run" / "sounds").glob("*.wav"))
    assert list((tmp_path / "small.run" / "sounds").glob("*.png"))


@needs_pytorch
def test_a_disk_that_fills_up_is_one_line_and_nothing_is_lost(teacher: Path, tmp_path: Path) -> None:
    run = tmp_path / "x.run"
    prepare(onnx.load(teacher), Wish("x", "bela", 10, capacity=4, minutes=0.05), run)
    command = [str(TRAINING), "-m", "training.distil", str(run), "--minutes", "0.05"]
    full = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000)),
    )  # fmt: skip
    assert full.returncode == 1
    assert full.stderr.strip().splitlines()[-1].startswith("training: wanted to write ")
    assert not (run / "best.pt").exists()
    again = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)
    assert again.returncode == 0, again.stderr
    assert (run / "student.npz").is_file()
