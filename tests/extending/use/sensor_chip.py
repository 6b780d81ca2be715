"""The chip of the recipe: found by a scan, read through its driver, and on the board of the firmware."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from pythonosc.osc_message import OscMessage

from sensors import default_sensors, open_source
from sensors.scan import scan
from sensors.simulation import SimulatedBoard
from sensors.sources import open_bus
from tests.support.tiny import SIM, image, play

seen = {}
for chip in ("mlx90393", "homemade"):
    with open_source(f"sim:first-sound?seed=1&chip={chip}") as source:
        frames = [frame for frame, _ in zip(source, range(400), strict=False)][100:]
    assert all((frame.valid == 1.0).all() and not frame.flags.any() for frame in frames)
    seen[chip] = np.array([frame.time_s for frame in frames]), np.array([f.field_mt[0] for f in frames])
times, field = seen["homemade"]
for axis in range(3):
    known = np.interp(times, seen["mlx90393"][0], seen["mlx90393"][1][:, axis])
    assert np.median(np.abs(field[:, axis] - known)) < 0.04, axis

with open_bus("sim:empty?chip=homemade") as (bus, clock):
    found = str(scan(bus, clock))
assert found.count("omemade") == 4 or found.count("ome-made") == 4, found

folder = Path(sys.argv[1])
made = image(folder, sensors=default_sensors("homemade"))
run = play(folder, made, board=SimulatedBoard("free-play", seed=3, chip="homemade"))
told = [OscMessage(d).params for _, d in run.outside.datagrams if d.startswith(b"/field")]
assert len(told) > 1000
assert 10.0 < abs(told[-1][3]) < 60.0, told[-1]
print("sensor chip of the extended tree", SIM)
