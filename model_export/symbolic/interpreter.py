"""Walks the serialized code statement by statement over symbolic tensors.

The code is a small, regular subset of Python (assignments, If, For over ranges, one Return, calls), so
its meaning is that of its operators. No class is known by name.
"""

from __future__ import annotations

import ast

from model_export.graph import Builder
from model_export.symbolic.expressions import Evaluator, Frame
from model_export.symbolic.remembered import Memory
from model_export.symbolic.tensor import Tensor
from model_export.torchscript import FunctionSource, Module, ScriptFile

MAX_STATEMENTS = 100_000  # real decoders: 900 to 30,000 a call
MAX_DEPTH = 120


class Interpreter(Evaluator):
    """Runs methods of one script.

    Raises:
        ExportError: naming the operator, the module path and the source line.
    """

    def __init__(self, script: ScriptFile, build: Builder, memory: Memory) -> None:
        super().__init__(script, build, memory)
        self._statements = 0

    def call_method(self, module: Module, name: str, arguments: list[object]) -> object:
        """Calls a method of a module with positional arguments."""
        source = self.script.source.class_source(module.class_name)
        if name not in source.methods:
            raise self.error(f"a module with `{name}`", f"{module.short_name}, which has none")
        return self.run(source.methods[name], [module, *arguments], {}, self.memory.path(module))

    def run(
        self, function: FunctionSource, arguments: list[object], keywords: dict[str, object], path: str
    ) -> object:
        """Runs a function for the module at `path`. Raises ExportError where it is not understood."""
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
            frame.names[name] = self.expression(default, frame)
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
            return True, None if statement.value is None else self.expression(statement.value, frame)
        if isinstance(statement, ast.If):
            taken = statement.body if self._truth(statement.test, frame) else statement.orelse
            return self._block(taken, frame)
        if isinstance(statement, ast.For):
            return self._loop(statement, frame)
        if isinstance(statement, ast.Assign):
            value = self.expression(statement.value, frame)
            for target in statement.targets:
                self._assign(target, value, frame)
        elif isinstance(statement, ast.AnnAssign):
            if statement.value is not None:
                self._assign(statement.target, self.expression(statement.value, frame), frame)
        elif isinstance(statement, ast.Expr):
            self.expression(statement.value, frame)
        elif not isinstance(statement, ast.Pass):
            raise self.error("a statement of TorchScript", type(statement).__name__)
        return False, None

    def _loop(self, statement: ast.For, frame: Frame) -> tuple[bool, object]:
        items = self.expression(statement.iter, frame)
        if not isinstance(items, (range, list, tuple)):
            raise self.error("a loop over a known range", "a loop that depends on data")
        for item in items:
            self._assign(statement.target, item, frame)
            returned, value = self._block(statement.body, frame)
            if returned:
                return True, value
        return False, None

    def _truth(self, test: ast.expr, frame: Frame) -> bool:
        value = self.expression(test, frame)
        if isinstance(value, Tensor):
            value = self.scalar(value)
        if not isinstance(value, (bool, int, float)):
            raise self.error("a condition", type(value).__name__)
        return bool(value)

    def _assign(self, target: ast.expr, value: object, frame: Frame) -> None:
        if isinstance(target, ast.Name):
            frame.names[target.id] = value
        elif isinstance(target, (ast.Tuple, ast.List)):
            if not isinstance(value, (tuple, list)) or len(value) != len(target.elts):
                raise self.error(f"{len(target.elts)} values to unpack", type(value).__name__)
            for element, item in zip(target.elts, value, strict=True):
                self._assign(element, item, frame)
        elif isinstance(target, ast.Attribute):
            module = self.expression(target.value, frame)
            if not isinstance(module, Module):
                raise self.error("an attribute of a module", type(module).__name__)
            self.memory.assign(module, target.attr, value)
        else:
            raise self.error("a name to assign to", type(target).__name__)
