"""Hands: what somebody does with some magnets, drawn from a seed. No two hands play alike."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from calibration.board_model import ball_moment
from calibration.model import Array

RATE_HZ = 200.0
AWAY_MM = np.array([0.0, -900.0, 200.0])
RINGS_MM = np.array([[-65.0, 0.0], [0.0, 65.0], [65.0, 0.0], [0.0, -65.0]])
BALLS_MM = (15.0, 20.0, 10.0, 15.0)
# How a magnet's poles lie: as a free marble aligns, held one way up, or turned slowly in the fingers.
POLES = ("field", "up", "field", "turning")


@dataclass(frozen=True)
class Magnet:
    """One magnet through a gesture: path [N, 3] mm of its centre, moment A m2, and what its poles do.

    A disc is a bundle of dipoles: their places in its own axes [D, 3] mm.
    """

    path_mm: Array
    moment: float
    pole: str
    turning: Array
    bundle_mm: Array


@dataclass(frozen=True)
class Hand:
    """time_s [N] and the magnets."""

    time_s: Array
    magnets: tuple[Magnet, ...]


def hand(seed: int, seconds: float = 50.0, alone_s: float = 12.0, box: int = 0) -> Hand:
    """A hand that keeps to the request: `alone_s` of one marble, then everything. With 0 it does not wait.

    `box` is the seed of what lies in the player's box: the same magnets in other hands.
    """
    rng, chosen = np.random.default_rng([seed, 77]), np.random.default_rng([box, 78])
    count = int(chosen.integers(2, 5))
    time = np.arange(0.0, seconds, 1.0 / RATE_HZ)
    order = chosen.permutation(len(BALLS_MM))[:count]
    made = []
    for number, kind in enumerate(order):
        size = BALLS_MM[kind] * float(chosen.uniform(0.97, 1.03))
        begin = 0.0 if number == 0 else alone_s
        stops = _stops(rng, size, begin, seconds, alone_s if number == 0 else 0.0)
        pole = "field" if number == 0 else POLES[kind]
        bundle = _disc() if number > 0 and chosen.uniform() < 0.25 else np.zeros((1, 3))
        made.append(Magnet(_path(time, stops), ball_moment(size), pole, _turning(rng, time), bundle))
    return Hand(time, tuple(made))


def _stops(
    rng: np.random.Generator, size: float, begin: float, end: float, alone_s: float
) -> list[tuple[float, float, Array]]:
    """(from, to, place): where the magnet goes; it lies or is lifted, and leaves at the end."""
    stops: list[tuple[float, float, Array]] = []
    now = begin + float(rng.uniform(0.2, 0.6))
    tour = _tour(rng) if alone_s > 0 else []
    while now < end - 1.5:
        if tour:
            flat, height, seconds = tour.pop(0), 0.0, float(rng.uniform(0.35, 0.65))
        else:
            radius, angle = 115.0 * np.sqrt(rng.uniform()), rng.uniform(0.0, 2.0 * np.pi)
            flat = np.array([radius * np.cos(angle), radius * np.sin(angle)])
            height = float(rng.exponential(25.0)) if rng.uniform() < 0.25 and now > alone_s else 0.0
            seconds = float(rng.uniform(0.5, 2.0))
        stops.append((now, now + seconds, np.array([*flat, size / 2.0 + height])))
        now += seconds + (0.0 if tour else float(rng.exponential(0.25)))
    return [*stops, (end - 1.0, end - 0.2, AWAY_MM)]


def _tour(rng: np.random.Generator) -> list[Array]:
    """Over every ring and between them, beginning anywhere, as loosely as a hand does."""
    first, places = int(rng.integers(4)), []
    for step in range(4):
        ring, after = RINGS_MM[(first + step) % 4], RINGS_MM[(first + step + 1) % 4]
        for offset in ((0, 0), (14, 6), (-8, 14), (-12, -12)):
            places.append(ring + np.array(offset) + rng.normal(0.0, 4.0, 2))
        places.append(0.55 * (ring + after) + rng.normal(0.0, 8.0, 2))
    places.append(rng.normal(0.0, 10.0, 2))
    return places


def _path(time: Array, stops: list[tuple[float, float, Array]]) -> Array:
    path = np.tile(AWAY_MM, (len(time), 1))
    for begin, end, place in stops:
        part = np.clip((time - begin) / (end - begin), 0.0, 1.0)
        smooth = part**3 * (10.0 - 15.0 * part + 6.0 * part**2)
        at = path[min(np.searchsorted(time, begin), len(time) - 1)].copy()
        rows = time >= begin
        path[rows] = at + smooth[rows, None] * (place - at)
    return path


def _turning(rng: np.random.Generator, time: Array) -> Array:
    """[N, 3] a pole that wanders over the sphere."""
    speed, phase = rng.uniform(0.2, 1.2, 2), rng.uniform(0.0, 6.28, 2)
    polar, round_ = speed[0] * time + phase[0], speed[1] * time + phase[1]
    return np.stack([np.sin(polar) * np.cos(round_), np.sin(polar) * np.sin(round_), np.cos(polar)], axis=1)


def _disc() -> Array:
    """[D, 3] mm: a disc of 15 × 8 mm as two layers of seven."""
    angle = np.arange(6) * np.pi / 3.0
    layer = np.concatenate([[[0.0, 0.0]], 5.0 * np.stack([np.cos(angle), np.sin(angle)], axis=1)])
    return np.concatenate([np.c_[layer, np.full(7, height)] for height in (-2.0, 2.0)])
