"""Mappings of the player's own: a function in a file of Python, or an ONNX graph.

`mine.py:name` names a function `name(graph, clock, touch, latents, seed)` that gives y [Z] as a family does
(`mapping.families`). `mine.onnx` names a graph with the input `touch` [12] of unit spread and the output `y`
[Z] in sigma. It may have the input `dt` [], inputs `knob.NAME` [], and memories `state.K` with `next.K`.
Either may have shapers behind it, as a built-in family.
"""

from __future__ import annotations

import importlib.util
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import numpy as np
import onnx
import spox.opset.ai.onnx.v17 as op
from spox import Var, inline

from calibration.model import CHANNELS
from graphs.card import load_onnx
from graphs.clock import Clock
from graphs.errors import GraphError
from graphs.glide import glide
from graphs.knob import Knob
from graphs.stateful import StatefulGraph, shape_const
from mapping.errors import MappingError

Build = Callable[[StatefulGraph, Clock, Var, int, int], Var]
KNOB = Knob(0.0, 1.0, 0.0)
_DO = "see docs/mapping.md, A mapping of your own"


def is_own(name: str) -> bool:
    """Whether a mapping's name is that of a file.

    >>> is_own("mine.py:swirl"), is_own("nets/mine.onnx"), is_own("rotate")
    (True, True, False)
    """
    return ".onnx" in name or ".py:" in name


def plain_name(name: str) -> str:
    """Without the folders, which are nobody's business but the player's.

    >>> plain_name("/home/me/mine.py:swirl")
    'mine.py:swirl'
    """
    return Path(name).name if is_own(name) else name


def own_family(name: str, beside: Path = Path()) -> Build:
    """The builder that a file holds.

    Args:
        name: `FILE.py:FUNCTION` or `FILE.onnx`.
        beside: the folder that the path begins from.

    Raises:
        MappingError: no such file or function, or Python that raises while it is read.
    """
    if name.endswith(".onnx"):
        return _Inlined(beside / name)
    file, _, function = name.rpartition(":")
    module = _module(beside / file)
    build = getattr(module, function, None)
    if not callable(build):
        there = [key for key, value in vars(module).items() if callable(value) and not key.startswith("_")]
        got = f"no {function!r}, but {', '.join(there[-6:]) or 'nothing to call'}"
        raise MappingError(f"a function in {file}", got, "name one of these after the colon")
    return _Guarded(file, function, build)


def _module(path: Path) -> ModuleType:
    if not path.is_file():
        do = "check the path; it begins beside instrument.toml"
        raise MappingError("a file of Python", f"none at {path}", do)
    spec = importlib.util.spec_from_file_location(f"own_mapping_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise MappingError("a file of Python", str(path), _DO)
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:  # whatever a stranger's file raises
        wanted = f"Python that can be read in {path.name}"
        raise MappingError(wanted, _where(error, path), "correct it") from error
    return module


def _where(error: BaseException, path: Path) -> str:
    """The error in one line, with the line of the player's own file."""
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if frame.filename == str(path)]
    at = f" at line {lines[-1]}" if lines else ""
    if isinstance(error, SyntaxError):
        at = f" at line {error.lineno}"
    return f"{type(error).__name__}{at}: {str(error).splitlines()[0] if str(error) else 'without a word'}"


@dataclass(frozen=True)
class _Guarded:
    """A player's function: what it raises, and what it gives that is no y, is told in one line."""

    file: str
    function: str
    build: Build

    def __call__(self, graph: StatefulGraph, clock: Clock, touch: Var, latents: int, seed: int) -> Var:
        wanted = f"y [{latents}] from {Path(self.file).name}:{self.function}"
        try:
            y = self.build(graph, clock, touch, latents, seed)
        except MappingError:
            raise
        except (Exception, SystemExit) as error:  # whatever a stranger's function raises
            spec = getattr(self.build, "__code__", None)
            path = Path(spec.co_filename) if spec is not None else Path(self.file)
            raise MappingError(wanted, _where(error, path), "correct the function") from error
        if not isinstance(y, Var):
            raise MappingError(wanted, type(y).__name__, "return what spox's operators give")
        tensor = y.unwrap_tensor()
        shape = tensor.shape
        if tensor.dtype != np.float32 or shape is None or list(shape) != [latents]:
            got = f"{np.dtype(tensor.dtype).name} {list(shape or [])}"
            raise MappingError(wanted, got, "give it that shape")
        return y


class _Inlined:
    """A player's ONNX graph within the touch graph: its knobs glide, its memories are carried on, as ours."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self.model = load_onnx(path)
        except GraphError as error:
            raise MappingError(error.wanted, error.got, error.do) from error
        self.inputs = {info.name: _shape(info) for info in self.model.graph.input}
        self.outputs = {info.name: _shape(info) for info in self.model.graph.output}
        constants = {tensor.name for tensor in self.model.graph.initializer}
        self.inputs = {name: shape for name, shape in self.inputs.items() if name not in constants}
        self._check()

    def _check(self) -> None:
        name = self.path.name
        if self.inputs.get("touch") != [CHANNELS]:
            got = f"inputs {', '.join(f'{n} {s}' for n, s in self.inputs.items()) or 'of no name'}"
            raise MappingError(f"the input touch [{CHANNELS}] in {name}", got, _DO)
        if len(self.outputs.get("y", [])) != 1:
            got = f"outputs {', '.join(f'{n} {s}' for n, s in self.outputs.items()) or 'of no name'}"
            raise MappingError(f"the output y [latents] in {name}", got, _DO)
        for key, shape in self.inputs.items():
            scalar = key == "dt" or key.startswith("knob.")
            known = key == "touch" or (scalar and shape == []) or key.startswith("state.")
            if not known:
                wanted = f"inputs touch, dt [], knob.NAME [] and state.K in {name}"
                raise MappingError(wanted, f"{key} {shape}", "leave it out")
            if key.startswith("state.") and self.outputs.get("next." + key[6:]) != shape:
                wanted = f"next.{key[6:]} {shape} beside {key} in {name}"
                raise MappingError(wanted, str(self.outputs.get("next." + key[6:])), _DO)

    def __call__(self, graph: StatefulGraph, clock: Clock, touch: Var, latents: int, seed: int) -> Var:
        del seed
        if self.outputs["y"] != [latents]:
            wanted, got = f"y [{latents}] in {self.path.name}, for this voice", f"y {self.outputs['y']}"
            raise MappingError(wanted, got, "make it for this voice")
        given = {"touch": touch}
        states = {}
        for key, shape in self.inputs.items():
            if key == "dt":
                given[key] = clock.dt
            elif key.startswith("knob."):
                given[key] = op.reshape(glide(graph, clock, key[5:], KNOB), shape_const([]))
            elif key.startswith("state."):
                states[key] = graph.state(f"own {key}", tuple(int(n) for n in shape))
                given[key] = states[key].now
        try:
            made = inline(self.model)(**given)
        except Exception as error:  # spox's and ONNX's own, without a common base
            got = f"{type(error).__name__}: {str(error).splitlines()[0]}"
            raise MappingError(f"a graph of opset 17 in {self.path.name}", got, "export it so") from error
        for key, state in states.items():
            state.then = made["next." + key[6:]]
        return made["y"]


def _shape(info: onnx.ValueInfoProto) -> list[int | str]:
    return [d.dim_value if d.HasField("dim_value") else "?" for d in info.type.tensor_type.shape.dim]
