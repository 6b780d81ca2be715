"""The mapping of the recipe, played by the engine: across the board a hand is heard turned over."""

from __future__ import annotations

import numpy as np

import mapping
from firmware import Engine
from graphs.card import read_card
from model_export.compiler import compile_plan
from tests.support.plain_board import gaussian_card, plain_calibration

assert "mirror" in mapping.names()
calibration = plain_calibration()
model = mapping.touch_graph(calibration, gaussian_card(12), "mirror")
depth = read_card(model).knobs["depth"]
assert (depth.minimum, depth.maximum, depth.default) == (0.0, 1.0, 0.5)

played = np.zeros((4, 3))
played[0, 0] = 2.0  # the left attractor, along x: latent 0; of the right one that is latent 4
heard = {}
for deep in (0.0, 1.0):
    engine = Engine(compile_plan(model))
    inputs = {"field": calibration.rest.offset_mt + played, "valid": np.ones(4), "dt": 0.005}
    inputs |= {"temperature": calibration.rest.temperature_c, "knob.depth": deep, "knob.range": 0.5}
    for name, knob in read_card(model).knobs.items():
        inputs.setdefault(f"knob.{name}", knob.default)
    given = {name: np.asarray(value, np.float32) for name, value in inputs.items()}
    heard[deep] = engine.run(given)["latent"]
assert heard[0.0][0] > 0.1
assert abs(heard[0.0][4]) < 1e-4
np.testing.assert_allclose(heard[1.0][4], -heard[1.0][0], atol=1e-4)
print("mapping of the extended tree", mapping.__file__)
