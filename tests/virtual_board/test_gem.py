"""deploy.sh to a virtual Bela Gem."""

from __future__ import annotations

from tests.virtual_board.flashing import Flashing
from tests.virtual_board.kinds import GEM


class TestGem(Flashing):
    """On its own image's Debian, compiler and processor."""

    kind = GEM
