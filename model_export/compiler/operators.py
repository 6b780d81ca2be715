"""Which function lowers which operator."""

from __future__ import annotations

from model_export.compiler import lower_conv, lower_loops, lower_map, lower_shape
from model_export.compiler.lower import Operators

OPERATORS: Operators = {
    **lower_shape.OPERATORS,
    **lower_map.OPERATORS,
    **lower_loops.OPERATORS,
    **lower_conv.OPERATORS,
}
