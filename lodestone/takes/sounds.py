"""The sound of a take's latents by one voice, for looking at it."""

from __future__ import annotations

import numpy as np
import onnx

from graphs.card import Card
from lodestone.takes.content import latents
from lodestone.takes.take_file import Take, TakeError
from voices.descriptors import Audio
from voices.players import graph_player


def path_latents(take: Take, card: Card) -> np.ndarray:
    """Latents [frames, Z] as the voice took them, one a call, in the take's own time.

    Raises:
        TakeError: no latents that the voice takes.
    """
    heard = [(at, z) for at, z in latents(take) if len(z) == card.latents]
    if len(heard) < 2:
        got = f"{len(heard)} such vectors in the take"
        raise TakeError(f"{card.latents} latents, as {card.name} has", got, "name the voice that was played")
    times = np.array([at for at, _ in heard])
    calls = np.arange(times[0], times[-1], card.hop / card.sample_rate)
    newest = np.clip(np.searchsorted(times, calls, side="right") - 1, 0, len(times) - 1)
    return np.array([z for _, z in heard], np.float64)[newest]


def path_sound(take: Take, model: onnx.ModelProto, card: Card) -> Audio:
    """Mono sound [samples] of the take's latents by a voice's graph.

    Raises:
        TakeError: as `path_latents`.
    """
    return graph_player(model)(path_latents(take, card))
