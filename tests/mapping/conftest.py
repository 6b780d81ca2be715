"""Fixtures of the mapping's tests: a calibration and cards that nothing was measured for."""

from __future__ import annotations

from typing import Any

import pytest

from calibration import Calibration
from tests.support import plain_board


@pytest.fixture(scope="session")
def calibration() -> Calibration:
    """See `plain_board.plain_calibration`."""
    return plain_board.plain_calibration()


@pytest.fixture(scope="session")
def gaussian_card() -> Any:
    """See `plain_board.gaussian_card`."""
    return plain_board.gaussian_card
