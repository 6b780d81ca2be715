"""Evaluates expressions of the serialized code: names, attributes, items, calls.

What a call means is the operators' business; their table fills from the `operators_*` modules.
"""

from __future__ import annotations

import ast
from abc import ABC, abstractmethod
from dataclasses import dataclass, field

from errors import is_count
from model_export.errors import ExportError
from model_export.graph import Builder
from model_export.graph.budget import STEP
from model_export.symbolic.registry import OPERATORS, Scalar
from model_export.symbolic.remembered import Memory
from model_export.symbolic.tensor import Tensor
from model_export.torchscript import FunctionSource, Module, ScriptFile

_UNKNOWN = "this model cannot be exported; please report the operator"
_TROUBLE = (
    TypeError,
    ValueError,
    LookupError,
    AttributeError,
    ArithmeticError,
    AssertionError,
    RecursionError,
)


@dataclass(frozen=True)
class FunctionRef:
    """A free function, by qualified name."""

    qualified: str


@dataclass
class Frame:
    """One running function: where it is and what its names hold."""

    path: str
    entry: str
    names: dict[str, object] = field(default_factory=dict)
    line: int = 0


class Evaluator(ABC):
    """Expressions over a `Builder`; statements come with the `Interpreter`."""

    def __init__(self, script: ScriptFile, build: Builder, memory: Memory) -> None:
        self.script, self.build, self.memory = script, build, memory
        self._frames: list[Frame] = []

    @abstractmethod
    def run(
        self, function: FunctionSource, arguments: list[object], keywords: dict[str, object], path: str
    ) -> object:
        """Executes a function's body in a new frame."""

    def where(self) -> str:
        """The place in the serialized code, for messages."""
        if not self._frames:
            return "the top level"
        frame = self._frames[-1]
        return f"{frame.path or 'the model'} ({frame.entry} line {frame.line})"

    def error(self, wanted: str, got: str, do: str = _UNKNOWN) -> ExportError:
        """An ExportError that says where in the model it happened."""
        return ExportError(wanted, f"{got} at {self.where()}", do)

    def scalar(self, tensor: Tensor) -> Scalar:
        """The number in a one-element tensor that does not depend on data."""
        value = tensor.read(self.build)
        if value.constant is None or value.elements != 1:
            got = "one that depends on data"
            raise self.error("a branch or number known before the model plays", got)
        number = value.constant.reshape(()).item()
        assert isinstance(number, (bool, int, float))
        return number

    def expression(self, node: ast.expr, frame: Frame) -> object:
        """What an expression is worth. Raises ExportError."""
        self.build.spend(STEP)
        if isinstance(node, ast.Name):
            return self._name(node.id, frame)
        if isinstance(node, ast.Constant):
            return node.value
        if isinstance(node, ast.Call):
            return self._call(node, frame)
        if isinstance(node, ast.Attribute):
            return self._attribute(node, frame)
        if isinstance(node, ast.Tuple):
            return tuple(self.expression(item, frame) for item in node.elts)
        if isinstance(node, ast.List):
            return [self.expression(item, frame) for item in node.elts]
        if isinstance(node, ast.Subscript):
            return self._subscript(node, frame)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            value = self.expression(node.operand, frame)
            if isinstance(value, (int, float)):
                return -value
        if isinstance(node, ast.Dict) and not node.keys:
            return {}
        raise self.error("an expression of TorchScript", type(node).__name__)

    def _name(self, name: str, frame: Frame) -> object:
        if name in frame.names:
            return frame.names[name]
        if name in ("inf", "nan"):
            return float(name)
        raise self.error(f"a value for {name}", "a name that is not set")

    def _subscript(self, node: ast.Subscript, frame: Frame) -> object:
        holder, index = self.expression(node.value, frame), self.expression(node.slice, frame)
        if isinstance(holder, dict) and isinstance(index, (str, int)):
            return holder[index]
        if not isinstance(holder, (list, tuple)) or not isinstance(index, int):
            raise self.error("an item of a list", f"{type(holder).__name__}[{type(index).__name__}]")
        if not -len(holder) <= index < len(holder):
            raise self.error(f"an index below {len(holder)}", str(index))
        return holder[index]

    def _attribute(self, node: ast.Attribute, frame: Frame) -> object:
        dotted = _dotted(node)
        if dotted is not None and dotted.split(".", 1)[0] not in frame.names:
            return self._global(dotted)
        holder = self.expression(node.value, frame)
        if not isinstance(holder, Module):
            raise self.error(f"a module with {node.attr}", type(holder).__name__)
        return self.attribute(holder, node.attr)

    def attribute(self, module: Module, name: str) -> object:
        """A module's attribute as the code sees it: tensors become symbolic."""
        found, value = self.memory.lookup(module, name)
        if not found:
            finals = self.script.source.class_source(module.class_name).finals
            if name not in finals:
                raise self.error(f"{module.short_name} with `{name}`", "none")
            value = finals[name]
        return self.memory.symbolic(value, f"{self.memory.path(module)}.{name}".lstrip("."))

    def _global(self, dotted: str) -> object:
        if dotted.startswith("__torch__."):
            return FunctionRef(dotted)
        if dotted.startswith("CONSTANTS.c") and is_count(dotted[11:]):
            index = int(dotted[11:])
            if index >= len(self.script.constants):
                raise self.error(f"a constant number {index}", f"{len(self.script.constants)} constants")
            return self.memory.symbolic(self.script.constants[index], dotted)
        raise self.error("a name of TorchScript", dotted)

    def _call(self, node: ast.Call, frame: Frame) -> object:
        function = node.func
        if isinstance(function, ast.Name) and function.id not in frame.names:
            return self._builtin(function.id, node, frame)
        arguments = [self.expression(item, frame) for item in node.args]
        keywords = {item.arg: self.expression(item.value, frame) for item in node.keywords if item.arg}
        if isinstance(function, ast.Attribute):
            dotted = _dotted(function)
            root = dotted.split(".", 1)[0] if dotted else ""
            if dotted and root in ("torch", "ops") and root not in frame.names:
                return self._operator(dotted, arguments, keywords, frame)
            if not (dotted and root == "__torch__"):
                holder = self.expression(function.value, frame)
                if not isinstance(holder, Module):
                    raise self.error(f"a module with `{function.attr}`", type(holder).__name__)
                return self._method(holder, function.attr, arguments, keywords)
        target = self.expression(function, frame)
        if not isinstance(target, FunctionRef):
            raise self.error("a function", type(target).__name__)
        source = self.script.source.function(target.qualified)
        return self.run(source, arguments, keywords, frame.path)

    def _method(
        self, module: Module, name: str, arguments: list[object], keywords: dict[str, object]
    ) -> object:
        source = self.script.source.class_source(module.class_name)
        if name not in source.methods:
            raise self.error(f"{module.short_name} with `{name}`", "none")
        return self.run(source.methods[name], [module, *arguments], keywords, self.memory.path(module))

    def _operator(
        self, dotted: str, arguments: list[object], keywords: dict[str, object], frame: Frame
    ) -> object:
        operator = OPERATORS.get(dotted)
        if operator is None:
            raise self.error("operators that the exporter knows", f"`{dotted}`")
        line = frame.line
        try:
            result = operator(self, *arguments, **keywords)
            if isinstance(result, (list, str)):
                self.build.spend(64 * len(result))
            return result
        except ExportError as error:
            frame.line = line
            if " at " in error.got and " line " in error.got:
                raise
            raise self.error(error.wanted, f"{error.got} in `{dotted}`", error.do) from error
        except _TROUBLE as error:
            raise self.error(f"`{dotted}` as torch defines it", f"other arguments ({error})") from error

    def _builtin(self, name: str, node: ast.Call, frame: Frame) -> object:
        if name == "annotate":
            value = self.expression(node.args[1], frame)
            kind = node.args[0].id if isinstance(node.args[0], ast.Name) else ""
            if isinstance(value, Tensor) and kind in ("int", "float", "bool", "number"):
                return self.scalar(value)
            return value
        if name == "unchecked_cast":
            return self.expression(node.args[1], frame)
        if name == "uninitialized":
            return None
        arguments = [self.expression(item, frame) for item in node.args]
        if name == "getattr" and isinstance(arguments[0], Module) and isinstance(arguments[1], str):
            return self.attribute(arguments[0], arguments[1])
        if name == "range" and all(isinstance(item, int) for item in arguments):
            return range(*[item for item in arguments if isinstance(item, int)])
        if name in ("bool", "int", "float") and len(arguments) == 1:
            return self._convert(name, arguments[0])
        raise self.error("a function of TorchScript", f"`{name}`")

    def _convert(self, name: str, value: object) -> Scalar:
        if isinstance(value, Tensor):
            value = self.scalar(value)
        if not isinstance(value, (bool, int, float, str)):
            raise self.error(f"a number for {name}()", type(value).__name__)
        try:
            return bool(value) if name == "bool" else int(value) if name == "int" else float(value)
        except (ValueError, OverflowError) as error:
            raise self.error(f"a number for {name}()", repr(value)[:40]) from error


def _dotted(node: ast.expr) -> str | None:
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return None
    if node.id not in ("torch", "ops", "__torch__", "CONSTANTS"):
        return None
    return ".".join([node.id, *reversed(parts)])
