"""Which function lowers which operator."""

from __future__ import annotations

from collections.abc import Callable

from model_export.compiler import lower_conv, lower_loops, lower_map, lower_shape
from model_export.compiler.ir import Node
from model_export.compiler.lower import Lowering

OPERATORS: dict[str, Callable[[Lowering, Node], None]] = {
    **lower_shape.OPERATORS,
    **lower_map.OPERATORS,
    **lower_loops.OPERATORS,
    **lower_conv.OPERATORS,
}
