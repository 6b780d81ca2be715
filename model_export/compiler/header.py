"""A plan's header out of a model's card: every number in its range, and none that contradicts the graph."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from definitions.operations import OPERATIONS
from model_export.compiler.errors import PlanError

Shapes = Mapping[str, tuple[int, ...]]
_AGAIN = "export the model again"


def shown(value: object) -> str:
    """A foreign value in a few words: never the whole of it."""
    if isinstance(value, str):
        return repr(value if len(value) <= 40 else f"{value[:40]}…")
    if isinstance(value, (bool, float)) or value is None:
        return repr(value)
    if isinstance(value, int):
        return repr(value) if value.bit_length() <= 64 else f"an integer of {value.bit_length()} bits"
    return f"a {type(value).__name__}"


def whole(card: Mapping[str, Any], key: str, default: int, limit: str, least: int = 0) -> int:
    """An integer of the card, from `least` to a limit of the table; `default` where the card has none.

    Raises:
        PlanError: anything else under that key.
    """
    value, most = card.get(key, default), OPERATIONS.limits[limit]
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise PlanError(f"{key} of {least} to {most} in the card", shown(card.get(key, default)), _AGAIN)
    return value


def real(card: Mapping[str, Any], key: str, default: float, of: str = "the card") -> float:
    """A finite number that 32 bits hold. Raises PlanError for anything else under that key."""
    value = card.get(key, default)
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not number or (isinstance(value, int) and value.bit_length() > 120):
        raise PlanError(f"a number as {key} in {of}", shown(value), _AGAIN)
    if not math.isfinite(value) or abs(value) > 3e38:
        raise PlanError(f"a finite number as {key} in {of}", shown(value), _AGAIN)
    return float(value)


def table(card: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """An object inside the card, empty where there is none. Raises PlanError for anything else."""
    value = card.get(key, {})
    if not isinstance(value, dict):
        raise PlanError(f"an object as {key} in the card", shown(value), _AGAIN)
    return value


def header_facts(card: Mapping[str, Any], inputs: Shapes, outputs: Shapes) -> dict[str, Any]:
    """The header's values by field name, from the card where it says them, else from the graph.

    Raises:
        PlanError: a value out of its range, or one that the graph contradicts.
    """
    kind = card.get("kind", "voice" if "latent" in inputs else "touch")
    if kind not in ("voice", "touch"):
        raise PlanError("a card of kind voice or touch", shown(kind), _AGAIN)
    name = card.get("name", "")
    if not isinstance(name, str):
        raise PlanError("a name in letters in the card", shown(name), _AGAIN)
    shape = (inputs if kind == "voice" else outputs).get("latent")
    rows = shape[2] if kind == "voice" and shape is not None and len(shape) == 3 else 1
    frames = whole(card, "frames", rows if 1 <= rows <= OPERATIONS.limits["frames"] else 1, "frames", 1)
    size = math.prod(shape or (0,))
    facts = {
        "kind": kind.capitalize(),
        "name": "".join(c if " " <= c <= "~" else "?" for c in name[:63]),
        "sample_rate_hz": whole(card, "sample_rate", 0, "sample_rate_hz"),
        "frames": frames,
        "latents": whole(card, "latents", size // frames, "latents"),
        "delay_samples": whole(card, "delay_samples", 0, "delay_samples"),
        "macs_per_second": max(real(card, "macs_per_second", 0.0), 0.0),
    }
    if shape is not None:
        _agree(facts["latents"] * (frames if kind == "voice" else 1), size, "latents")
    return facts | _sound(card, outputs.get("audio") if kind == "voice" else None, frames)


def _sound(card: Mapping[str, Any], audio: tuple[int, ...] | None, frames: int) -> dict[str, int]:
    """Hop and channels, which have to make what the graph gives."""
    channels, hop = 1, 0
    if audio is not None and len(audio) == 3 and audio[0] == 1 and audio[2] % frames == 0:
        most = OPERATIONS.limits
        if audio[1] <= most["channels"] and audio[2] <= min(most["block"], most["hop"] * frames):
            channels, hop = audio[1], audio[2] // frames
    facts = {
        "hop": whole(card, "hop", hop, "hop"),
        "channels": whole(card, "channels", channels, "channels"),
    }
    if facts["hop"] * frames > OPERATIONS.limits["block"]:
        raise PlanError(
            f"calls of at most {OPERATIONS.limits['block']} samples", f"{facts['hop'] * frames}", _AGAIN
        )
    if audio is not None and facts["hop"]:
        _agree(facts["hop"] * frames * facts["channels"], math.prod(audio), "samples")
    return facts


def _agree(said: int, size: int, what: str) -> None:
    if said != size:
        raise PlanError(f"a card that speaks of its graph, with {size} {what} a call", f"{said}", _AGAIN)
