"""ONNX graphs become plans: one file that the engine checks, then runs without allocating."""

from model_export.compiler.compile import compile_plan
from model_export.compiler.errors import PlanError
from model_export.compiler.stages import compile_stages

__all__ = ["PlanError", "compile_plan", "compile_stages"]
