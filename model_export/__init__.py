"""RAVE models become streaming ONNX graphs, cards and plans; nothing here needs PyTorch."""

from model_export.errors import ExportError
from model_export.export import export

__all__ = ["ExportError", "export"]
