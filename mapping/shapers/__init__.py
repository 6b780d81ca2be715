"""The shapers, which stand behind a family: every module of this folder is one, under the module's name.

A shaper has one function, `build(graph, clock, y, around)`. It gives another y [Z] for the y [Z] of the part
before it, both in units of sigma, and may add knobs and states to the graph. `IN_WORDS` says in one line what
it does to the play, `ORDER` where in a chain it may stand. To add a shaper, add its file.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from importlib import import_module
from types import ModuleType

from spox import Var

from graphs.clock import Clock
from graphs.stateful import StatefulGraph
from mapping.taught import Taught


class Order(IntEnum):
    """A place is chosen first, then it moves in time."""

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


def names() -> list[str]:
    """Every shaper, in the order of a chain.

    >>> names()
    ['snapshots', 'terrain', 'bodies', 'memory']
    """
    found = [module.name for module in pkgutil.iter_modules(__path__)]
    return sorted(found, key=lambda name: (order(name), name))


def shaper(name: str) -> Builder:
    """The function `build` of the shaper of this name, which must be one of `names()`."""
    build: Builder = _module(name).build
    return build


def order(name: str) -> Order:
    """Where in a chain it may stand."""
    return Order(_module(name).ORDER)


def in_words(name: str) -> str:
    """What it does to the play, in one line for a player."""
    return str(_module(name).IN_WORDS)


def _module(name: str) -> ModuleType:
    return import_module(f"{__name__}.{name}")
