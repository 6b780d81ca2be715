"""One graph as text: a method that plays a frame of a row and stores its states, and the tensors it reads."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import numpy_helper

from graphs.card import Card, read_card
from model_export.errors import ExportError
from model_export.torchscript_writer.operator_text import Node, line

Array = npt.NDArray[Any]
_DRAW = {"normal": "randn", "uniform": "rand"}


@dataclass(frozen=True)
class Method:
    """What a graph becomes.

    Attributes:
        name: of the method over rows and frames: `decode`.
        step: of the one that plays a frame: `frame`.
        reset: of the one that makes room for another number of rows.
        given, made: the graph's input and output.
        mark: before the names of its states and constants.
    """

    name: str
    step: str
    reset: str
    given: str
    made: str
    mark: str


DECODE = Method("decode", "frame", "reset", "latent", "audio", "")
ENCODE = Method("encode", "hear", "reset_ears", "audio", "latent", "e")


@dataclass
class _State:
    source: str
    target: str
    shape: list[int]
    initial: npt.NDArray[np.float32] | None


@dataclass
class Frame:
    """The text of one graph of one frame a call.

    Args:
        model: the graph.
        method: what it becomes.
        module: the class that it belongs to, qualified.
    """

    model: onnx.ModelProto
    method: Method
    module: str
    _read: dict[str, Array] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.card: Card = read_card(self.model)
        graph = self.model.graph
        self._constants: dict[str, Array] = {t.name: numpy_helper.to_array(t) for t in graph.initializer}
        self._shapes = {i.name: [d.dim_value for d in i.type.tensor_type.shape.dim] for i in graph.input}
        self._names: dict[str, str] = {}
        self._loaded: dict[str, str] = {}
        self._body: list[str] = []
        self.states = [self._state(name) for name in self._shapes if name.startswith("state.")]
        self._write(graph.node)

    def _state(self, name: str) -> _State:
        shape = self._shapes[name]
        given = self.card.initial_state.get(name)
        initial = None if given is None else np.asarray(given, np.float32).reshape(shape)
        return _State(name, "next." + name.removeprefix("state."), shape, initial)

    def _write(self, nodes: Iterable[onnx.NodeProto]) -> None:
        mark = self.method.mark
        for number, state in enumerate(self.states):
            # Row by row: what is read and written is this row's own past.
            name = f"{mark}s{number}"
            self._body.append(f"{name} = self.{name}")
            self._body.append(
                f"{self._value(state.source)} = torch.slice({name}, 0, row, torch.add(row, 1), 1)"
            )
        self._body.append(f"{self._value(self.method.given)} = z")
        for name, (distribution, shape) in self.card.noise.items():
            draw = f"torch.{_DRAW[distribution]}({[int(n) for n in shape]})"
            self._body.append(f"{self._value(name)} = torch.type_as({draw}, z)")
        for proto in nodes:
            if len(proto.output) != 1:
                raise ExportError("operators of one output", proto.op_type, "report this voice")
            operands = [self._operand(name) for name in proto.input]
            constants = [self._constants.get(name) for name in proto.input]
            text = line(Node(proto, operands, constants))
            self._body.append(f"{self._value(proto.output[0])} = {text}")
        # Copies: where a state is another one as it stands, that may be overwritten before.
        kept = [
            f"n{number} = torch.clone({self._value(state.target)})"
            for number, state in enumerate(self.states)
        ]
        self._body += kept
        for number, state in enumerate(self.states):
            self._body.append(f"_{number} = torch.copy_({self._value(state.source)}, n{number})")
        self._body.append(f"return {self._value(self.method.made)}")

    def _value(self, name: str) -> str:
        return self._names.setdefault(name, f"v{len(self._names)}")

    def _operand(self, name: str) -> str:
        if not name:
            return "None"
        if name not in self._constants:
            return self._value(name)
        if name not in self._loaded:
            data = self._constants[name]
            if data.dtype not in (np.float32, np.int64):
                got = f"a constant of {data.dtype}"
                raise ExportError("a voice in 32 bits", got, "write the .ts from the exact graph")
            self._loaded[name] = f"{self.method.mark}w{len(self._loaded)}"
            self._read[self._loaded[name]] = data
            self._body.append(f"{self._loaded[name]} = self.{self._loaded[name]}")
        return self._loaded[name]

    def tensors(self) -> dict[str, Array]:
        """Constants that the text reads, states and what they begin with, by their names in the module."""
        mark = self.method.mark
        found = {name: array for name, array in self._read.items() if self._is_read(name)}
        for number, state in enumerate(self.states):
            found[f"{mark}s{number}"] = (
                np.zeros(state.shape, np.float32) if state.initial is None else state.initial
            )
            if state.initial is not None:
                found[f"{mark}i{number}"] = state.initial
        return found

    def _is_read(self, name: str) -> bool:
        """Whether the text uses a constant: bounds of slices and shapes are in the text itself."""
        pattern = re.compile(rf"\b{name}\b")
        return any(pattern.search(text) for text in self._body if not text.startswith(f"{name} = self."))

    def _kept(self, text: str) -> bool:
        loads = re.match(r"(\w+) = self\.\1$", text)
        return loads is None or loads[1] not in self._read or self._is_read(loads[1])

    def code(self) -> list[str]:
        """The methods: over rows and frames, one frame, and another number of rows."""
        return [*self._over_frames(), *self._reset(), *self._one()]

    def _one(self) -> list[str]:
        return [
            f"  def {self.method.step}(self: {self.module},",
            "    z: Tensor,",
            "    row: int) -> Tensor:",
            *(f"    {text}" for text in self._body if self._kept(text)),
        ]

    def _over_frames(self) -> list[str]:
        rows = ["    n = (torch.size(z))[0]"]
        if self.states:
            first = f"{self.method.mark}s0"
            rows += [
                f"    {first} = self.{first}",
                f"    if torch.ne((torch.size({first}))[0], n):",
                f"      _0 = (self).{self.method.reset}(n, )",
                "    else:",
                "      pass",
            ]
        card, hop = self.card, self.card.hop
        if self.method.given == "latent":
            frames, shape = "(torch.size(z))[2]", f"[n, {card.channels}, torch.mul(frames, {hop})]"
            part = "torch.slice(_1, 2, i, torch.add(i, 1), 1)"
        else:
            frames = f"torch.floordiv((torch.size(z))[2], {hop})"
            shape = f"[n, {card.latents}, frames]"
            part = f"torch.slice(_1, 2, torch.mul(i, {hop}), torch.mul(torch.add(i, 1), {hop}), 1)"
        return [
            f"  def {self.method.name}(self: {self.module},",
            "    z: Tensor) -> Tensor:",
            *rows,
            "    rows = annotate(List[Tensor], [])",
            f"    frames = {frames}",
            "    for row in range(n):",
            "      parts = annotate(List[Tensor], [])",
            "      for i in range(frames):",
            "        _1 = torch.slice(z, 0, row, torch.add(row, 1), 1)",
            f"        y = (self).{self.method.step}({part}, row, )",
            "        _2 = torch.append(parts, y)",
            "      _3 = torch.append(rows, torch.cat(parts, 2))",
            f"    return torch.reshape(torch.cat(rows, 0), {shape})",
        ]

    def _reset(self) -> list[str]:
        mark = self.method.mark
        lines = [f"  def {self.method.reset}(self: {self.module},", "    n: int) -> NoneType:"]
        for number, state in enumerate(self.states):
            rest = ", ".join(str(length) for length in state.shape[1:])
            kept = f"self.{mark}s{number}"
            if state.initial is None:
                lines.append(f"    {kept} = torch.zeros([n, {rest}])")
            else:
                ones = ", ".join("1" for _ in state.shape[1:])
                lines.append(f"    {mark}i{number} = self.{mark}i{number}")
                lines.append(f"    {kept} = torch.repeat({mark}i{number}, [n, {ones}])")
        return [*lines, "    return None"]
