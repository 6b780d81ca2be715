"""What a live control of a graph is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Knob:
    """A live control: its range, what it stands at when nobody touches it, and its unit."""

    minimum: float = 0.0
    maximum: float = 1.0
    default: float = 0.5
    unit: str = ""
