"""Where everything sits on the board."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class BoardGeometry:
    """The published instrument's layout, in mm; z is up, 0 at the playing surface.

    Attractors, clockwise for a player at negative y: 0 left, 1 far, 2 right, 3 near. Under each sits the
    sensor, and under the sensor the stack of magnets. The published drawings do not give these two depths.
    Ours: a sensor 20 mm below the surface stays below 20 mT in x and y for balls of up to 20 mm; a stack
    27 mm below the sensor leaves 28 mT in z, so that stack and ball together stay inside the chip's ±79 mT
    (GAIN_SEL 3); at 10 mm z would be lost.

    Attributes:
        attractor_radius_mm: distance of each attractor from the centre.
        sensor_depth_mm: sensor below the playing surface.
        stack_gap_mm: top of the stack below the sensor.
        stack_diameter_mm, stack_height_mm: two neodymium discs of 30 × 4 mm.
        remanence_t: of the stack (N42).
        play_radius_mm: the circle in which one plays.

    Example:
        >>> BoardGeometry().attractors_mm()[0].tolist()  # the left one
        [-65.0, 0.0]
    """

    attractor_radius_mm: float = 65.0
    sensor_depth_mm: float = 20.0
    stack_gap_mm: float = 27.0
    stack_diameter_mm: float = 30.0
    stack_height_mm: float = 8.0
    remanence_t: float = 1.30
    play_radius_mm: float = 120.0

    def attractors_mm(self) -> NDArray[np.float64]:
        """[4, 2] x and y of the attractors."""
        r = self.attractor_radius_mm
        return np.array([[-r, 0.0], [0.0, r], [r, 0.0], [0.0, -r]])

    def sensors_mm(self) -> NDArray[np.float64]:
        """[4, 3] positions of the sensors."""
        return np.column_stack([self.attractors_mm(), np.full(4, -self.sensor_depth_mm)])

    def stacks_mm(self) -> NDArray[np.float64]:
        """[4, 3] centres of the magnet stacks."""
        depth = self.sensor_depth_mm + self.stack_gap_mm + self.stack_height_mm / 2
        return np.column_stack([self.attractors_mm(), np.full(4, -depth)])
