"""Entanglement: touch to latents, as graph builders; and the arbitrariness stage that scales to a voice."""

from mapping.errors import MappingError
from mapping.families import names
from mapping.graph import touch_graph

__all__ = ["MappingError", "names", "touch_graph"]
