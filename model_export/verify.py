"""A voice proves itself: its recorded reference run must come out again."""

from __future__ import annotations

import numpy as np
import onnx

from graphs.card import Card, Reference
from graphs.player import FloatArray, GraphPlayer
from graphs.tolerance import EXACT
from model_export.errors import ExportError

REFERENCE_CALLS = 12  # centred models answer 5 to 8 frames late
_FILL = {"normal": 0.5, "uniform": 0.75}


def run_reference(stream: GraphPlayer, reference: Reference) -> dict[str, FloatArray]:
    """What the graph gives in the last call of the reference run."""
    stream.reset()
    noise = {name: np.full(stream.inputs[name], fill, np.float32) for name, fill in reference.noise.items()}
    result: dict[str, FloatArray] = {}
    for call in range(len(next(iter(reference.inputs.values())))):
        result = stream.run({name: data[call] for name, data in reference.inputs.items()} | noise)
    return result


def make_reference(exact: GraphPlayer, card: Card, tolerance: float = EXACT) -> Reference:
    """A reference run of a voice, recorded from `exact`; latents drawn from the card's statistics."""
    assert card.latent is not None
    calls = min(64, max(REFERENCE_CALLS, -(-2048 // (card.hop * card.frames))))
    random = np.random.default_rng(7)
    shape = (calls, *exact.inputs["latent"])
    level = random.random(shape)
    latent = np.empty(shape, np.float32)
    for row in range(card.latents):
        latent[:, :, row] = np.interp(level[:, :, row], card.latent.probabilities, card.latent.quantiles[row])
    noise = {name: _FILL[kind] for name, (kind, _) in card.noise.items()}
    blank = Reference({"latent": latent}, noise, {}, tolerance)
    return Reference(blank.inputs, noise, run_reference(exact, blank), tolerance)


def reference_error(model: onnx.ModelProto | bytes, card: Card) -> float:
    """Largest difference from the reference output, as a share of its peak.

    Raises:
        ExportError: the card holds no reference, or the graph does not run.
    """
    if card.reference is None:
        raise ExportError("a card with a reference run", "none", "export the model again")
    result = run_reference(GraphPlayer(model, lean=True), card.reference)
    worst = 0.0
    for name, wanted in card.reference.output.items():
        peak = max(float(np.abs(wanted).max()), 1e-9)
        worst = max(worst, float(np.abs(result[name] - wanted).max()) / peak)
    return worst


def verify(model: onnx.ModelProto | bytes, card: Card) -> float:
    """`reference_error`, refused when it is beyond the card's tolerance."""
    error = reference_error(model, card)
    assert card.reference is not None
    if not error <= card.reference.tolerance:
        got = f"{error:.1e} of the peak"
        raise ExportError(
            f"the reference run within {card.reference.tolerance:.0e} of the peak", got, "report this"
        )
    return error
