"""Morph: the way from the place that another touch plays to the place of this one.

While scenes change the board gives this graph the other touch's place (`lead.place`, in sigma) and how much
of it still counts (`lead.share`, 1 to 0). Between the two the place goes along the great circle, with a
length that goes from the one's to the other's:

    l = y + share (place - y),   y' = l (|y| + share (|place| - |y|)) / |l|

so that a mapping that only turns (Rotate) passes to another that only turns without a dip in between. Where
the two places are more than 120 degrees apart the way is shorter than that, down to a straight line through
the middle for opposite ones: it stays continuous. `share` = 1 is the other's place and 0 is y, to the last
bit.
"""

from __future__ import annotations

import spox.opset.ai.onnx.v17 as op
from spox import Var

from graphs.card import LEAD
from graphs.stateful import StatefulGraph, const, shape_const

PLACE, SHARE = f"{LEAD}place", f"{LEAD}share"
# Of the length that is wanted: a shorter chord is not stretched to it, but as if it were so long. cos 60.
SHORTEST = 0.5


def led(graph: StatefulGraph, y: Var, latents: int) -> Var:
    """y [Z] in sigma, or the place between the other touch's and it; what nobody leads is y."""
    place = graph.input(PLACE, (latents,))
    share = op.reshape(op.clip(graph.input(SHARE, ()), const(0.0), const(1.0)), shape_const([1]))
    line = op.add(y, op.mul(share, op.sub(place, y)))
    own, other = _length(y), _length(place)
    wanted = op.add(own, op.mul(share, op.sub(other, own)))
    chord = op.max([_length(line), op.mul(wanted, const(SHORTEST)), const(1e-9)])
    between = op.mul(line, op.div(wanted, chord))
    here = op.where(op.greater(share, const(0.0)), between, y)
    return op.where(op.less(share, const(1.0)), here, place)


def _length(value: Var) -> Var:
    return op.sqrt(op.reduce_sum(op.mul(value, value), keepdims=1))
