"""What training/ computes with PyTorch, where an environment has it (training/setup.sh, or the fixtures')."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from graphs.card import attach_card, read_card
from tests.support.pytorch import TRAINING, needs_pytorch
from tests.support.tiny_voice import random_weights, tiny_voice
from training import lessons as room
from training.distillation import Wish, prepare

ROOT = Path(__file__).resolve().parents[2]


@needs_pytorch
def test_with_pytorch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All in one process, for PyTorch takes seconds to start."""
    monkeypatch.setattr(room, "SECONDS", 2.0)
    monkeypatch.setattr("training.distillation.SECONDS", 10.0)
    model = tiny_voice(random_weights())
    attach_card(model, replace(read_card(model), step_ms=(1.0, 3.0, 9.0)))
    prepare(model, Wish("small", "bela", 10, capacity=2, minutes=0.05), tmp_path)
    command = [str(TRAINING), "-m", "tests.training.pytorch_checks", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
    came: dict[str, str] = json.loads(done.stdout.splitlines()[-1])
    wrong = {name: told for name, told in came.items() if told}
    assert came, "there are checks"
    assert not wrong, "\n".join(wrong.values())
