"""How steep a mapping can be at most: the bounds that its parts state, one behind the other."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module

from mapping.chain import parts
from mapping.own_mapping import is_own
from mapping.taught import Taught, nothing_taught

ROUNDING = 1e-6
"""Between two engines that round to 32 bits, as a share of what they compute with: some sixteen last bits."""


def stated(
    mapping: str, latents: int, seed: int, knobs: Mapping[str, float], taught: Taught | None = None
) -> float | None:
    """The Lipschitz bound of y in sigma against touch of unit spread.

    None where a part states none: a mapping of the player's own, a family without a function `lipschitz`.

    >>> stated("rotate", 12, 0, {}), stated("mine.py:swirl", 12, 0, {})
    (1.0, None)

    Args:
        mapping: a chain of `mapping.chain`.
        latents: Z.
        seed: of random choices.
        knobs: where knobs stand that do not stand at their defaults; `range` is not among them.
        taught: gestures and sounds for snapshots; nothing where None.
    """
    first, rest = parts(mapping)
    if is_own(first):
        return None
    family = getattr(import_module(f"mapping.families.{first}"), "lipschitz", None)
    if family is None:
        return None
    bound, known = float(family(latents, seed, knobs)), taught or nothing_taught(latents)
    for part in rest:
        steepest = getattr(import_module(f"mapping.shapers.{part}"), "steepest", None)
        if steepest is None:
            return None
        bound = float(steepest(bound, latents, seed, knobs, known))
    return bound


def engines_apart(
    mapping: str,
    latents: int,
    seed: int,
    knobs: Mapping[str, float],
    largest: float,
    taught: Taught | None = None,
) -> float:
    """How far apart in sigma two engines may play one mapping, at any knobs.

    ROUNDING of the largest latent; and as far as the mapping goes for a hand that moves by ROUNDING of its
    spread: engines add in another order and round, and a steep mapping cannot tell that from a movement.

    Args:
        mapping, latents, seed, knobs, taught: as for `stated`.
        largest: the largest latent that was played, in sigma; less than one sigma counts as one.
    """
    steep = stated(mapping, latents, seed, knobs, taught) or 0.0
    return ROUNDING * (max(1.0, largest) + knobs.get("range", 1.0) * steep)
