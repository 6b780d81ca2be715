"""Walks the serialized code statement by statement over symbolic tensors.

The code is a small, regular subset of Python (assignments, If, For over ranges, one Return, calls), so
its meaning is that of its operators; those live in the `operators_*` modules. No class is known by name.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

from model_export.errors import ExportError
from model_export.graph import Builder
from model_export.symbolic.memory import Memory
from model_export.symbolic.registry import OPERATORS, Scalar
from model_export.symbolic.tensor import Tensor
from model_export.torchscript import FunctionSource, Module, ScriptFile

MAX_STATEMENTS = 400_000  # real decoders: 900 to 30,000 a call
MAX_DEPTH = 120
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


@dataclass(frozen=True)
class TypeRef:
    """A name that only says a type (`Tensor`, `List[int]`)."""

    name: str


@dataclass
class Frame:
    """One running function: where it is and what its names hold."""

    path: str
    entry: str
    names: dict[str, object] = field(default_factory=dict)
    line: int = 0


class Interpreter:
    """Runs methods of one script over a `Builder`.

    Raises:
        ExportError: naming the operator, the module path and the source line.
    """

    def __init__(self, script: ScriptFile, build: Builder, memory: Memory) -> None:
        self.script, self.build, self.memory = script, build, memory
        self._frames: list[Frame] = []
        self._statements = 0

    def call_method(self, module: Module, name: str, arguments: list[object]) -> object:
        """Calls a method of a module with positional arguments."""
        source = self.script.source.class_source(module.class_name)
        if name not in source.methods:
            raise self.error(f"a module with `{name}`", f"{module.short_name}, which has none")
        return self._run(source.methods[name], [module, *arguments], {}, self.memory.path(module))

    def where(self) -> str:
        """The place in the serialized code, for messages."""
        if not self._frames:
            return "the top level"
        frame = self._frames[-1]
        return f"{frame.path or 'the model'} ({frame.entry} line {frame.line})"

    def error(self, wanted: str, got: str, do: str = _UNKNOWN) -> ExportError:
        """An ExportError that says where in the model it happened."""
        return ExportError(wanted, f"{got} at {self.where()}", do)

    def _run(
        self, function: FunctionSource, arguments: list[object], keywords: dict[str, object], path: str
    ) -> object:
        if len(self._frames) >= MAX_DEPTH:
            raise self.error(f"calls nested at most {MAX_DEPTH} deep", "more")
        frame = Frame(path, function.entry)
        self._bind(frame, function.definition, arguments, keywords)
        self._frames.append(frame)
        outer, self.build.scope = self.build.scope, path
        _, result = self._block(function.definition.body, frame)
        self.build.scope = outer
        self._frames.pop()
        return result

    def _bind(
        self, frame: Frame, definition: ast.FunctionDef, arguments: list[object], keywords: dict[str, object]
    ) -> None:
        names = [argument.arg for argument in definition.args.args]
        defaults = definition.args.defaults
        for name, default in zip(names[len(names) - len(defaults) :], defaults, strict=True):
            frame.names[name] = self._expression(default, frame)
        if len(arguments) > len(names):
            raise self.error(f"{len(names)} arguments for {definition.name}", str(len(arguments)))
        frame.names.update(zip(names, arguments, strict=False))
        frame.names.update(keywords)
        missing = [name for name in names if name not in frame.names]
        if missing:
            raise self.error(f"an argument {missing[0]} for {definition.name}", "none")

    def _block(self, statements: list[ast.stmt], frame: Frame) -> tuple[bool, object]:
        """Runs statements; (True, value) once a Return was reached."""
        for statement in statements:
            frame.line = statement.lineno
            self._statements += 1
            if self._statements > MAX_STATEMENTS:
                raise self.error(f"code of at most {MAX_STATEMENTS} steps", "more")
            returned, value = self._statement(statement, frame)
            if returned:
                return True, value
        return False, None

    def _statement(self, statement: ast.stmt, frame: Frame) -> tuple[bool, object]:
        if isinstance(statement, ast.Return):
            return True, None if statement.value is None else self._expression(statement.value, frame)
        if isinstance(statement, ast.If):
            taken = statement.body if self._truth(statement.test, frame) else statement.orelse
            return self._block(taken, frame)
        if isinstance(statement, ast.For):
            return self._loop(statement, frame)
        if isinstance(statement, ast.Assign):
            value = self._expression(statement.value, frame)
            for target in statement.targets:
                self._assign(target, value, frame)
        elif isinstance(statement, ast.AnnAssign):
            if statement.value is not None:
                self._assign(statement.target, self._expression(statement.value, frame), frame)
        elif isinstance(statement, ast.Expr):
            self._expression(statement.value, frame)
        elif not isinstance(statement, ast.Pass):
            raise self.error("a statement of TorchScript", type(statement).__name__)
        return False, None

    def _loop(self, statement: ast.For, frame: Frame) -> tuple[bool, object]:
        items = self._expression(statement.iter, frame)
        if not isinstance(items, (range, list, tuple)):
            raise self.error("a loop over a known range", "a loop that depends on data")
        for item in items:
            self._assign(statement.target, item, frame)
            returned, value = self._block(statement.body, frame)
            if returned:
                return True, value
        return False, None

    def _truth(self, test: ast.expr, frame: Frame) -> bool:
        value = self._expression(test, frame)
        if isinstance(value, Tensor):
            value = self.scalar(value)
        if not isinstance(value, (bool, int, float)):
            raise self.error("a condition", type(value).__name__)
        return bool(value)

    def scalar(self, tensor: Tensor) -> Scalar:
        """The number in a one-element tensor that does not depend on data."""
        value = tensor.read(self.build)
        if value.constant is None or value.elements != 1:
            got = "one that depends on data"
            raise self.error("a branch or number known before the model plays", got)
        number = value.constant.reshape(()).item()
        assert isinstance(number, (bool, int, float))
        return number

    def _assign(self, target: ast.expr, value: object, frame: Frame) -> None:
        if isinstance(target, ast.Name):
            frame.names[target.id] = value
        elif isinstance(target, (ast.Tuple, ast.List)):
            if not isinstance(value, (tuple, list)) or len(value) != len(target.elts):
                raise self.error(f"{len(target.elts)} values to unpack", type(value).__name__)
            for element, item in zip(target.elts, value, strict=True):
                self._assign(element, item, frame)
        elif isinstance(target, ast.Attribute):
            module = self._expression(target.value, frame)
            if not isinstance(module, Module):
                raise self.error("an attribute of a module", type(module).__name__)
            self.memory.assign(module, target.attr, value)
        else:
            raise self.error("a name to assign to", type(target).__name__)

    def _expression(self, node: ast.expr, frame: Frame) -> object:
        if isinstance(node, ast.Name):
            return self._name(node.id, frame)
        if isinstance(node, ast.Constant):
            return node.value
        if isinstance(node, ast.Call):
            return self._call(node, frame)
        if isinstance(node, ast.Attribute):
            return self._attribute(node, frame)
        if isinstance(node, ast.Tuple):
            return tuple(self._expression(item, frame) for item in node.elts)
        if isinstance(node, ast.List):
            return [self._expression(item, frame) for item in node.elts]
        if isinstance(node, ast.Subscript):
            return self._subscript(node, frame)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            value = self._expression(node.operand, frame)
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
        holder, index = self._expression(node.value, frame), self._expression(node.slice, frame)
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
        holder = self._expression(node.value, frame)
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
        if dotted.startswith("CONSTANTS.c") and dotted[11:].isdigit():
            index = int(dotted[11:])
            if index >= len(self.script.constants):
                raise self.error(f"a constant number {index}", f"{len(self.script.constants)} constants")
            return self.memory.symbolic(self.script.constants[index], dotted)
        raise self.error("a name of TorchScript", dotted)

    def _call(self, node: ast.Call, frame: Frame) -> object:
        function = node.func
        if isinstance(function, ast.Name) and function.id not in frame.names:
            return self._builtin(function.id, node, frame)
        arguments = [self._expression(item, frame) for item in node.args]
        keywords = {item.arg: self._expression(item.value, frame) for item in node.keywords if item.arg}
        if isinstance(function, ast.Attribute):
            dotted = _dotted(function)
            root = dotted.split(".", 1)[0] if dotted else ""
            if dotted and root in ("torch", "ops") and root not in frame.names:
                return self._operator(dotted, arguments, keywords, frame)
            if not (dotted and root == "__torch__"):
                holder = self._expression(function.value, frame)
                if not isinstance(holder, Module):
                    raise self.error(f"a module with `{function.attr}`", type(holder).__name__)
                return self._method(holder, function.attr, arguments, keywords)
        target = self._expression(function, frame)
        if not isinstance(target, FunctionRef):
            raise self.error("a function", type(target).__name__)
        source = self.script.source.function(target.qualified)
        return self._run(source, arguments, keywords, frame.path)

    def _method(
        self, module: Module, name: str, arguments: list[object], keywords: dict[str, object]
    ) -> object:
        source = self.script.source.class_source(module.class_name)
        if name not in source.methods:
            raise self.error(f"{module.short_name} with `{name}`", "none")
        return self._run(source.methods[name], [module, *arguments], keywords, self.memory.path(module))

    def _operator(
        self, dotted: str, arguments: list[object], keywords: dict[str, object], frame: Frame
    ) -> object:
        operator = OPERATORS.get(dotted)
        if operator is None:
            raise self.error("operators that the exporter knows", f"`{dotted}`")
        line = frame.line
        try:
            return operator(self, *arguments, **keywords)
        except ExportError as error:
            frame.line = line
            if " at " in error.got and " line " in error.got:
                raise
            raise self.error(error.wanted, f"{error.got} in `{dotted}`", error.do) from error
        except _TROUBLE as error:
            raise self.error(f"`{dotted}` as torch defines it", f"other arguments ({error})") from error

    def _builtin(self, name: str, node: ast.Call, frame: Frame) -> object:
        if name == "annotate":
            value = self._expression(node.args[1], frame)
            kind = node.args[0].id if isinstance(node.args[0], ast.Name) else ""
            if isinstance(value, Tensor) and kind in ("int", "float", "bool", "number"):
                return self.scalar(value)
            return value
        if name == "unchecked_cast":
            return self._expression(node.args[1], frame)
        if name == "uninitialized":
            return None
        arguments = [self._expression(item, frame) for item in node.args]
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
