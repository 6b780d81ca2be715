"""A narrower copy of a decoder: the channels that are heard most are kept. The warm start of a student.

Channels belong together: those of a stage's stream, which its upsampling and every unit's second layer write
and everything behind reads, and those within each unit. What a group's channel is worth is the loudness with
which it sounds (root mean square of its activation) times the strength with which it is listened to.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from training.own_weights import shapes, widths
from training.settings import Settings

Floats = npt.NDArray[np.float32]
Loudness = Mapping[str, npt.NDArray[np.floating]]


def fits(wide: Settings, narrow: Settings) -> bool:
    """Whether two networks differ in their width alone."""
    a, b = wide.network, narrow.network
    same = ("ratios", "dilations", "fast_stages", "latents", "bands", "unit_kernel", "taps")
    return (
        all(getattr(a, name) == getattr(b, name) for name in same)
        and wide.living.noise == narrow.living.noise
        and a.capacity >= b.capacity
    )


def narrowed(
    weights: Mapping[str, Floats], wide: Settings, narrow: Settings, loudness: Loudness
) -> dict[str, Floats]:
    """Weights of the narrow network.

    Args:
        weights: of the wide one, by name (`own_weights.shapes`).
        wide, narrow: settings for which `fits` holds.
        loudness: root mean square [channels] of what the layer of this name gives, before its activation:
            of `head`, every `body.N.conv` (a stream's channels, after upsampling) and `body.N.first`.
    """
    sizes, streams = widths(narrow), _streams(wide)
    made: dict[str, Floats] = {}
    keep = _kept(weights, ["body.0.conv"], loudness["head"], sizes[0])
    _cut(made, weights, "head", keep, None)
    for stage, (conv, units) in enumerate(streams):
        ratio, width = wide.network.ratios[stage], widths(wide)[stage + 1]
        readers = [f"{unit}.first" for unit in units]
        readers.append(streams[stage + 1][0] if stage + 1 < len(streams) else "wave")
        stream = _kept(weights, readers, loudness[conv], sizes[stage + 1])
        rows = np.concatenate([stream + turn * width for turn in range(ratio)])
        _cut(made, weights, conv, rows, keep)
        for unit in units:
            inner = _kept(weights, [f"{unit}.second"], loudness[f"{unit}.first"], sizes[stage + 1])
            _cut(made, weights, f"{unit}.first", inner, stream)
            _cut(made, weights, f"{unit}.second", stream, inner)
        keep = stream
    for name in ("wave", "level"):
        if f"{name}.weight" in weights:
            _cut(made, weights, name, None, keep)
    _cut(made, weights, "contour", None, None)
    assert {name: value.shape for name, value in made.items()} == shapes(narrow)
    return made


def _streams(settings: Settings) -> list[tuple[str, list[str]]]:
    """Of every stage its upsampling and its units."""
    found, index = [], 0
    for dilations in settings.network.dilations:
        units = [f"body.{index + 1 + k}" for k in range(len(dilations))]
        found.append((f"body.{index}.conv", units))
        index += 1 + len(dilations)
    return found


def _kept(
    weights: Mapping[str, Floats], readers: list[str], loudness: npt.NDArray[np.floating], count: int
) -> npt.NDArray[np.intp]:
    """The most heard channels, in their order."""
    heard = sum(np.square(weights[f"{name}.weight"]).sum((0, 2)) for name in readers)
    return np.sort(np.argsort(-np.asarray(loudness) * np.sqrt(heard), kind="stable")[:count])


def _cut(
    made: dict[str, Floats],
    weights: Mapping[str, Floats],
    name: str,
    rows: npt.NDArray[np.intp] | None,
    columns: npt.NDArray[np.intp] | None,
) -> None:
    weight, bias = weights[f"{name}.weight"], weights[f"{name}.bias"]
    if rows is not None:
        weight, bias = weight[rows], bias[rows]
    made[f"{name}.weight"] = np.ascontiguousarray(weight if columns is None else weight[:, columns])
    made[f"{name}.bias"] = np.ascontiguousarray(bias)
