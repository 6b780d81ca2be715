"""Entanglement: touch to latents, as graph builders; and the arbitrariness stage that scales to a voice."""

from mapping.errors import MappingError
from mapping.families import FAMILIES, names
from mapping.graph import touch_graph

__all__ = ["FAMILIES", "MappingError", "names", "touch_graph"]
