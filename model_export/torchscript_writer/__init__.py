"""A voice's ONNX graph as a TorchScript file of our own, written without PyTorch."""

from model_export.torchscript_writer.write import torchscript

__all__ = ["torchscript"]
