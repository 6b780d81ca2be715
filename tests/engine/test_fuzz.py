"""Mutated plans under the address and undefined-behaviour sanitizers: an error or a run, never a crash."""

from __future__ import annotations

from pathlib import Path

from tests.support.attacks import plans


def test_mutated_plans(tmp_path: Path) -> None:
    program = plans.fuzzer()
    for path in plans.corpus(tmp_path):
        refused, ran, parts = plans.attack(program, path, 1000, 7)
        assert min(refused, ran) > 100, path.name
        assert parts > 100 or path.name != "voice.plan"
