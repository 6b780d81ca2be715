"""Patches for programs that hear a board's OSC: written for a voice, or plain."""

from __future__ import annotations

from collections.abc import Sequence

from errors import LodestoneError
from graphs.card import Card
from lodestone.patches.max import max_patch
from lodestone.patches.pd import pd_patch
from lodestone.patches.sc import sc_patch

KINDS = {"pd": pd_patch, "sc": sc_patch, "max": max_patch}


class PatchError(LodestoneError):
    """A patch that cannot be written."""


def patch_text(
    kinds: Sequence[str], voice: str = "", card: Card | None = None, words: Sequence[str] = ()
) -> str:
    """The text of a patch of one kind of `KINDS`; `words`: what each latent does.

    Raises:
        PatchError: several kinds.
    """
    if len(kinds) != 1:
        got = " and ".join(f"--{kind}" for kind in kinds)
        raise PatchError("one of --pd, --sc and --max", got, "write one file for each")
    return KINDS[kinds[0]](voice, card, words)
