"""The board's log, and that nothing which waits for a card or a scene keeps the instrument from its host."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pythonosc.osc_message import OscMessage

from sensors.simulation import SimulatedBoard
from tests.board.fake_board import FakeBoard
from tests.support.messages import message
from tests.support.scripted_host import ScriptedHost
from tests.support.tiny import image, play, scene

LINE = re.compile(r" *(\d+\.\d\d)  (.+)")


def lines(file: Path) -> list[tuple[float, str]]:
    found = [LINE.fullmatch(line) for line in file.read_text().splitlines()]
    assert all(found)
    return [(float(m[1]), m[2]) for m in found if m]


def test_the_log_tells_the_evening(tmp_path: Path) -> None:
    made = image(tmp_path, scene(tmp_path / "p", "one"), scene(tmp_path / "p", "two"))
    script = [
        (0.5, message("/scene", 1)),
        (1.0, message("/mode", "host")),
        (1.5, message("/mute", 1)),
        (2.0, message("/scene", 7)),
    ]
    board = SimulatedBoard("empty", addresses=(0x0C, 0x0D, 0x0E, 0x44))
    play(
        tmp_path / "run",
        made,
        *("--log", str(tmp_path / "log")),
        outside=ScriptedHost(script),
        board=board,
        seconds=4.0,
    )
    told = lines(tmp_path / "log")
    at = {text: time_s for time_s, text in told}
    assert re.fullmatch(r"started, firmware \d+\.\d+\.\d+", told[0][1])
    assert at["scene 0 one"] == 0.0
    assert at["scene 1 two"] == pytest.approx(0.75, abs=0.25)
    assert at["mode host, asked for host"] == pytest.approx(1.0, abs=0.03)
    assert at["muted"] == pytest.approx(1.5, abs=0.03)
    assert at["1 refused, the last: /scene: no scene 7: there are 2, counted from 0"] <= 3.1
    assert at["sensor 4: lost"] <= 1.1
    assert [time_s for time_s, _ in told] == sorted(time_s for time_s, _ in told)


def test_a_full_disk_loses_lines_and_no_sound(tmp_path: Path) -> None:
    made = image(tmp_path)
    script = [(0.3 + i / 10, message("/mute", i % 2)) for i in range(10)]
    good = play(
        tmp_path / "a", made, "--log", str(tmp_path / "log"), outside=ScriptedHost(list(script)), seconds=2.5
    )
    full = play(tmp_path / "b", made, "--log", "/dev/full", outside=ScriptedHost(list(script)), seconds=2.5)
    assert full.stats["underruns"] == 0
    assert full.wav.read_bytes() == good.wav.read_bytes()
    assert len(lines(tmp_path / "log")) > 10


def test_a_host_that_dies_while_a_scene_loads_is_replaced_in_time(tmp_path: Path) -> None:
    made = image(tmp_path, scene(tmp_path / "p", "one"), scene(tmp_path / "p", "two"))
    script = [
        (0.3, message("/mode", "host")),
        (0.9, message("/scene", 1)),
        (1.6, message("/knob/reach", 1.0)),
        (2.0, message("/hello", 9000)),
    ]
    load = ("--load-us", "3000000")
    run = play(tmp_path / "run", made, *load, outside=ScriptedHost(script, dies_at=1.05), seconds=5.0)
    back = run.stats["modes"][-1]
    assert back["sounding"] == "onboard"
    assert 1.3 <= back["time_s"] <= 1.32
    statuses = [
        (now * 1e-6, OscMessage(d).params) for now, d in run.outside.datagrams if d.startswith(b"/status")
    ]
    loading = [(at, params) for at, params in statuses if 1.0 <= at <= 3.8]
    assert {params[2] for _, params in loading} == {0}
    assert any(2.0 <= at <= 2.02 for at, _ in loading)  # hello is answered
    assert statuses[-1][1][2] == 1
    assert run.stats["underruns"] == 0
    again = play(tmp_path / "again", made, *load, outside=ScriptedHost(script, dies_at=1.05), seconds=5.0)
    assert again.wav.read_bytes() == run.wav.read_bytes()


def test_lodestone_logs_tells_both_files(tmp_path: Path) -> None:
    board = FakeBoard(tmp_path / "board")
    assert board.deploy("--image", board.image("first")).returncode == 0
    folder = board.folder / "versions" / "log"
    folder.mkdir()
    (folder / "board.log.1").write_text("".join(f"older {n}\n" for n in range(150)))
    (folder / "board.log").write_text("".join(f"newer {n}\n" for n in range(100)))
    told = [line for line in board.deploy("--logs").stdout.splitlines() if "er " in line]
    expected = [f"older {n}" for n in range(50, 150)] + [f"newer {n}" for n in range(100)]
    assert [line for line in told if line.startswith(("older", "newer"))] == expected
