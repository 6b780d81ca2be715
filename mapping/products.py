"""Products of a constant matrix and a vector, laid out as the engine is fastest with them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import spox.opset.ai.onnx.v17 as op
from spox import Var

from graphs.stateful import const, shape_const


def matrix_times(matrix: npt.NDArray[np.float64], vector: Var) -> Var:
    """matrix [N, K] times vector [K], shape [N].

    Written as a row times the transposed matrix: the engine's vectors then run over N, not over one column.
    """
    rows, columns = matrix.shape
    row = op.reshape(vector, shape_const([1, columns]))
    return op.reshape(op.matmul(row, const(matrix.T)), shape_const([rows]))
