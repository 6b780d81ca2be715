"""A knob that is turned glides once, in the graph: 63 % of the way after the 50 ms that the docs promise."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pythonosc.osc_message import OscMessage

from graphs.glide import KNOB_GLIDE_S
from mapping import touch_graph
from model_export.compiler import compile_plan
from tests.support.messages import message
from tests.support.plain_board import gaussian_card, plain_calibration
from tests.support.scripted_host import ScriptedHost
from tests.support.tiny import image, play, scene

TURNED_S, FRAME_S = 1.0, 0.005


def test_the_latents_follow_a_knob_in_fifty_milliseconds(tmp_path: Path) -> None:
    """An empty board shows a steady field, far from this calibration's rest: only the knob moves latents."""
    touch = tmp_path / "real.touch"
    touch.write_bytes(compile_plan(touch_graph(plain_calibration(), gaussian_card(2))))
    files = replace(scene(tmp_path / "plans", "one"), touch_plan=touch)
    host = ScriptedHost([(0.1, message("/knob/range", 0.0)), (TURNED_S, message("/knob/range", 0.5))])
    play(tmp_path, image(tmp_path, files), seconds=2.0, outside=host, gesture="empty")
    heard = [(at, OscMessage(d).params) for at, d in host.datagrams if d.startswith(b"/latent")]
    times, latents = np.array([at * 1e-6 for at, _ in heard]), np.array([values for _, values in heard])

    settled = latents[times > 1.8].mean(axis=0)
    largest = int(np.argmax(np.abs(settled)))
    way = latents[:, largest] / settled[largest]
    assert abs(settled[largest]) > 0.05
    assert np.abs(way[(times > 0.8) & (times < TURNED_S)]).max() < 0.02
    reached = times[np.argmax((times > TURNED_S) & (way >= 1.0 - np.exp(-1.0)))] - TURNED_S
    assert reached == pytest.approx(KNOB_GLIDE_S, abs=2.5 * FRAME_S)
