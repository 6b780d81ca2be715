"""The entanglement families: graph builders that turn touch [12] into y [Z], in units of sigma."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from spox import Var

from graphs.clock import Clock
from graphs.stateful import StatefulGraph
from mapping.errors import MappingError
from mapping.rings import rings
from mapping.rotate import rotate

Builder = Callable[[StatefulGraph, Clock, Var, int, int], Var]


@dataclass(frozen=True)
class Family:
    """One way of entangling: `build(graph, clock, touch, latents, seed)` gives y [Z] for unit touch."""

    name: str
    wish: str
    build: Builder


FAMILIES: dict[str, Family] = {
    "rotate": Family("rotate", "turn: from one control per latent to all in all, nothing lost", rotate),
    "rings": Family("rings", "blur: attractors hear each other as their rings overlap", rings),
}


def family(name: str) -> Family:
    """The family of this name.

    Raises:
        MappingError: there is none.
    """
    if name not in FAMILIES:
        raise MappingError(f"a mapping out of {', '.join(names())}", f"{name!r}", "choose one of these")
    return FAMILIES[name]


def names() -> list[str]:
    """Every mapping that `touch_graph` can build."""
    return sorted(FAMILIES)
