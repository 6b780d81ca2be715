"""How steep a mapping can be at most: the bounds that its parts state, one behind the other."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module

from mapping.chain import parts
from mapping.own_mapping import is_own


def stated(mapping: str, latents: int, seed: int, knobs: Mapping[str, float]) -> float | None:
    """The Lipschitz bound of y in sigma against touch of unit spread, without what is taught.

    None where a part states none: a mapping of the player's own, a family without a function `lipschitz`.

    >>> stated("rotate", 12, 0, {}), stated("mine.py:swirl", 12, 0, {})
    (1.0, None)

    Args:
        mapping: a chain of `mapping.chain`.
        latents: Z.
        seed: of random choices.
        knobs: where knobs stand that do not stand at their defaults.
    """
    first, rest = parts(mapping)
    if is_own(first):
        return None
    family = getattr(import_module(f"mapping.families.{first}"), "lipschitz", None)
    if family is None:
        return None
    bound = float(family(latents, seed, knobs))
    for part in rest:
        steepest = getattr(import_module(f"mapping.shapers.{part}"), "steepest", None)
        if steepest is None:
            return None
        bound = float(steepest(bound, latents, seed, knobs))
    return bound
