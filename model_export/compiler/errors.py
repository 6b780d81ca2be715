"""The errors of the plan compiler."""

from __future__ import annotations

from graphs.errors import GraphError


class PlanError(GraphError):
    """A graph that cannot become a plan; the message names the node, and is one line of bounded length."""
