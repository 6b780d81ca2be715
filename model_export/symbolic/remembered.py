"""What the module tree remembers during a trace: paths, attribute values, tensor storages, draws."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from model_export.errors import ExportError
from model_export.graph import Builder, Value
from model_export.graph.budget import STEP, plain
from model_export.graph.ir import Draw
from model_export.symbolic.tensor import Storage, Tensor
from model_export.torchscript import Module, ScriptFile, TensorRef


@dataclass(frozen=True)
class StatePlan:
    """What a first pass found: the module tensors that a call changes, and the rows it reaches."""

    rows: Mapping[str, int]


class Memory:
    """Module attributes and tensor contents of one trace.

    Args:
        script: the opened file.
        build: where values are made.
        plan: tensors that are states; they enter the graph as inputs of as many rows as used.
        frames: latent frames a call, to recognise draws at the latent rate.
        latent_noise: factor on those draws; 0 removes them.
    """

    def __init__(
        self, script: ScriptFile, build: Builder, plan: StatePlan, frames: int = 1, latent_noise: float = 1.0
    ) -> None:
        self._script, self._build, self._plan = script, build, plan
        self._frames, self._latent_noise = frames, latent_noise
        self._paths: dict[int, str] = {}
        self._storages: dict[TensorRef, Storage] = {}
        self._overlay: dict[tuple[int, str], object] = {}
        self.draws: list[Draw] = []
        self._name_modules(script.root)

    def _name_modules(self, root: Module) -> None:
        stack: list[tuple[Module, str]] = [(root, "")]
        while stack:
            module, path = stack.pop()
            if id(module) in self._paths:
                continue
            self._paths[id(module)] = path
            stack.extend((child, f"{path}.{name}".lstrip(".")) for name, child in module.children())

    def path(self, module: Module) -> str:
        """Dotted path of a module from the root."""
        return self._paths.get(id(module), module.short_name)

    def lookup(self, module: Module, name: str) -> tuple[bool, object]:
        """(found, value) of an attribute; `training` is always False."""
        if name == "training":
            return True, False
        if (id(module), name) in self._overlay:
            return True, self._overlay[id(module), name]
        return name in module.attributes, module.attributes.get(name)

    def assign(self, module: Module, name: str, value: object) -> None:
        """`self.name = value` as far as a call may do it: to what it already is."""
        before = self.lookup(module, name)[1]
        if isinstance(value, Tensor) or isinstance(before, TensorRef):
            raise ExportError(
                "a call that keeps its tensors", f"`{name}` replaced", "export without learning"
            )
        if not plain(value) or not plain(before) or value != before:
            got = f"`{self.path(module)}.{name}` changing"
            raise ExportError("a call that leaves its settings alone", got, "export without learning")
        self._overlay[id(module), name] = value

    def symbolic(self, value: object, origin: str) -> object:
        """Stored values as the code sees them: tensor references become tensors, in lists too."""
        if isinstance(value, TensorRef):
            storage = self._storage(value, origin)
            return Tensor(storage, (), storage.value.shape)
        if isinstance(value, (list, tuple)):
            self._build.spend(STEP * len(value))
        if isinstance(value, list):
            return [self.symbolic(item, origin) for item in value]
        if isinstance(value, tuple):
            return tuple(self.symbolic(item, origin) for item in value)
        return value

    def _storage(self, tensor: TensorRef, origin: str) -> Storage:
        if tensor not in self._storages:
            self._storages[tensor] = self._open(tensor, origin)
        return self._storages[tensor]

    def _open(self, tensor: TensorRef, origin: str) -> Storage:
        if origin in self._plan.rows:
            rows = self._plan.rows[origin]
            value = self._build.input([rows, *tensor.shape[1:]] if tensor.shape else [])
        else:
            self._build.check_size(tensor.shape)
            data = self._script.load(tensor)
            value = self._build.constant(data if data.dtype != np.float64 else data.astype(np.float32))
        return Storage(value, origin, value)

    def changed(self) -> list[Storage]:
        """Module tensors that hold something else than at the start, in the order of first use."""
        return [s for s in self._storages.values() if s.initial is not None and not _same(s.value, s.initial)]

    def draw(self, shape: Sequence[int], distribution: str) -> Value:
        """A random tensor: a graph input, in call order. Empty ones are constants."""
        if 0 in shape:
            return self._build.constant(np.zeros(tuple(shape), np.float32))
        value = self._build.input(shape)
        self.draws.append(Draw(value, distribution))
        if distribution != "normal" or len(shape) != 3 or shape[-1] not in (1, self._frames):
            return value
        if self._latent_noise == 0:
            return self._build.constant(np.zeros(tuple(shape), np.float32))
        return self._build.binary("Mul", value, self._build.constant(np.float32(self._latent_noise)))


def _same(a: Value, b: Value) -> bool:
    if a is b:
        return True
    if a.constant is None or b.constant is None:
        return False
    return a.constant.shape == b.constant.shape and bool(
        np.array_equal(a.constant, b.constant, equal_nan=True)
    )
