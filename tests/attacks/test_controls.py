"""Mutated packets to an instrument that plays; `python -m bench.attacks controls` under the sanitizers."""

from __future__ import annotations

from pathlib import Path

from tests.support.attacks import controls


def test_whatever_packets_say_the_instrument_plays_on_and_obeys(tmp_path: Path) -> None:
    assert controls.attack(controls.PLAIN, tmp_path, 3000, 1) > 100
