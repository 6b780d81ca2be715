"""Errors of training: what was wanted, what was found, what to do about it."""

from __future__ import annotations

from errors import LodestoneError


class TrainingError(LodestoneError):
    """A voice cannot be trained, or its sounds cannot be had, as asked."""
