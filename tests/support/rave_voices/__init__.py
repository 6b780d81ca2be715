"""Decoders of RAVE's own shape, trained on sounds, for tests: capacity 16, the same latents at capacity 32,
and one with an open noise branch. They shipped until the project's own training made better ones; random
weights would not do, because these tests follow levels, rungs and shares of a voice that sounds.
"""

from __future__ import annotations

from pathlib import Path

from voices import catalogue

FOLDER = Path(__file__).resolve().parent


def find(name: str) -> catalogue.Voice:
    """`glass`, `glass32` or `water`."""
    return catalogue.find(name, FOLDER)


def path(name: str) -> str:
    """Its file, as a scene names it."""
    return str(find(name).path)
