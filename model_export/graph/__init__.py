"""A small static graph in ONNX terms: every shape a number, every constant folded as it appears."""

from model_export.graph.builder import Builder
from model_export.graph.ir import Array, Graph, Node, State, Value

__all__ = ["Array", "Builder", "Graph", "Node", "State", "Value"]
