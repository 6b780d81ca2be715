"""The table of operators by the name under which the serialized code calls them."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, TypeAlias, TypeVar

if TYPE_CHECKING:
    from model_export.symbolic.interpreter import Interpreter

Scalar: TypeAlias = bool | int | float
Operator: TypeAlias = Callable[..., object]
Machine: TypeAlias = "Interpreter"

F = TypeVar("F", bound=Operator)

OPERATORS: dict[str, Operator] = {}


def operator(*names: str, prefix: str = "torch.") -> Callable[[F], F]:
    """Registers a function `f(machine, *arguments)` under names such as `torch.add`."""

    def register(function: F) -> F:
        for name in names:
            OPERATORS[prefix + name] = function
        return function

    return register


def load_operators() -> None:
    """Fills the table from every module `operators_*` of this package."""
    package = import_module("model_export.symbolic")
    for module in iter_modules(package.__path__):
        if module.name.startswith("operators_"):
            import_module(f"model_export.symbolic.{module.name}")
