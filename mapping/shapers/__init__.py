"""The shapers: graph builders that turn y [Z] of a family into another y [Z], both in units of sigma.

A shaper is a module of this folder with a `SHAPER`; it is known by being there.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from functools import cache
from importlib import import_module

from spox import Var

from graphs.clock import Clock
from graphs.stateful import StatefulGraph
from mapping.taught import Taught


class Order(IntEnum):
    """Where in the chain a shaper may stand: a place is chosen first, then it moves in time."""

    PLACE = 1
    TIME = 2


@dataclass(frozen=True)
class Around:
    """What a shaper may look at besides y.

    Attributes:
        touch: [12] in -1..1.
        latents: Z.
        seed: of random choices.
        taught: what the player has put where; may hold no points.
    """

    touch: Var
    latents: int
    seed: int
    taught: Taught


Builder = Callable[[StatefulGraph, Clock, Var, Around], Var]


@dataclass(frozen=True)
class Shaper:
    """One way of shaping: `build(graph, clock, y, around)` gives the new y [Z]."""

    name: str
    order: Order
    build: Builder


@cache
def shapers() -> dict[str, Shaper]:
    """Every shaper by its name."""
    found: list[Shaper] = [
        import_module(f"{__name__}.{module.name}").SHAPER for module in pkgutil.iter_modules(__path__)
    ]
    return {shaper.name: shaper for shaper in sorted(found, key=lambda shaper: (shaper.order, shaper.name))}
