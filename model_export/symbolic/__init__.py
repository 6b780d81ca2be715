"""Symbolic execution of the serialized code: one call of a method at static shapes becomes a graph."""

from model_export.symbolic.trace import Traced, trace

__all__ = ["Traced", "trace"]
