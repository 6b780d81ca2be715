"""The code text of an archive: which file holds a class or function, parsed by Python's own `ast`."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from model_export.errors import ExportError
from model_export.torchscript.archive import Archive

MAX_CODE = (
    4 << 20
)  # of all files together; real models stay below 1 MB, and a syntax tree is 200 times its text
_AGAIN = "the file is damaged or made by an unknown exporter: export it again"


@dataclass(frozen=True)
class FunctionSource:
    """One function or method and the archive entry that it was read from."""

    entry: str
    definition: ast.FunctionDef


@dataclass(frozen=True)
class ClassSource:
    """Methods of a class and its `Final` constants (which no pickle holds)."""

    name: str
    methods: dict[str, FunctionSource]
    finals: dict[str, object]


class SourceTable:
    """Finds classes and functions by qualified name (`__torch__.a.b.C` lies in `code/__torch__/a/b.py`)."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._files: dict[str, dict[str, ast.stmt]] = {}
        self._parsed = 0
        self._classes: dict[str, ClassSource] = {}

    def class_source(self, qualified: str) -> ClassSource:
        """The class of that name. Raises ExportError when the archive has none."""
        if qualified not in self._classes:
            entry, node = self._find(qualified)
            if not isinstance(node, ast.ClassDef):
                raise ExportError(f"a class {qualified}", f"something else in {entry}", _AGAIN)
            self._classes[qualified] = _read_class(qualified, entry, node)
        return self._classes[qualified]

    def function(self, qualified: str) -> FunctionSource:
        """The free function of that name. Raises ExportError when the archive has none."""
        entry, node = self._find(qualified)
        if not isinstance(node, ast.FunctionDef):
            raise ExportError(f"a function {qualified}", f"something else in {entry}", _AGAIN)
        return FunctionSource(entry, node)

    def _find(self, qualified: str) -> tuple[str, ast.stmt]:
        module, _, name = qualified.rpartition(".")
        entry = "code/" + module.replace(".", "/") + ".py"
        if entry not in self._files:
            self._files[entry] = self._parse(entry)
        try:
            return entry, self._files[entry][name]
        except KeyError:
            raise ExportError(f"code for {qualified}", f"none in {entry}", _AGAIN) from None

    def _parse(self, entry: str) -> dict[str, ast.stmt]:
        text = self._archive.read_text(entry)
        self._parsed += len(text)
        if self._parsed > MAX_CODE:
            raise ExportError(f"at most {MAX_CODE >> 20} MB of code", "more", _AGAIN)
        try:
            tree = ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            got = f"unreadable text ({str(error)[:80]})"  # a parser that nests too deep says MemoryError
            raise ExportError(f"serialized code in {entry}", got, _AGAIN) from None
        return {n.name: n for n in tree.body if isinstance(n, (ast.ClassDef, ast.FunctionDef))}


def _read_class(qualified: str, entry: str, node: ast.ClassDef) -> ClassSource:
    methods: dict[str, FunctionSource] = {}
    finals: dict[str, object] = {}
    for item in node.body:
        if isinstance(item, ast.FunctionDef):
            methods[item.name] = FunctionSource(entry, item)
        elif isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name):
            if item.value is None:
                continue
            try:
                finals[item.target.id] = ast.literal_eval(item.value)
            except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
                continue  # not a literal: an error only if some line reads it
    return ClassSource(qualified, methods, finals)
