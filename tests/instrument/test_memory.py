"""What a board remembers from one evening to the next."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from pythonosc.osc_message import OscMessage

from tests.support.messages import message
from tests.support.scripted_host import ScriptedHost
from tests.support.tiny import Run, image, play, scene


def last_status(run: Run) -> list[object]:
    return list([OscMessage(d) for _, d in run.outside.datagrams if d.startswith(b"/status")][-1].params)


def test_scene_mode_and_knobs_come_back(tmp_path: Path) -> None:
    made = image(tmp_path, scene(tmp_path / "p", "one"), scene(tmp_path / "p", "two", hop=1024))
    script = [
        (0.3, message("/scene", 1)),
        (0.9, message("/knob/reach", 3.0)),
        (1.0, message("/mode", "both")),
    ]
    state = ["--state", str(tmp_path / "state")]
    first = play(tmp_path / "a", made, *state, outside=ScriptedHost(script), seconds=2.5)
    again = play(tmp_path / "b", made, *state, seconds=1.5)
    assert last_status(first)[:4] == ["both", "both", 1, "two"]
    assert last_status(again)[:4] == ["both", "onboard", 1, "two"]  # nobody beats a heart now
    fresh = play(tmp_path / "c", made, seconds=1.5)
    assert last_status(fresh)[:4] == ["onboard", "onboard", 0, "one"]
    kept = (tmp_path / "state" / "state.1").read_text() + (tmp_path / "state" / "state.0").read_text()
    assert "knob reach 3" in kept


def test_a_captured_rest_comes_back(tmp_path: Path) -> None:
    made = image(tmp_path)
    state = ["--state", str(tmp_path / "state")]
    first = play(
        tmp_path / "a",
        made,
        *state,
        outside=ScriptedHost([(1.0, message("/rest"))]),
        seconds=7.5,
        gesture="empty",
    )
    before, after = first.latents[20][3], first.latents[-1][3]
    assert np.abs(before).max() > 10 * np.abs(after).max()
    again = play(tmp_path / "b", made, *state, seconds=1.0, gesture="empty")
    assert np.abs(again.latents[-1][3]).max() < 0.1 * np.abs(before).max()
    other = image(tmp_path / "other", scene(tmp_path / "other" / "p", "one", latents=3))
    strange = play(tmp_path / "c", other, *state, seconds=1.0, gesture="empty")
    assert (
        np.abs(strange.latents[-1][3]).max() > 0.5 * np.abs(before).max()
    )  # a rest of another touch is not taken


def test_a_damaged_memory_is_no_memory(tmp_path: Path) -> None:
    made = image(tmp_path)
    (tmp_path / "state").mkdir()
    for name in ("state.0", "state.1"):
        (tmp_path / "state" / name).write_bytes(b"lodestone-state 1\nscene two\ncrc 00000000\n")
    run = play(tmp_path / "a", made, "--state", str(tmp_path / "state"), seconds=1.5)
    assert last_status(run)[:4] == ["onboard", "onboard", 0, "one"]


def test_the_status_file_says_what_the_status_says(tmp_path: Path) -> None:
    file = tmp_path / "status"
    run = play(tmp_path / "a", image(tmp_path), "--status-file", str(file), seconds=2.5)
    lines = dict(line.split(" = ", 1) for line in file.read_text().splitlines())
    assert lines["mode"] == "onboard"
    assert lines["scene"] == "0 one"
    assert lines["version"] == last_status(run)[15]
