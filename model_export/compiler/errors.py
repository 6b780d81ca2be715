"""The errors of the plan compiler."""

from __future__ import annotations

from errors import LodestoneError


class PlanError(LodestoneError):
    """A graph that cannot become a plan; the message names the node."""
