"""Ctrl-C in a calibration: a player's is given up; one that a command made in passing ends the command."""

from pathlib import Path

import pytest

from calibration.capture.sources import open_simulated
from calibration.capture.steps import Choice, GivenUp, Step
from calibration.session import Silent, calibrate, calibrate_simulated


class Impatient(Silent):
    """A player who presses Ctrl-C at once."""

    def begin(self, step: Step) -> Choice:
        raise KeyboardInterrupt


def test_ctrl_c_gives_a_calibration_up_but_ends_a_command_that_made_one_in_passing(tmp_path: Path) -> None:
    with pytest.raises(GivenUp, match="the old one stays in force"):
        calibrate(open_simulated(1), Impatient(), tmp_path / "mine.calibration.json")
    with pytest.raises(KeyboardInterrupt):
        calibrate_simulated(tmp_path / "simulated.calibration.json", 1, Impatient())
    assert list(tmp_path.iterdir()) == []
