"""What latents to expect when no recording was encoded: what upstream trains the decoder to accept."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np

from graphs.card import LatentStatistics
from model_export.graph import Array, Graph, Value
from model_export.graph.ir import ordered
from model_export.torchscript import OWN_CLASS, OWN_STATISTICS, ScriptFile, TensorRef

PROBABILITIES = np.asarray(
    [0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.975, 0.99, 0.995],
    np.float32,
)


def prior_statistics(graph: Graph, latents: int) -> LatentStatistics:
    """Statistics by upstream's prior.

    Standard normal for variational models (whose encoders are drawn towards it); uniform over the
    codebook where latents are looked up in a table; uniform over one turn where they are wrapped as angles.
    """
    (source,) = graph.inputs.values()
    codes, turns = _use_of(graph, source)
    if codes:
        low, high = 0.0, float(codes)
    elif turns:
        low, high = -1.0, 1.0
    else:
        normal = NormalDist()
        curve = np.asarray([normal.inv_cdf(float(p)) for p in PROBABILITIES], np.float32)
        return _alike("prior", 0.0, 1.0, curve, latents)
    spread = (high - low) / float(np.sqrt(12))
    return _alike("prior", (low + high) / 2, spread, low + (high - low) * PROBABILITIES, latents)


def own_statistics(script: ScriptFile) -> LatentStatistics | None:
    """What a file of this project's own writer tells of its latents; None for every other file."""
    if script.root.class_name != OWN_CLASS:
        return None
    found = [script.root.attributes.get(name) for name in OWN_STATISTICS]
    tensors = [np.asarray(script.load(t), np.float32) for t in found if isinstance(t, TensorRef)]
    if len(tensors) != len(OWN_STATISTICS):
        return None
    mean, std, probabilities, quantiles = tensors
    return LatentStatistics("corpus", mean, std, probabilities, quantiles)


def _alike(origin: str, mean: float, std: float, curve: Array, latents: int) -> LatentStatistics:
    return LatentStatistics(
        origin,
        np.full(latents, mean, np.float32),
        np.full(latents, std, np.float32),
        PROBABILITIES,
        np.tile(curve.astype(np.float32), (latents, 1)),
    )


def _use_of(graph: Graph, source: Value) -> tuple[int, bool]:
    """(largest code when latents index a table, whether they are wrapped) before the first convolution."""
    reached, codes, turns = {id(source)}, 0, False
    for node_value in ordered(graph.outputs.values()):
        node = node_value.node
        if node is None or not any(id(given) in reached for given in node.inputs):
            continue
        if node.op == "Conv":
            break
        reached.add(id(node_value))
        if node.op == "Gather" and id(node.inputs[1]) in reached:
            codes = max(codes, node.inputs[0].shape[0] - 1)
        turns = turns or node.op == "Floor"
    return codes, turns
