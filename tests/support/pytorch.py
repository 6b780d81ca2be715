"""The Python with PyTorch, in which tests of training/ run; CI names that of the parity fixtures."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from errors import LodestoneError
from lodestone.distilling import PYTHON, training_python


def _found() -> Path | None:
    try:
        return training_python()
    except LodestoneError:
        if PYTHON in os.environ:  # somebody wants these tests to run
            raise
        return None


TRAINING = _found()
needs_pytorch = pytest.mark.skipif(TRAINING is None, reason="needs PyTorch: training/setup.sh")
