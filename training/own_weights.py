"""Weights of a voice of ours, read back from its graph by the names of its nodes.

What `training.layout` wrote down is found again: latents are counted from rest there, so the weights are
those of a network whose rest is 0. The filter bank and the clocks are not among them: settings make them.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import onnx
from onnx import numpy_helper

from training.errors import TrainingError
from training.settings import Settings

Floats = npt.NDArray[np.float32]


def is_ours(model: onnx.ModelProto) -> bool:
    """Whether a graph was laid out by `training.layout`."""
    scopes = {node.name.split("/")[0] for node in model.graph.node}
    return {"contour", "head", "wave", "bank"} <= scopes


def read(model: onnx.ModelProto, settings: Settings) -> dict[str, Floats]:
    """Weights by the names of `training.network.Decoder`, without bank and clock.

    Args:
        model: exact, of ours.
        settings: of its network.

    Raises:
        TrainingError: another network than that of the settings, or none of ours.
    """
    constants = {i.name: numpy_helper.to_array(i) for i in model.graph.initializer}
    found: dict[str, Floats] = {}
    for node in model.graph.node:
        scope = node.name.split("/")[0]
        if node.op_type == "Conv" and scope != "bank" and len(node.input) == 3:
            found[f"{scope}.weight"] = constants[node.input[1]]
            found[f"{scope}.bias"] = constants[node.input[2]]
        if node.op_type == "MatMul" and scope in ("head", "contour"):
            found[f"{scope}.weight"] = constants[node.input[0]][0][:, :, None]
        if node.op_type == "Add" and scope in ("head", "contour"):
            for name in node.input:
                if name in constants and constants[name].ndim == 3:
                    found[f"{scope}.bias"] = constants[name][0, :, 0]
    _part_heads(found, settings)
    wanted = shapes(settings)
    got = {name: value.shape for name, value in found.items()}
    if got != wanted:
        apart = sorted(set(got.items()) ^ set(wanted.items()))[:1]
        raise TrainingError(
            f"a voice of the network of {settings.name}", f"another at {apart[0][0]}", "name its own settings"
        )
    return {name: np.ascontiguousarray(value, np.float32) for name, value in found.items()}


def _part_heads(found: dict[str, Floats], settings: Settings) -> None:
    """Waves and noise levels are one convolution in the graph: the shorter kernel sees the newest rows."""
    waves = 3 * settings.network.bands
    if not settings.living.noise or "wave.weight" not in found:
        return
    weight, bias = found["wave.weight"], found["wave.bias"]
    found["wave.weight"], found["wave.bias"] = weight[:waves], bias[:waves]
    found["level.weight"], found["level.bias"] = weight[waves:, :, -LEVEL_TAPS:], bias[waves:]


WAVE_TAPS, LEVEL_TAPS, UNIT_TAPS = 5, 3, 3


def widths(settings: Settings) -> list[int]:
    """Channels before the first stage and after each."""
    network = settings.network
    count = len(network.ratios)
    return [min(network.capacity * 2**k, network.widest) for k in range(count, -1, -1)]


def shapes(settings: Settings) -> dict[str, tuple[int, ...]]:
    """Every weight of the decoder that is learnt, by name."""
    network, wide = settings.network, widths(settings)
    made: dict[str, tuple[int, ...]] = {}

    def add(name: str, outputs: int, inputs: int, taps: int) -> None:
        made[f"{name}.weight"], made[f"{name}.bias"] = (outputs, inputs, taps), (outputs,)

    add("head", wide[0], network.latents, 1)
    add("contour", network.bands, network.latents, 1)
    index = 0
    for stage, (ratio, dilations) in enumerate(zip(network.ratios, network.dilations, strict=True)):
        taps = 1 if stage < network.fast_stages else 2
        add(f"body.{index}.conv", wide[stage + 1] * ratio, wide[stage], taps)
        index += 1
        for _ in dilations:
            add(f"body.{index}.first", wide[stage + 1], wide[stage + 1], UNIT_TAPS)
            add(f"body.{index}.second", wide[stage + 1], wide[stage + 1], network.unit_kernel)
            index += 1
    add("wave", 3 * network.bands, wide[-1], WAVE_TAPS)
    if settings.living.noise:
        add("level", network.bands, wide[-1], LEVEL_TAPS)
    return made
