"""`lodestone sensors`: what it prints, its JSON, its exit codes, and its one-line errors."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from pythonosc.osc_message import OscMessage
from typer.testing import CliRunner, Result

from errors import LodestoneError
from lodestone.cli import build_app
from sensors import Flag, SensorError, open_source
from sensors.autorange import full_scale_mt, suggest_range
from sensors.check import check_frames
from sensors.recording import read_recording
from sensors.watch import BAR, WatchView, bar, words


def run(*arguments: str) -> Result:
    return CliRunner().invoke(build_app(), ["sensors", *arguments])


def test_scan_names_four_chips() -> None:
    result = run("scan", "--bus", "sim:empty", "--json")
    assert result.exit_code == 0
    found = json.loads(result.stdout)["found"]
    assert [(entry["address"], entry["chip"]) for entry in found] == [
        (0x0C + k, "mlx90393") for k in range(4)
    ]
    assert len({entry["identity"] for entry in found}) == 4
    result = run("scan", "--bus", "sim:empty?chip=tmag5273")
    assert result.exit_code == 0
    assert result.stdout.count("tmag5273") == 4


@pytest.mark.parametrize(
    ("fault", "word"),
    [
        ("unplug,1,0,60", "nobody at 0x0D"),
        ("clash,1,0,60", "two chips at one address"),
        ("memory,2,0,60", "0x0E answers, but not as one of our chips"),
    ],
)
def test_scan_says_what_is_wrong(fault: str, word: str) -> None:
    result = run("scan", "--bus", f"sim:empty?fault={fault}")
    assert result.exit_code == 1
    assert word in result.stdout


def test_scan_of_a_stuck_or_empty_bus() -> None:
    result = run("scan", "--bus", "sim:empty?fault=stuck,0,0,60")
    assert isinstance(result.exception, LodestoneError)
    assert "held low" in str(result.exception)
    silent = "&".join(f"fault=unplug,{k},0,60" for k in range(4))
    assert "check the supply" in run("scan", "--bus", f"sim:empty?{silent}").stdout
    assert isinstance(run("scan", "--bus", "osc:127.0.0.1").exception, SensorError)


def test_check_of_healthy_sensors() -> None:
    result = run("check", "--bus", "sim:empty?seed=1", "--json")
    assert result.exit_code == 0
    report = json.loads(result.stdout)
    assert report["ok"]
    assert report["rate_hz"] == pytest.approx(200.0, abs=0.5)
    np.testing.assert_allclose([sensor["noise_ut"] for sensor in report["sensors"]], 5.0, atol=0.8)
    np.testing.assert_allclose([sensor["field_mt"][2] for sensor in report["sensors"]], 28.1, atol=0.1)


@pytest.mark.parametrize(
    ("query", "word"),
    [
        ("fault=unplug,0,0,60", "does not answer"),
        ("fault=unplug,0,1,1", "a loose cable"),
        ("fault=brown-out,0,1", "it reset itself"),
        ("fault=frozen,0,0.5,60", "stand still"),
        ("fault=magnet,0,1,1", "clips in x and y and z"),
        ("fault=memory,0,1,60", "another chip"),
        ("mains_hz=50&mains_ut=300", "mains"),
        ("temperature_c=55", "55 °C"),
    ],
)
def test_check_says_what_is_wrong(query: str, word: str) -> None:
    result = run("check", "--bus", f"sim:empty?{query}")
    assert result.exit_code == 1
    first = next(line for line in result.stdout.splitlines() if line.lstrip().startswith("1  "))
    assert word in first
    assert "not well" in result.stdout


def test_check_tells_a_slow_bus_and_too_few_frames() -> None:
    with open_source("sim:empty?overhead_us=900") as source:
        frames = [frame for frame, _ in zip(source, range(100), strict=False)]
        report = check_frames(frames, source.info)
        assert not report.ok
        assert "frames a second" in report.remarks[0]
        with pytest.raises(SensorError):
            check_frames(frames[:5], source.info)


def test_record_and_replay(tmp_path: Path) -> None:
    take = tmp_path / "take.frames"
    made = run("record", str(take), "--bus", "sim:first-sound?seed=2", "--seconds", "2", "--json")
    assert made.exit_code == 0
    written = json.loads(made.stdout)
    assert written["frames"] == pytest.approx(400, abs=1)
    assert written["sha256"] == read_recording(take).sha256
    shown = json.loads(run("replay", str(take), "--json").stdout)
    assert shown["sha256"] == written["sha256"]
    assert shown["damage"] is None
    again = run("record", str(tmp_path / "again"), "--bus", f"replay:{take}", "--json")
    assert json.loads(again.stdout)["sha256"] == written["sha256"]
    take.write_bytes(take.read_bytes()[:-100])
    cut = run("replay", str(take))
    assert cut.exit_code == 0
    assert "cut off" in cut.stderr


def test_replay_to_osc(tmp_path: Path) -> None:
    import socket

    take = tmp_path / "take.frames"
    run("record", str(take), "--bus", "sim:first-sound", "--seconds", "0.05")
    ear = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    ear.bind(("127.0.0.1", 0))
    ear.settimeout(5.0)
    assert (
        run("replay", str(take), "--speed", "0", "--osc", f"127.0.0.1:{ear.getsockname()[1]}").exit_code == 0
    )
    first = next(read_recording(take).frames())
    messages = [OscMessage(ear.recv(256)) for _ in range(8)]
    ear.close()
    assert [message.address for message in messages] == ["/mag", "/field"] * 4
    assert messages[0].params == [1, *first.counts[0].tolist()]
    np.testing.assert_allclose(messages[7].params[1:], first.field_mt[3], rtol=1e-6)
    assert isinstance(run("replay", str(take), "--osc", "here:there").exception, SensorError)


def test_watch_without_a_terminal() -> None:
    result = run("watch", "--bus", "sim:first-sound?fault=unplug,2,1,60", "--seconds", "3", "--speed", "0")
    head, *lines = result.stdout.splitlines()
    assert head.split()[:3] == ["time", "s", "frames/s"]
    assert len(lines) in (2, 3)
    assert lines[1].split()[1] == "200.0"
    assert lines[1].endswith("ok / ok / lost / ok")


def test_the_live_view() -> None:
    from rich.console import Console

    with open_source("sim:first-sound?seed=1&fault=unplug,3,2,60") as source:
        view = WatchView(source.info)
        for frame, _ in zip(source, range(700), strict=False):
            view.add(frame)
        console = Console(width=120, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
        console.print(view.render())
    text = console.export_text()
    assert text.count("│") == 12
    assert "200.0 frames/s" in text
    assert "lost" in text


def test_bars() -> None:
    assert bar(0.0) == " " * BAR + "│" + " " * BAR
    assert bar(1000.0).endswith("█" * BAR)
    assert bar(-1000.0).startswith("█" * BAR)
    assert bar(0.5).count("█") < bar(5.0).count("█") == bar(-5.0).count("█")
    assert words(0) == "ok"
    assert words(Flag.SATURATED | Flag.LOST) == "clips, lost"


def test_range_advice() -> None:
    random = np.random.default_rng(1)
    field = random.normal(0.0, 5.0, (4000, 4, 3))
    assert suggest_range(field).gain_sel == 6
    assert suggest_range(field / 4).gain_sel == 7
    assert suggest_range(field * 2.1).gain_sel == 3
    far = suggest_range(field * 10)
    assert not far.enough
    assert far.gain_sel == 0
    assert "more space" in far.words()
    np.testing.assert_allclose(full_scale_mt(7), (19.7, 19.7, 31.7), atol=0.06)
    np.testing.assert_allclose(full_scale_mt(0), (98.3, 98.3, 158.6), atol=0.1)
    with pytest.raises(SensorError):
        suggest_range(field[:10])


@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "--bus", "nix"),
        ("watch", "--bus", "sim:nix"),
        ("record", "/dev/null/where", "--bus", "sim:empty"),
        ("replay", "/dev/null/where"),
        ("check", "--bus", "sim:empty?fault=fire,1,1"),
        ("check", "--bus", "sim:empty?fault=unplug,one"),
        ("check", "--bus", "sim:empty?chip=lis3mdl"),
        ("check", "--bus", "smbus:1?gain_sel=0.5"),
    ],
)
def test_mistakes_are_one_line(arguments: tuple[str, ...]) -> None:
    result = run(*arguments)
    assert isinstance(result.exception, LodestoneError)
    assert "\n" not in str(result.exception)
