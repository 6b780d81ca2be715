"""Opens a `.ts` file: module tree, constants, code table, tensors on demand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from model_export.errors import ExportError
from model_export.torchscript.archive import MAX_TEXT_BYTES, Archive
from model_export.torchscript.objects import Module, TensorRef
from model_export.torchscript.pickled import PickleMachine
from model_export.torchscript.source import SourceTable

_AGAIN = "export the model again with TorchScript"


class ScriptFile:
    """A TorchScript archive read as data. Tensors are loaded when asked for, one storage at a time."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        if "byteorder" in archive and archive.size("byteorder") > 64:
            raise ExportError("byte order little or big", "a long text", _AGAIN)
        order = archive.read("byteorder").strip() if "byteorder" in archive else b"little"
        if order not in (b"little", b"big"):
            raise ExportError("byte order little or big", repr(order[:16]), _AGAIN)
        self._byte_order = "<" if order == b"little" else ">"
        root = self._unpickle("data.pkl", "data")
        if not isinstance(root, Module):
            raise ExportError("a TorchScript module", f"a pickled {type(root).__name__}", _AGAIN)
        self.root = root
        constants = self._unpickle("constants.pkl", "constants") if "constants.pkl" in archive else ()
        self.constants = constants if isinstance(constants, (tuple, list)) else ()
        self.source = SourceTable(archive)

    def _unpickle(self, entry: str, folder: str) -> object:
        if self._archive.size(entry) > MAX_TEXT_BYTES:
            raise ExportError(f"a {entry} below {MAX_TEXT_BYTES} bytes", "a larger one", _AGAIN)
        return PickleMachine(self._archive.read(entry), folder, self._byte_order).run()

    def load(self, tensor: TensorRef) -> npt.NDArray[np.generic]:
        """The data of a tensor; its storage entry must have exactly the declared length."""
        wanted = tensor.numel * tensor.dtype.itemsize
        if self._archive.size(tensor.entry) != wanted:
            got = f"{self._archive.size(tensor.entry)} bytes"
            raise ExportError(f"{wanted} bytes in {tensor.entry}", got, _AGAIN)
        return tensor.view(self._archive.read(tensor.entry))

    def sha256(self) -> str:
        """Hash of the whole `.ts`, hexadecimal."""
        return self._archive.sha256()


def read_script(archive: Archive) -> ScriptFile:
    """The script inside an open archive. Raises ExportError when it is none."""
    if "data.pkl" not in archive:
        got = f"a zip archive without data.pkl ({Path(archive.path).name})"
        raise ExportError("a RAVE model exported by TorchScript (.ts)", got, _AGAIN)
    return ScriptFile(archive)
