"""Where a knob of a mapping stands at first, by the player's wish."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from difflib import get_close_matches

from graphs.knob import Knob
from mapping.errors import MappingError


def standing(knobs: Mapping[str, Knob], label: str, value: float) -> Knob:
    """The knob of this name, standing at `value`. Raises MappingError: no such knob, or out of its range."""
    turned = {name: knob for name, knob in knobs.items() if name != "rest_capture"}
    if label not in turned:
        near = get_close_matches(label, turned, 1)
        do = f"did you mean {near[0]}?" if near else "choose one of these"
        raise MappingError(f"a knob out of {', '.join(turned)}", repr(label), do)
    knob = turned[label]
    if not knob.minimum <= value <= knob.maximum:
        wanted = f"{label} from {knob.minimum:g} to {knob.maximum:g}"
        raise MappingError(wanted, f"{value:g}", "set it in its range")
    return replace(knob, default=float(value))
