"""A slow teacher's answer to a jump, as if it had come at once; no PyTorch.

A centred RAVE slides from one held sound to the next for a third of a second. Its delay can be taken out, but
the slide stays, and a student that is asked to slide does. So the teacher plays every held place for longer
than the hand stayed there, places near to each other on tracks of their own, and the lesson goes from track
to track at the jumps.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Place = tuple[int, int]
"""First frame, and the first behind it."""
MOST_TRACKS = 6
"""A place that finds all of them taken is held for less than it should be."""
SETTLED = 0.6
"""Of the slide, on either side of a place: how long the teacher plays it at least. Half would do for the
tenths from which a slide is counted."""
SHORTEST = 0.25
"""Of the slide: places held for less are part of a glide."""
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


def shared_out(bounds: list[int], margin: int) -> list[list[int]]:
    """The places between `bounds`, by number, as tracks: two of a track are 2 `margin` frames apart."""
    tracks: list[list[int]] = []
    for place, start in enumerate(bounds[:-1]):
        behind = [start - bounds[own[-1] + 1] for own in tracks]
        if behind and (max(behind) >= 2 * margin or len(tracks) == MOST_TRACKS):
            tracks[int(np.argmax(behind))].append(place)
        else:
            tracks.append([place])
    return tracks


def track(frames: int, places: list[Place]) -> npt.NDArray[np.int64]:
    """[frames] which frame the teacher plays when, on a track of these places.

    A place lasts until the middle of what lies between it and the next.
    """
    index = np.empty(frames, np.int64)
    begin = 0
    for number, (start, end) in enumerate(places):
        until = (end + places[number + 1][0]) // 2 if number + 1 < len(places) else frames
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
    frames = slide / teacher.hop
    bounds = [0, *cuts(z, least, max(int(np.ceil(SHORTEST * frames)), 2)), len(z)]
    sounds: dict[int, Floats] = {}
    for own in shared_out(bounds, int(np.ceil(SETTLED * frames))):
        played = teacher.play(z[track(len(z), [(bounds[k], bounds[k + 1]) for k in own])], seed)
        sounds |= dict.fromkeys(own, played)
    fade = round(FADE_SECONDS * teacher.rate)
    sound: Floats = sounds[0].copy()
    for place in range(1, len(bounds) - 1):
        at = bounds[place] * teacher.hop + teacher.delay - fade // 2
        other = sounds[place][at:]
        rise = np.minimum(np.arange(1, len(other) + 1) / fade, 1.0).astype(np.float32)
        sound[at:] += rise * (other - sound[at:])
    return sound
