"""From a voice's graph to a module with `decode`: any number of rows and frames, every row with its own past.

The text is written from the graph node by node. `frame` plays one latent frame of one row and stores its
states, `decode` walks over rows and frames, `reset` makes room for another number of rows. nn~ asks for
`get_methods`,
`get_attributes` and the tensor `decode_params` (latents, 1 frame in; channels, hop out); others for `sr`.
"""

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
from model_export.torchscript import OWN_CLASS, OWN_STATISTICS
from model_export.torchscript_writer.container import Attribute, container, pickled
from model_export.torchscript_writer.operator_text import Node, line

Array = npt.NDArray[Any]
_MODULE, _CLASS = "__torch__.lodestone", "Voice"
_ME = f"{_MODULE}.{_CLASS}"
assert _ME == OWN_CLASS
_DRAW = {"normal": "randn", "uniform": "rand"}


def torchscript(model: onnx.ModelProto, name: str = "voice") -> bytes:
    """The bytes of a `.ts` that plays this voice.

    Args:
        model: a voice of one frame a call, in 32 bits, with its card.
        name: of the folder within, by custom the file's own name without its ending.

    Raises:
        ExportError: no voice, several frames a call, 8-bit weights, an operator that has no text, or a graph
            that is no whole one.
    """
    card = read_card(model)
    if card.kind != "voice" or card.frames != 1:
        got = f"a {card.kind} graph of {card.frames} frames a call"
        raise ExportError("a voice of one frame a call", got, "export it again with --frames 1")
    try:
        script = _Script(model, card)
    except (KeyError, IndexError, ValueError, TypeError, AttributeError) as error:  # a stranger's graph
        got = f"one that it cannot follow ({type(error).__name__}: {error})"
        raise ExportError("a voice's graph", got, "see whether `lodestone compile` takes it") from None
    pickle, storages = pickled(_MODULE, _CLASS, script.attributes())
    root = re.sub(r"[^A-Za-z0-9_.-]", "_", name) or "voice"
    return container(root, pickle, storages, {"__torch__/lodestone.py": script.code()})


@dataclass
class _State:
    source: str
    target: str
    shape: list[int]
    initial: npt.NDArray[np.float32] | None


@dataclass
class _Script:
    """The text of one graph and the tensors that it reads."""

    model: onnx.ModelProto
    card: Card
    tensors: dict[str, Array] = field(default_factory=dict)

    def __post_init__(self) -> None:
        graph = self.model.graph
        self._constants: dict[str, Array] = {t.name: numpy_helper.to_array(t) for t in graph.initializer}
        self._shapes = {i.name: [d.dim_value for d in i.type.tensor_type.shape.dim] for i in graph.input}
        self._names: dict[str, str] = {}
        self._loaded: dict[str, str] = {}
        self._body: list[str] = []
        self.states = [self._state(name) for name in self._shapes if name.startswith("state.")]
        self._write_frame(graph.node)

    def _state(self, name: str) -> _State:
        shape = self._shapes[name]
        given = self.card.initial_state.get(name)
        initial = None if given is None else np.asarray(given, np.float32).reshape(shape)
        return _State(name, "next." + name.removeprefix("state."), shape, initial)

    # -- one frame

    def _write_frame(self, nodes: Iterable[onnx.NodeProto]) -> None:
        for number, state in enumerate(self.states):
            # Row by row: what is read and written is this row's own past.
            self._body.append(f"s{number} = self.s{number}")
            self._body.append(
                f"{self._value(state.source)} = torch.slice(s{number}, 0, row, torch.add(row, 1), 1)"
            )
        self._body.append(f"{self._value('latent')} = z")
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
        kept = [f"n{number} = {self._written(state)}" for number, state in enumerate(self.states)]
        self._body += kept
        for number, state in enumerate(self.states):
            self._body.append(f"_{number} = torch.copy_({self._value(state.source)}, n{number})")
        self._body.append(f"return {self._value('audio')}")

    def _written(self, state: _State) -> str:
        """The next value; a copy where it is another state as it stands, which may be overwritten before."""
        name = self._value(state.target)
        return f"torch.clone({name})"

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
            self._loaded[name] = f"w{len(self._loaded)}"
            self.tensors[self._loaded[name]] = data
            self._body.append(f"{self._loaded[name]} = self.{self._loaded[name]}")
        return self._loaded[name]

    # -- the module

    def attributes(self) -> dict[str, Attribute]:
        """Everything that the module holds, by name."""
        # As nn~ reads them: channels in, their ratio to the sample rate, channels out, ratio out.
        figures = [self.card.latents, self.card.hop, self.card.channels, 1]
        found: dict[str, Attribute] = dict(self._tensors())
        found["decode_params"] = np.asarray(figures, np.int64)
        found["sr"] = self.card.sample_rate
        found["training"] = False
        found["_is_full_backward_hook"] = None
        return found

    def _tensors(self) -> dict[str, Array]:
        found = {name: array for name, array in self.tensors.items() if self._is_read(name)}
        for number, state in enumerate(self.states):
            found[f"s{number}"] = (
                np.zeros(state.shape, np.float32) if state.initial is None else state.initial
            )
            if state.initial is not None:
                found[f"i{number}"] = state.initial
        latent = self.card.latent
        if latent is not None:
            values = (latent.mean, latent.std, latent.probabilities, latent.quantiles)
            found.update(zip(OWN_STATISTICS, (np.asarray(v, np.float32) for v in values), strict=True))
        return found

    def _is_read(self, name: str) -> bool:
        """Whether the text uses a constant: bounds of slices and shapes are in the text itself."""
        pattern = re.compile(rf"\b{name}\b")
        return any(pattern.search(text) for text in self._body if not text.startswith(f"{name} = self."))

    def code(self) -> str:
        """The class."""
        tensors = [*self._tensors(), "decode_params"]
        quoted = ", ".join(f'"{name}"' for name in tensors)
        body = [text for text in self._body if self._kept(text)]
        return "\n".join(
            [
                f"class {_CLASS}(Module):",
                "  __parameters__ = []",
                f"  __buffers__ = [{quoted}, ]",
                *(f"  {name} : Tensor" for name in tensors),
                "  sr : int",
                "  training : bool",
                "  _is_full_backward_hook : Optional[bool]",
                *self._decode(),
                *self._reset(),
                f"  def get_methods(self: {_ME}) -> List[str]:",
                '    return ["decode"]',
                f"  def get_attributes(self: {_ME}) -> List[str]:",
                '    return ["none"]',
                f"  def frame(self: {_ME},",
                "    z: Tensor,",
                "    row: int) -> Tensor:",
                *(f"    {text}" for text in body),
                "",
            ]
        )

    def _kept(self, text: str) -> bool:
        loads = re.match(r"(w\d+) = self\.", text)
        return loads is None or self._is_read(loads[1])

    def _decode(self) -> list[str]:
        rows = ["    n = (torch.size(z))[0]"]
        if self.states:
            rows += [
                "    s0 = self.s0",
                "    if torch.ne((torch.size(s0))[0], n):",
                "      _0 = (self).reset(n, )",
                "    else:",
                "      pass",
            ]
        shape = f"[n, {self.card.channels}, torch.mul(frames, {self.card.hop})]"
        return [
            f"  def decode(self: {_ME},",
            "    z: Tensor) -> Tensor:",
            *rows,
            "    rows = annotate(List[Tensor], [])",
            "    frames = (torch.size(z))[2]",
            "    for row in range(n):",
            "      parts = annotate(List[Tensor], [])",
            "      for i in range(frames):",
            "        _1 = torch.slice(z, 0, row, torch.add(row, 1), 1)",
            "        y = (self).frame(torch.slice(_1, 2, i, torch.add(i, 1), 1), row, )",
            "        _2 = torch.append(parts, y)",
            "      _3 = torch.append(rows, torch.cat(parts, 2))",
            f"    return torch.reshape(torch.cat(rows, 0), {shape})",
        ]

    def _reset(self) -> list[str]:
        lines = [f"  def reset(self: {_ME},", "    n: int) -> NoneType:"]
        for number, state in enumerate(self.states):
            rest = ", ".join(str(length) for length in state.shape[1:])
            if state.initial is None:
                lines.append(f"    self.s{number} = torch.zeros([n, {rest}])")
            else:
                ones = ", ".join("1" for _ in state.shape[1:])
                lines.append(f"    i{number} = self.i{number}")
                lines.append(f"    self.s{number} = torch.repeat(i{number}, [n, {ones}])")
        return [*lines, "    return None"]
