"""deploy.sh to a virtual Bela."""

from __future__ import annotations

from tests.virtual_board.flashing import Flashing
from tests.virtual_board.kinds import BELA


class TestBela(Flashing):
    """On its own image's Debian, compiler and processor."""

    kind = BELA
