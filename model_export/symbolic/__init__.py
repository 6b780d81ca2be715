"""Symbolic execution of the serialized code: one call of a method at static shapes becomes a graph."""

from model_export.symbolic.registry import load_operators
from model_export.symbolic.trace import trace

load_operators()

__all__ = ["trace"]
