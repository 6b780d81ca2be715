"""A host's own touch: latents from the field, by any mapping."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from calibration.file import load
from firmware import Engine
from graphs.card import Card, read_card
from lodestone.hosting.latents import Latents
from mapping import touch_graph
from model_export.compiler import compile_plan
from sensors.frame import are_readings

SENSORS = 4
FRAME_S = 0.005
LONGEST_S = 0.1
NO_USE = 1 | 16
"""Flags of a sensor that counts for nothing: lost, another chip."""


class OwnTouch:
    """The touch graph of one voice, fed with the packets of the field.

    Args:
        calibration: file of this board.
        card: of the voice.
        mapping: a family, and shapers behind it.
        seed: of its random choices.

    Attributes:
        knobs: where each knob stands, by name.

    Raises:
        LodestoneError: one of its family, for a wrong calibration or mapping.
    """

    def __init__(self, calibration: Path, card: Card, mapping: str, seed: int = 0) -> None:
        graph = touch_graph(load(calibration), card, mapping, seed)
        told = read_card(graph)
        self._engine = Engine(compile_plan(graph))
        self._ranges = {name: (knob.minimum, knob.maximum) for name, knob in told.knobs.items()}
        self.knobs = {name: knob.default for name, knob in told.knobs.items()}
        self.flags: Sequence[int] = (0,) * SENSORS
        self.temperature_c = 25.0
        self._field = np.zeros((SENSORS, 3), np.float32)
        self._come = 0
        self._before_s: float | None = None

    def turn(self, name: str, value: float) -> None:
        """Turns a knob that there is; the graph glides there."""
        if name in self.knobs:
            least, most = self._ranges[name]
            self.knobs[name] = min(max(value, least), most)

    def hear(self, sensor: int, field_mt: Sequence[float], now_s: float) -> Latents | None:
        """One packet of the field, [3] mT of sensor 1 to 4; the latents [Z] when a frame is whole.

        A frame is whole with its last sensor. Of a sensor whose packet was lost the field before counts.
        """
        if not 1 <= sensor <= SENSORS or not are_readings(field_mt):
            return None
        self._field[sensor - 1] = field_mt
        again = bool(self._come >> (sensor - 1) & 1)  # the last sensor's packet of the frame before was lost
        self._come |= 1 << (sensor - 1)
        if sensor < SENSORS and not again:
            return None
        self._come = 1 << (sensor - 1) if again and sensor < SENSORS else 0
        return self._run(now_s)

    def _run(self, now_s: float) -> Latents:
        dt = FRAME_S if self._before_s is None else now_s - self._before_s
        self._before_s = now_s
        inputs = {
            "field": self._field,
            "valid": np.array([0.0 if flags & NO_USE else 1.0 for flags in self.flags], np.float32),
            "temperature": np.full(SENSORS, self.temperature_c, np.float32),
            "dt": np.float32(min(max(dt, 1e-4), LONGEST_S)),
        }
        inputs |= {f"knob.{name}": np.float32(value) for name, value in self.knobs.items()}
        return np.asarray(self._engine.run(inputs)["latent"], np.float32).reshape(-1)
