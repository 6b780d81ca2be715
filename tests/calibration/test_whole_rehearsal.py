"""`lodestone calibrate --simulate`, whole, at a real terminal: a player who presses keys early and late."""

from __future__ import annotations

import sys
from pathlib import Path

from calibration import load
from tests.support.terminal import CTRL_C, Terminal

ROOT = Path(__file__).parents[2]
PACE = 25.0


def rehearsal(out: Path, *arguments: str) -> Terminal:
    """The command as it is, but for the pace of its clock."""
    program = (
        "import sys; import lodestone.commands.calibrate as verb; from lodestone.cli import main; "
        f"verb.PACE = {PACE}; sys.argv = ['lodestone', *sys.argv[1:]]; main()"
    )
    given = ["calibrate", "--simulate", "--play-seconds", "16", "--out", str(out), *arguments]
    return Terminal([sys.executable, "-c", program, *given], ROOT)


def test_a_whole_rehearsal(tmp_path: Path) -> None:
    """Its prompts in order; early keys are none; a step once more; what cannot be skipped is not offered."""
    out = tmp_path / "a.calibration.json"
    with rehearsal(out) as stage:
        stage.until("self-check")
        stage.key("\ns\nq\n")  # before anything is asked
        asked = stage.until("Enter when ready")
        assert "empty board" in asked
        assert stage.quiet(0.5).strip(" \r\n") == "", "the early keys are none, and it is not to be skipped"
        stage.key("\n")
        stage.until("Enter to go on, r to repeat")
        stage.key("r\n")
        assert "empty board" in stage.until("Enter when ready")
        stage.key("s\n")  # not offered, and so no answer but ready
        assert "still" in stage.until("Enter to go on, r to repeat")
        stage.key("\n")
        assert "roll one marble alone" in stage.until("Enter when ready, s to skip")
        stage.key("\n")
        stage.quiet(0.2)
        stage.key("q\n")  # in the middle of the play
        assert "of the play room visited" in stage.until("Enter to go on, r to repeat")
        assert stage.quiet(0.5).strip(" \r\n") == ""
        stage.key("\n")
        assert "free play cannot tell" in " ".join(stage.until("one ball on one spot:").split())
        offered = stage.until("Enter when ready, s to skip")
        assert "centre of ring 1" in " ".join(offered.split())
        assert "the one before again" not in offered + stage.quiet(0.3)
        stage.key("\n")
        stage.until("as on a board in order")
        clock = " ".join(stage.until("(of 120)").split())
        assert "by the clock of a hand" in clock
        stage.until("wrote")
        assert stage.ended() == 0
    spot = load(out).report["figures"]["arrangement"]["spot_misfit"]
    assert 0.0 <= spot < 1.9


def test_ctrl_c_at_a_question_leaves_the_old_one(tmp_path: Path) -> None:
    out = tmp_path / "a.calibration.json"
    with rehearsal(out) as stage:
        stage.until("Enter when ready")
        stage.key(CTRL_C)
        stage.until("the old one stays in force")
        assert stage.ended() == 1
        assert "Traceback" not in stage.shown
    assert not out.exists()
