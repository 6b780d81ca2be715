"""What a pickled module tree is made of: modules with attributes, and references to tensors."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from model_export.errors import ExportError

MAX_REPEATED = 1 << 16  # elements of a tensor whose strides repeat a smaller storage
_DAMAGED = "the file is damaged or made by an unknown exporter: export it again"


@dataclass(frozen=True)
class TensorRef:
    """Where a tensor lies: a strided window into one storage entry of the archive. Holds no data.

    Attributes:
        entry: archive entry of the storage, "data/7".
        dtype: element type as stored ("bfloat16" is told by `bfloat16`).
        numel: elements in the storage.
        offset, shape, stride: the window, in elements.
    """

    entry: str
    dtype: np.dtype[np.generic]
    numel: int
    offset: int
    shape: tuple[int, ...]
    stride: tuple[int, ...]
    bfloat16: bool = False

    def __post_init__(self) -> None:
        ranks = len(self.shape), len(self.stride)
        if ranks[0] != ranks[1] or ranks[0] > 8:
            raise ExportError("a tensor with sizes and strides", f"{ranks[0]} and {ranks[1]}", _DAMAGED)
        numbers = (self.numel, self.offset, *self.shape, *self.stride)
        if min(numbers) < 0 or max(numbers) >= 1 << 62:
            raise ExportError("a tensor of sane size", f"{self.shape} / {self.stride}", _DAMAGED)
        if self.elements > max(self.numel, MAX_REPEATED):
            raise ExportError("a tensor no larger than its storage", f"{self.elements} elements", _DAMAGED)
        if self.elements and self.numel <= self.offset + sum(
            (n - 1) * s for n, s in zip(self.shape, self.stride, strict=True)
        ):
            got = f"shape {self.shape}, stride {self.stride} from {self.offset}"
            raise ExportError(f"a tensor inside its storage of {self.numel} elements", got, _DAMAGED)

    @property
    def elements(self) -> int:
        """Number of elements of the window."""
        product = 1
        for n in self.shape:
            product *= n
        return product

    def view(self, storage: bytes) -> npt.NDArray[np.generic]:
        """The tensor as a contiguous array of a native numpy type."""
        flat: npt.NDArray[np.generic] = np.frombuffer(storage, dtype=self.dtype)
        if self.bfloat16:
            flat = (flat.astype(np.uint32) << 16).view(np.float32)
        if self.elements == 0:
            return np.zeros(self.shape, flat.dtype.newbyteorder("="))
        # A stride that is never walked may be anything.
        strides = tuple(
            s * flat.itemsize if n > 1 else 0 for n, s in zip(self.shape, self.stride, strict=True)
        )
        window = np.lib.stride_tricks.as_strided(flat[self.offset :], self.shape, strides, writeable=False)
        return np.ascontiguousarray(window, dtype=window.dtype.newbyteorder("=")).reshape(self.shape)


@dataclass(eq=False)
class Module:
    """One module of the tree: its qualified class and every attribute that was pickled."""

    class_name: str
    attributes: dict[str, object] = field(default_factory=dict)

    @property
    def short_name(self) -> str:
        """The last part of the class name; the only part that an author chose."""
        return self.class_name.rsplit(".", 1)[-1]

    def children(self) -> list[tuple[str, Module]]:
        """Direct submodules in the order of the file."""
        return [(name, value) for name, value in self.attributes.items() if isinstance(value, Module)]
