"""Boards under stage light: chips that lose sensitivity, stacks that warm later, another evening's lights."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from calibration.fitting.evening import fit_rest, without_rest
from calibration.fitting.reach import reach_of_ball
from calibration.fitting.warm_up import WarmUp, fit_warmth
from calibration.model import AXES, SENSORS, Array, Rest
from calibration.stretch import Recording
from tests.support.harsh.boards import NOISE_MT, SIDEWAYS, STEP_MT, Board
from tests.support.harsh.hands import hand

RATE_HZ = 200.0
COLD_C, WARMER_K = 22.0, 15.0


@dataclass(frozen=True)
class Hot:
    """How one board takes heat.

    Attributes:
        sensitivity: [4, 3] per kelvin, 0 to -0.5 %, each axis of a chip a little other.
        share: [4] of a chip's warming that its stack reaches in the end: chips up to 10 K from their magnets.
        lag_s: [4]; remanence: [4] of the stacks, per kelvin.
        drift_mt: [4, 3] of the chips' own offsets, per kelvin.
    """

    sensitivity: Array
    share: Array
    lag_s: Array
    remanence: Array
    drift_mt: Array


def hot(seed: int) -> Hot:
    """Drawn from a seed."""
    rng = np.random.default_rng([seed, 90])
    chip = rng.uniform(-0.005, 0.0, (SENSORS, 1))
    return Hot(
        chip * rng.uniform(0.9, 1.1, (SENSORS, AXES)),
        rng.uniform(1.0 / 3.0, 1.0, SENSORS),
        rng.uniform(90.0, 600.0) * rng.uniform(0.8, 1.25, SENSORS),
        rng.uniform(-0.0013, -0.0011, SENSORS),
        rng.normal(0.0, 0.001, (SENSORS, AXES)),
    )


def warming(seed: int, seconds: float) -> Array:
    """[N, 4] K every second: lights go on, once or in steps, and the sensors do not warm alike."""
    rng, time = np.random.default_rng([seed, 91]), np.arange(0.0, seconds)
    total = np.zeros(len(time))
    for begin in (0.0, *rng.uniform(0.1, 0.6, rng.integers(0, 3)) * seconds):
        after = np.maximum(time - begin, 0.0)
        total += rng.uniform(0.4, 1.0) * (1.0 - np.exp(-after / rng.uniform(60.0, 400.0)))
    return np.asarray(WARMER_K * (total / total.max())[:, None] * rng.uniform(0.8, 1.0, SENSORS))


def shown(board: Board, heat: Hot, chips_k: Array, seed: int) -> tuple[Array, Array]:
    """[N, 4, 3] mT, the means of a second, and the thermometers [N, 4] °C, of the empty board."""
    rng, magnets = np.random.default_rng([seed, 92]), np.zeros((len(chips_k), SENSORS))
    now = heat.share * chips_k[0]
    for row, kelvin in enumerate(chips_k):
        now = now + (heat.share * kelvin - now) * (1.0 - np.exp(-1.0 / heat.lag_s))
        magnets[row] = now
    static = board.static_mt() * (1.0 + heat.remanence * magnets)[:, :, None]
    field = board.mounting.shows(static + board.ambient_mt) * (1.0 + heat.sensitivity * chips_k[:, :, None])
    field = field + board.offset_mt + heat.drift_mt * chips_k[:, :, None]
    noise = np.hypot(NOISE_MT, STEP_MT / np.sqrt(12.0)) / np.sqrt(RATE_HZ)
    temperature = COLD_C + chips_k + rng.normal(0.0, 0.02, chips_k.shape)
    return field + rng.normal(0.0, 1.0, field.shape) * noise, np.round(temperature * 45.2) / 45.2


def rest_of(seed: int, minutes: float = 10.0) -> tuple[Board, Rest, Rest]:
    """A board, the rest of its warm evening without a warm-up and with one."""
    board, heat = Board(seed, SIDEWAYS), hot(seed)
    chips = warming(seed, 60.0 * minutes)
    field, temperature = shown(board, heat, chips, seed)
    bare = fit_rest(board.record(hand(5, 5.0), "empty", play=False, stream=1))
    # The five seconds right after: what the chips show at the heat that they have reached.
    rest = replace(bare, offset_mt=field[-5:].mean(axis=0), temperature_c=temperature[-5:].mean(axis=0))
    rest = replace(rest, tempco_mt_per_k=bare.tempco_mt_per_k / bare.offset_mt * rest.offset_mt)
    warm_up = WarmUp(np.arange(len(chips)) + 0.5, field, temperature)
    return board, rest, fit_warmth(warm_up, rest)


def left(seed: int, minutes: float = 10.0) -> tuple[float, float]:
    """Most of the reach that the rest is off by on another evening, which begins cold: without, with warm-up.

    Its first 20 minutes are left out: how far behind the magnets are is not known when the power comes.
    """
    board, bare, told = rest_of(seed, minutes)
    without, left = off_by(seed, board, (bare, told))
    return without, left


def off_by(seed: int, board: Board, rests: Iterable[Rest]) -> list[float]:
    """Most of the reach that each of these rests is off by on another evening of an hour."""
    chips = warming(seed + 5000, 3600.0)
    field, temperature = shown(board, hot(seed), chips, seed + 5000)
    count = len(chips)
    evening = Recording(
        np.arange(count) + 0.5,
        field,
        temperature,
        np.ones((count, SENSORS)),
        np.zeros((count, SENSORS), np.uint32),
    )
    settled, reach = slice(1200, None), reach_of_ball(15.0).reshape(SENSORS, AXES)
    return [float(np.abs(without_rest(evening, rest)[settled] / reach).max()) for rest in rests]


def lefts(count: int, minutes: float = 10.0) -> Iterator[tuple[float, float]]:
    """Of boards with the seeds 0, 1, ..."""
    return (left(seed, minutes) for seed in range(count))
