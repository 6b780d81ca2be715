"""How far apart two players of one graph may be: the only place where this is said.

Every figure is the largest difference as a share of the output's peak.
"""

from __future__ import annotations

# Two engines on one exact graph: they add in another order, and float32 rounds each sum.
EXACT = 1e-5
# On one quantised graph. An input on the edge between two steps is rounded this way or that, and processors
# differ there: one step more or less of 16 bits, or of 8.
QUANTISED = {"w8": 5e-3, "w8a16": 5e-3, "w8a8": 5e-2}
# From here on a recorded run is kept in 16 bits, whose own rounding is far below.
LOOSE = 1e-3
