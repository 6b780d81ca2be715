"""A TorchScript archive read as data: zip, pickled module tree, tensors, code text. Nothing in it runs."""

from model_export.torchscript.archive import Archive
from model_export.torchscript.objects import Module, TensorRef
from model_export.torchscript.own import OWN_CLASS, OWN_STATISTICS
from model_export.torchscript.packed import plain_bytes, plain_name
from model_export.torchscript.reader import ScriptFile, read_script
from model_export.torchscript.source import ClassSource, FunctionSource, SourceTable

__all__ = [
    "OWN_CLASS",
    "OWN_STATISTICS",
    "Archive",
    "ClassSource",
    "FunctionSource",
    "Module",
    "ScriptFile",
    "SourceTable",
    "TensorRef",
    "plain_bytes",
    "plain_name",
    "read_script",
]
