"""A slow teacher's answer to a jump, as if it had come at once; no PyTorch.

A centred RAVE slides from one held sound to the next for a third of a second. Its delay can be taken out, but
the slide stays, and a student that is asked to slide does. So the teacher plays every held place for longer
than the hand stayed there, each third place on a track of its own, and the lesson goes from track to track at
the jumps.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
TRACKS = 3
"""A track has two places of others to go from one of its own to the next."""
HELD = 0.9
"""Of the slide: the shortest place beside a jump that is cut. Half of two such places is nearly the slide."""
FADE_SECONDS = 0.005


class Plays(Protocol):
    """A teacher: see `training.teacher.Teacher`."""

    rate: int
    hop: int
    delay: int

    def play(self, latents: Floats, seed: int) -> Floats:
        """Latents [T, Z] as sound [T hop]."""


def cuts(z: Floats, least: Floats, shortest: int) -> list[int]:
    """The frames of `z` [T, Z] at which a hand jumps from a held place to a held place.

    Args:
        z: latents.
        least: [Z] what is a jump.
        shortest: frames for which no other jump may be near.
    """
    jumps = np.flatnonzero((np.abs(np.diff(z, axis=0)) > least).any(1)) + 1
    edges = np.concatenate([[0], jumps, [len(z)]])
    apart = np.minimum(edges[1:-1] - edges[:-2], edges[2:] - edges[1:-1])
    return [int(jump) for jump in jumps[apart >= shortest]]


def track(frames: int, bounds: list[int], first: int) -> npt.NDArray[np.int64]:
    """[frames] which frame the teacher plays when, on the track of the places `first`, `first` + TRACKS, …

    A place lasts until the middle of what lies between it and the next of its track.
    """
    mine = [(bounds[k], bounds[k + 1]) for k in range(first, len(bounds) - 1, TRACKS)]
    index = np.empty(frames, np.int64)
    begin = 0
    for number, (start, end) in enumerate(mine):
        until = (end + mine[number + 1][0]) // 2 if number + 1 < len(mine) else frames
        index[begin:until] = np.clip(np.arange(begin, until), start, end - 1)
        begin = until
    return index


def play_at_once(teacher: Plays, z: Floats, seed: int, least: Floats, slide: int) -> Floats:
    """What `teacher.play(z, seed)` gives, but for the slide at the jumps between held places.

    Args:
        teacher: plays.
        z: [T, Z] latents.
        seed: of its noise, the same on all tracks.
        least: [Z] what is a jump.
        slide: samples that a step of the teacher's takes, from 10 to 90 per cent.
    """
    shortest = max(int(np.ceil(HELD * slide / teacher.hop)), 2)
    bounds = [0, *cuts(z, least, shortest), len(z)]
    used = range(min(TRACKS, len(bounds) - 1))
    played = [teacher.play(z[track(len(z), bounds, first)], seed) for first in used]
    fade = round(FADE_SECONDS * teacher.rate)
    sound: Floats = played[0].copy()
    for place in range(1, len(bounds) - 1):
        at = bounds[place] * teacher.hop + teacher.delay - fade // 2
        other = played[place % TRACKS][at:]
        rise = np.minimum(np.arange(1, len(other) + 1) / fade, 1.0).astype(np.float32)
        sound[at:] += rise * (other - sound[at:])
    return sound
