"""What a student begins with: a narrower copy of its teacher, or random weights under fitted band levels."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from graphs.card import load_onnx
from training import bank, losses, own_weights
from training.course import Course
from training.lessons import HELD_OUT
from training.narrow import narrowed
from training.network import Decoder, Encoder
from training.settings import Settings

Taught = Callable[[int], tuple[Tensor, Tensor]]
"""Latents [Z, T] and sound [N] of a lesson, by its number."""
LOOKED_AT, LEVELLED_BY, FITTED_BY = 4, 3, 10
"""Lessons that tell which channels are heard, how loud the copy is, and the levels of the bands."""


def decoder_of(settings: Settings, weights: dict[str, np.ndarray], rate: int) -> Decoder:
    """The network of these settings with these weights."""
    decoder = Decoder(settings.network, settings.living, rate)
    decoder.load_state_dict({name: torch.from_numpy(w.copy()) for name, w in weights.items()}, strict=False)
    return decoder


@torch.no_grad()
def put(decoder: Decoder, course: Course, run: Path, lesson: Taught) -> None:
    """Gives `decoder`, on the CPU, its first weights.

    Args:
        decoder: the student.
        course: whether there is a wider voice of its shape to copy.
        run: the folder with that voice, `teacher.onnx`.
        lesson: those that are learnt from.
    """
    if course.warm and course.wide is not None:
        weights = own_weights.read(load_onnx(run / "teacher.onnx"), course.wide)
        heard = _loudness(decoder_of(course.wide, weights, course.rate), course, lesson)
        copy = narrowed(weights, course.wide, course.settings, heard)
        decoder.load_state_dict({k: torch.from_numpy(v) for k, v in copy.items()}, strict=False)
        _match_level(decoder, course, lesson)
    else:
        _fit_contours(decoder, course, lesson)


def _some(course: Course, count: int) -> range:
    return range(HELD_OUT, min(HELD_OUT + count, course.lessons))


def _loudness(wide: Decoder, course: Course, lesson: Taught) -> dict[str, np.ndarray]:
    """Root mean square of what layers give over some lessons, for `narrow.narrowed`."""
    total: dict[str, Tensor] = {}
    hooks = []

    def note(name: str, ratio: int) -> Any:
        def hook(_module: object, _given: object, y: Tensor) -> None:
            apart = y.reshape(y.shape[0], ratio, -1, y.shape[2])
            total[name] = total.get(name, torch.zeros(())) + apart.square().mean((0, 1, 3))

        return hook

    hooks.append(wide.head.register_forward_hook(note("head", 1)))
    for name, layer in wide.body.named_modules():
        if name.endswith((".conv", ".first")):
            network = course.settings.network
            ratio = network.ratios[_stage(name, course.settings)] if "conv" in name else 1
            hooks.append(layer.register_forward_hook(note(f"body.{name}", ratio)))
    for number in _some(course, LOOKED_AT):
        wide.body(wide.head(lesson(number)[0][None]))
    for hook in hooks:
        hook.remove()
    return {name: value.sqrt().numpy() for name, value in total.items()}


def _stage(name: str, settings: Settings) -> int:
    """Of the upsampling `N.conv` of a body."""
    index, at = int(name.split(".")[0]), 0
    for stage, dilations in enumerate(settings.network.dilations):
        if at == index:
            return stage
        at += 1 + len(dilations)
    raise ValueError(name)


def _match_level(decoder: Decoder, course: Course, lesson: Taught) -> None:
    """Shifts all contours until the lessons are as loud as the teacher plays them."""
    for _ in range(3):
        apart = []
        for number in _some(course, LEVELLED_BY):
            z, x = lesson(number)
            y = decoder(z[None])[:, 0]
            a, b = losses.level_db(x[None]), losses.level_db(y)
            apart.append((a - b)[a > -55.0])
        decoder.contour.bias += torch.cat(apart).median() * math.log(10) / 20


def _fit_contours(decoder: Decoder, course: Course, lesson: Taught) -> None:
    """Least squares: every band's level as the latents tell it."""
    network = course.settings.network
    looks = Encoder(network, 0.1, course.rate)
    latents, powers = [], []
    for number in _some(course, FITTED_BY):
        z, x = lesson(number)
        latents.append(z.T)
        powers.append(looks.band_powers(x[None], -bank.delay(network.taps))[0].T[: z.shape[1]])
    given, power = torch.cat(latents), torch.cat(powers)
    white = decoder.join(torch.rand(1, network.bands, 4096) * 2 - 1)
    unit = white.square().mean() * 3.0 / network.bands
    level = 0.5 * torch.log(power / unit + 1e-7)
    given = torch.cat([given, torch.ones(len(given), 1)], 1)
    ridge = 1e-3 * len(given) * torch.eye(given.shape[1])
    solution = torch.linalg.solve(given.T @ given + ridge, given.T @ level)
    decoder.contour.weight.copy_(solution[:-1].T[..., None])
    decoder.contour.bias.copy_(solution[-1])
