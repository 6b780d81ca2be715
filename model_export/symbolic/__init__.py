"""Symbolic execution of the serialized code: one call of a method at static shapes becomes a graph."""

from model_export.symbolic.trace import trace

__all__ = ["trace"]
