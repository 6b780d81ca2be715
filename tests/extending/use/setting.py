"""The setting of the recipe: a mute of two seconds still sounds where one of 20 ms is silent."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from tests.support.messages import message
from tests.support.scripted_host import ScriptedHost
from tests.support.tiny import RATE, SIM, image, play

folder = Path(sys.argv[1])
level = {}
for mute_ms in (20, 2000):
    made = image(folder / f"{mute_ms}", mute_ms=mute_ms)
    assert f"mute_ms={mute_ms}" in (made / "board.conf").read_text(encoding="utf-8").replace(" ", "")
    run = play(folder / f"{mute_ms}", made, outside=ScriptedHost([(1.0, message("/mute", 1))]), seconds=2.2)
    level[mute_ms] = float(np.abs(run.samples()[round(1.5 * RATE) : round(1.7 * RATE)]).max())
assert level[20] == 0.0, level
assert level[2000] > 0.05, level
print("setting of the extended tree", SIM)
