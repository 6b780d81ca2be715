"""The predicted instructions against exact counts under emulation."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from model_export.compiler import PlanError, compile_plan
from model_export.compiler.boards import BOARDS, Counts
from model_export.compiler.cost import convolutions, predicted
from model_export.compiler.fit import fit
from model_export.quantise import quantise
from tests.support import arm
from tests.support.arm_builds import available, default_compiler
from tests.support.synthetic import decoder, low_hop


@pytest.mark.parametrize("name", ["bela", "bela-gem"])
def test_prediction_is_within_a_fifth_of_the_count(name: str, tmp_path: Path) -> None:
    board = BOARDS[name]
    if not available(board.arch):
        pytest.skip("no cross compiler or emulator here; .ci/run installs them")
    path = tmp_path / "voice.plan"
    path.write_bytes(compile_plan(decoder(16)))
    counted = board.cycles(arm.count(default_compiler(board.arch), path))
    guessed = board.cycles(predicted(path.read_bytes(), board.arch))
    for exact, near in zip(counted, guessed, strict=True):
        assert abs(near / exact - 1) < 0.2


def test_prediction_knows_rows_that_are_kept(tmp_path: Path) -> None:
    """A decoder of hop 128, whose dilations look back much further than a call brings."""
    if not available("armv7"):
        pytest.skip("no cross compiler or emulator here; .ci/run installs them")
    path, board = tmp_path / "voice.plan", BOARDS["bela"]
    path.write_bytes(compile_plan(quantise(low_hop("brave128", 4), "w8a16", 20.0).model))
    found = list(convolutions(path.read_bytes()))
    assert max(conv.kept for conv in found) == 72
    counted = arm.count(default_compiler("armv7"), path)
    guessed = predicted(path.read_bytes(), "armv7")
    assert abs(guessed.total / counted.total - 1) < 0.1
    for exact, near in zip(board.cycles(counted), board.cycles(guessed), strict=True):
        assert abs(near / exact - 1) < 0.2
    anew = predicted(path.read_bytes(), "armv7", lambda conv: replace(conv, kept=0))
    assert anew.total > 1.1 * guessed.total


def test_more_work_is_more_load() -> None:
    small, large = (fit(compile_plan(decoder(capacity)), "bela") for capacity in (4, 16))
    assert small.fits
    assert small.load.low < small.load.high < large.load.high
    assert [what for what, _ in large.advice]
    assert all(left < large.load.high for _, left in large.advice)


def test_the_model_by_hand() -> None:
    """A million 128-bit float products: two million cycles, two milliseconds at 1 GHz."""
    load = BOARDS["bela"].load(Counts(quad=1e6), weight_bytes=0, period_s=0.04)
    assert load.compute_ms == (2.0, 2.0)
    assert abs(load.high - 0.05) < 1e-12


def test_other_boards_are_named() -> None:
    with pytest.raises(PlanError, match="toaster"):
        fit(compile_plan(decoder(4)), "toaster")
