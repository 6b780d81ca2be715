"""The host's whole way from a packet to a sound card, which here is one that nobody hears."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from tests.support.loop_back import measure
from tests.support.null_sink import MISSING, null_sink

LACKING = [*MISSING, *(["sounddevice"] if importlib.util.find_spec("sounddevice") is None else [])]
MOST_S = 3.0
"""A machine that does much else is late; what it does when it is idle bench/host_latency.py measures."""


@pytest.mark.skipif(bool(LACKING), reason=f"not installed: {', '.join(LACKING)}")
def test_a_jump_of_the_latents_is_heard_at_the_card(tmp_path: Path) -> None:
    with null_sink(tmp_path) as sink:
        way = measure(sink, tmp_path, 512, 3.0)
    took = way.took_s
    assert len(took) >= 2
    assert took.min() > 0.0
    assert took.max() < MOST_S
