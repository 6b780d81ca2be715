"""A mapping between touch and the limits as a graph of its own: how it is played, and probed for jumps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from calibration.model import CHANNELS
from graphs.clock import start_clock
from graphs.player import GraphPlayer
from graphs.stateful import StatefulGraph
from mapping.chain import chain
from mapping.errors import MappingError
from mapping.knobs import standing
from mapping.shapers import Around
from mapping.taught import Taught, nothing_taught

Array = npt.NDArray[np.float64]
LINES, POINTS, HALVINGS = 48, 129, 24
JUMP_SIGMA = 0.05
"""A step of a latent between two touches that are nearly one: less is not heard."""
FRAME_S = 0.005


@dataclass(frozen=True)
class Jump:
    """The largest step of y between two touches that halving has brought together.

    Attributes:
        sigma: how far the latent steps.
        latent: which one.
        apart: distance of the two touches that is left.
    """

    sigma: float
    latent: int
    apart: float


def mapping_player(
    mapping: str,
    latents: int,
    seed: int = 0,
    taught: Taught | None = None,
    knobs: Mapping[str, float] | None = None,
    beside: Path = Path(),
) -> GraphPlayer:
    """Touch [12] of unit spread in, y [Z] in sigma out, without calibration, life and limits.

    Raises:
        MappingError: as `touch_graph` does.
    """
    build, shaping = chain(mapping, beside)
    graph = StatefulGraph()
    clock = start_clock(graph)
    touch = graph.input("touch", (CHANNELS,))
    y = build(graph, clock, touch, latents, seed)
    around = Around(touch, latents, seed, taught or nothing_taught(latents))
    for shape in shaping:
        y = shape(graph, clock, y, around)
    graph.output("y", y)
    model = graph.build()
    standing_knobs = dict(graph.knobs)
    for name, value in (knobs or {}).items():
        standing_knobs[name] = standing(graph.knobs, name, value)
    player = GraphPlayer(model)
    for name, knob in standing_knobs.items():
        player.set_knob(name, knob.default)
    return player


def check_continuity(
    mapping: str, latents: int, seed: int = 0, taught: Taught | None = None, beside: Path = Path()
) -> Jump:
    """The largest jump of a mapping that somebody else wrote, refused where it can be heard.

    Raises:
        MappingError: it jumps, or gives what is not finite; says where.
    """
    found = largest_jump(mapping_player(mapping, latents, seed, taught, beside=beside))
    if found.sigma > JUMP_SIGMA:
        got = f"a jump of {found.sigma:.2f} sigma in latent {found.latent} within {found.apart:.1e} of touch"
        raise MappingError(
            "a continuous mapping", got, "replace comparisons and rounding by smooth functions"
        )
    return found


def play(player: GraphPlayer, touch: Array, dt_s: float = FRAME_S) -> Array:
    """y [N, Z] while touch [N, 12] is played from a fresh start."""
    player.reset()
    return np.stack([_at(player, row, dt_s) for row in touch])


def largest_jump(player: GraphPlayer, seed: int = 0) -> Jump:
    """Looks for places where the mapping steps: along lines through the space of touch, halving the distance
    around the steepest place of each. A continuous mapping leaves a step that shrinks with the distance.

    Raises:
        MappingError: y is not finite somewhere.
    """
    random = np.random.default_rng(seed)
    worst = Jump(0.0, 0, 0.0)
    for _ in range(LINES):
        ends = random.uniform(-2.0, 2.0, (2, CHANNELS))
        found = _along(player, ends)
        if found.sigma > worst.sigma:
            worst = found
    return worst


def _along(player: GraphPlayer, ends: Array) -> Jump:
    share = np.linspace(0.0, 1.0, POINTS)[:, None]
    touches = ends[0] * (1.0 - share) + ends[1] * share
    values = np.stack([_fresh(player, touch) for touch in touches])
    place = int(np.argmax(np.abs(np.diff(values, axis=0)).max(axis=1)))
    low, high, first, last = touches[place], touches[place + 1], values[place], values[place + 1]
    for _ in range(HALVINGS):
        middle = (low + high) / 2.0
        value = _fresh(player, middle)
        if np.abs(value - first).max() >= np.abs(last - value).max():
            high, last = middle, value
        else:
            low, first = middle, value
    steps = np.abs(last - first)
    return Jump(float(steps.max()), int(np.argmax(steps)), float(np.linalg.norm(high - low)))


def _fresh(player: GraphPlayer, touch: Array) -> Array:
    player.reset()
    return _at(player, touch, FRAME_S)


def _at(player: GraphPlayer, touch: Array, dt_s: float) -> Array:
    y = player.run(touch=touch, dt=dt_s)["y"].astype(np.float64)
    if not np.isfinite(y).all():
        latent = int(np.flatnonzero(~np.isfinite(y))[0])
        at = ", ".join(f"{value:.2f}" for value in touch)
        got = f"{y[latent]} in latent {latent} at touch {at}"
        raise MappingError("finite latents", got, "correct the mapping")
    return y
