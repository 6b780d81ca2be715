"""What options of several commands have in common: the ranges that the parser holds them to."""

from __future__ import annotations

import math

import typer

LARGEST_SEED = 2**31 - 1
LARGEST_PORT = 65535


def finite(value: float | None) -> float | None:
    """A number that is one. Raises BadParameter for nan and infinity, which pass every range."""
    if value is not None and not math.isfinite(value):
        raise typer.BadParameter("wanted a finite number")
    return value
