"""Time as the parts of the touch stage see it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import spox.opset.ai.onnx.v17 as op
from spox import Var

from graphs.stateful import StatefulGraph, const

# A longer pause counts as this much: after a stall the touch catches up over a few frames instead of jumping.
LONGEST_DT_S = 0.05


@dataclass(frozen=True)
class Clock:
    """What every part needs to know about time.

    `dt` is the seconds since the last frame, 0..LONGEST_DT_S, shape []. `moved` is 1 where dt > 0, else 0: a
    frame that takes no time changes nothing. `fresh` is true in the first call after a reset, shape [1].
    """

    dt: Var
    moved: Var
    fresh: Var


def start_clock(graph: StatefulGraph) -> Clock:
    """Reads `dt` and notices the first call: every filter then adopts what it sees, not rising from 0."""
    dt = op.clip(graph.input("dt", ()), const(0.0), const(LONGEST_DT_S))
    moved = op.cast(op.greater(dt, const(0.0)), to=np.float32)
    started = graph.state("started", (1,))
    started.then = const([1.0])
    return Clock(dt, moved, op.less(started.now, const(0.5)))
