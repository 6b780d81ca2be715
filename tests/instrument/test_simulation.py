"""The firmware as a whole: the real render.cpp and its threads in simulated time, with a simulated board."""

from __future__ import annotations

import dataclasses
import subprocess
import wave
from pathlib import Path

import numpy as np
import pytest
from pythonosc.osc_message import OscMessage

from definitions.osc import named
from firmware import Engine
from graphs.card import attach_card, read_card
from mapping import touch_graph
from model_export.compiler import compile_plan
from sensors.simulation import SimulatedBoard
from tests.support.messages import message
from tests.support.plain_board import gaussian_card, plain_calibration
from tests.support.scripted_host import ScriptedHost
from tests.support.tiny import RATE, SIM, Run, image, play, scene, voice_plan

FADE_IN = 128


def offline(run: Run, plan: bytes, scene_index: int = 0) -> np.ndarray:
    """The voice alone, run on the latents that the board's voice consumed."""
    engine = Engine(plan)
    blocks = [
        engine.run({"latent": z.reshape(1, -1, 1)})["audio"][0]
        for i, _, _, z in run.latents
        if i == scene_index
    ]
    return np.concatenate(blocks, axis=1).T


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return image(tmp_path_factory.mktemp("one"))


def test_the_sound_is_the_voice_on_the_logged_latents(tmp_path: Path, one: Path) -> None:
    run = play(tmp_path, one)
    heard, alone = run.samples(), offline(run, voice_plan())
    start = run.stats["voice_started_at"]
    count = len(heard) - start
    assert count > 1.9 * RATE
    np.testing.assert_array_equal(heard[start + FADE_IN :, 0], alone[FADE_IN:count, 0])
    np.testing.assert_array_equal(heard[:, 0], heard[:, 1])
    assert run.stats["underruns"] == 0
    assert len({tuple(z) for *_, z in run.latents}) > 100


def test_two_runs_are_the_same_to_the_byte(tmp_path: Path, one: Path) -> None:
    script = [(0.4, message("/mode", "host")), (1.1, message("/mode", "onboard"))]
    a = play(tmp_path / "a", one, outside=ScriptedHost(list(script)))
    b = play(tmp_path / "b", one, outside=ScriptedHost(list(script)))
    assert a.wav.read_bytes() == b.wav.read_bytes()
    assert a.outside.datagrams == b.outside.datagrams
    assert {k: v for k, v in a.stats.items() if k != "measured"} == {
        k: v for k, v in b.stats.items() if k != "measured"
    }


@pytest.mark.parametrize("period", [8, 16, 32, 64, 100, 128, 256, 512, 1024])
def test_every_period_plays_the_same_voice(tmp_path: Path, one: Path, period: int) -> None:
    run = play(tmp_path, one, "--period", str(period), "--outputs", "10", seconds=0.7)
    heard, alone = run.samples(), offline(run, voice_plan())
    start = run.stats["voice_started_at"]
    np.testing.assert_array_equal(heard[start + FADE_IN :, 0], alone[FADE_IN : len(heard) - start, 0])
    assert np.all(heard[:, 2:] == 0.0)
    assert run.stats["underruns"] == 0


@pytest.mark.parametrize("period", [16, 128, 1024])
@pytest.mark.parametrize("rate", [44100, 48000])
@pytest.mark.parametrize("channels", [1, 2])
def test_mono_and_stereo_voices_at_both_rates(tmp_path: Path, channels: int, rate: int, period: int) -> None:
    made = image(tmp_path, scene(tmp_path / "p", "wide", rate=rate, channels=channels))
    options = ("--rate", str(rate), "--period", str(period), "--outputs", "3")
    run = play(tmp_path / "run", made, *options, seconds=0.5)
    heard, alone = run.samples(), offline(run, voice_plan(rate=rate, channels=channels))
    start = run.stats["voice_started_at"]
    played = alone[FADE_IN : len(heard) - start]
    np.testing.assert_array_equal(heard[start + FADE_IN :, 0], played[:, 0])
    np.testing.assert_array_equal(heard[start + FADE_IN :, 1], played[:, channels - 1])
    assert np.all(heard[:, 2] == 0.0)


def test_a_plan_that_is_broken_at_boot_makes_way_for_the_next_scene(tmp_path: Path) -> None:
    made = image(tmp_path, scene(tmp_path / "p", "bad"), scene(tmp_path / "p", "good"))
    (made / "plans" / "bad.voice.plan").write_bytes(b"LODEPLAN and nothing more")
    run = play(tmp_path / "run", made, seconds=0.5)
    status = [OscMessage(d).params for _, d in run.outside.datagrams if d.startswith(b"/status")][-1]
    assert status[2:4] == [1, "good"]
    assert "bad.voice.plan" in status[16]
    assert run.samples()[RATE // 4 :].any()


def test_numbers_too_small_to_hear_are_zero_in_render(tmp_path: Path, one: Path) -> None:
    host = ScriptedHost([(0.1, message("/mode", "host"))], level=1e-39)
    run = play(tmp_path, one, outside=host, seconds=1.0)
    assert host.audio(0, np.zeros(64, np.float32)).any()  # it does send something
    assert not run.samples()[int(0.6 * RATE) :].any()


def test_a_voice_of_another_rate_is_refused_and_the_board_goes_on(tmp_path: Path, one: Path) -> None:
    run = play(tmp_path, one, "--rate", "48000", seconds=0.5)
    assert not run.samples().any()
    statuses = [OscMessage(d) for _, d in run.outside.datagrams if d.startswith(b"/status")]
    assert "44100 Hz, the board runs at 48000" in statuses[-1].params[16]


def test_mode_switches_never_click(tmp_path: Path, one: Path) -> None:
    modes = [(0.5, "host"), (1.0, "both"), (1.2, "onboard"), (1.3, "host"), (1.4, "onboard")]
    script = [(time_s, message("/mode", mode)) for time_s, mode in modes]
    run = play(tmp_path, one, outside=ScriptedHost(script), seconds=2.2)
    # Two sounds faded at equal power step at most like both beside each other: a cos + b sin <= hypot(a, b).
    voice = np.abs(np.diff(offline(run, voice_plan())[:, 0])).max()
    host = 0.2 * 2 * np.pi * 0.003
    fade = (0.4 + 0.2) * np.pi / 2 / (0.3 * RATE)
    steps = np.abs(np.diff(run.samples()[:, 0]))
    assert steps[int(0.5 * RATE) :].max() <= np.hypot(voice, host) + fade
    sounding = [(round(m["time_s"], 2), m["sounding"]) for m in run.stats["modes"]]
    assert sounding == [(0.0, "onboard"), *modes]


def test_a_host_that_dies_is_replaced_without_a_gap(tmp_path: Path, one: Path) -> None:
    run = play(
        tmp_path, one, outside=ScriptedHost([(0.3, message("/mode", "host"))], dies_at=1.0), seconds=2.0
    )
    assert [m["sounding"] for m in run.stats["modes"]] == ["onboard", "host", "onboard"]
    back = run.stats["modes"][-1]["time_s"]
    assert 1.2 <= back <= 1.22
    heard, alone = run.samples(), offline(run, voice_plan())
    start, after = run.stats["voice_started_at"], int((back + 0.05) * RATE)
    np.testing.assert_array_equal(heard[after:, 0], alone[after - start : len(heard) - start, 0])
    windows = np.abs(heard[int(0.1 * RATE) : len(heard) // 441 * 441, 0]).reshape(-1, 441).max(axis=1)
    assert windows.min() > 0.1


def test_another_scene_comes_while_the_old_one_plays(tmp_path: Path) -> None:
    made = image(tmp_path, scene(tmp_path / "p", "low"), scene(tmp_path / "p", "high", hop=2048, pitch=0.006))
    run = play(tmp_path / "run", made, outside=ScriptedHost([(0.5, message("/scene", 1))]), seconds=2.0)
    assert run.stats["scene_name"] == "high"
    warmed = [frame for index, _, frame, _ in run.latents if index == 1 and frame < 0]
    assert len(warmed) == 10
    heard, high = run.samples(), offline(run, voice_plan(2048, pitch=0.006), 1)[10 * 2048 :]
    begin = next(frame for index, _, frame, _ in run.latents if index == 1 and frame >= 0)
    start = run.stats["voice_started_at"] + begin
    assert start < 0.8 * RATE
    np.testing.assert_array_equal(heard[start + 2048 :, 0], high[2048 : len(heard) - start, 0])
    assert run.stats["underruns"] == 0


def test_a_slow_voice_fades_and_is_counted(tmp_path: Path, one: Path) -> None:
    run = play(tmp_path, one, "--voice-slice-us", "14000", seconds=2.0)
    heard = run.samples()[:, 0]
    assert run.stats["underruns"] > 10
    assert np.abs(np.diff(heard)).max() < 0.4 * 2 * np.pi * 0.005 + 0.4 * np.pi / 2 / FADE_IN


def test_figures(tmp_path: Path, one: Path) -> None:
    run = play(tmp_path, one, seconds=3.0)
    assert run.stats["frames_per_second"] >= 199.0
    prefill = run.stats["ring_prefill"]  # the mean: a voice without cost gives up most of 1,024
    assert 16 <= prefill < 700
    delay = 512 / 2 + prefill + 3 + 2 * 16
    assert run.stats["field_to_sound_ms"] == pytest.approx(
        delay / 44.1 + 500 / run.stats["frames_per_second"], abs=0.01
    )
    assert set(run.stats["measured"]["cpu_share"]) == {
        "audio", "lodestone-control", "lodestone-files", "lodestone-touch", "lodestone-voice"
    }  # fmt: skip


def test_what_is_sent_is_read_by_python_osc(tmp_path: Path, one: Path) -> None:
    run = play(tmp_path, one, seconds=1.0)
    sent = [OscMessage(d) for _, d in run.outside.datagrams]
    by_address = {m.address: m for m in sent}
    assert set(by_address) == {"/mag", "/field", "/touch", "/latent", "/status", "/model"}
    assert len(by_address["/touch"].params) == 12
    assert by_address["/model"].params == [2, "tiny-512", "tiny-touch", RATE, 512, 1, 3]
    assert [type(v) for v in by_address["/mag"].params] == [int] * 4
    assert by_address["/status"].params[:4] == ["onboard", "onboard", 0, "one"]
    latents = [m.params for m in sent if m.address == "/latent"]
    for _, _, frame, values in run.latents:
        assert frame >= 0
        assert list(values) in latents


def test_fields_leave_the_board_within_a_conversion_and_two_milliseconds(tmp_path: Path, one: Path) -> None:
    longest_conversion_us = 3320  # data sheet, at the default setting
    run = play(tmp_path, one, seconds=1.0)
    times = np.array([now for now, d in run.outside.datagrams if d.startswith(b"/latent")][20:])
    assert np.abs(np.diff(times) - 5000).max() < 500  # the thermometer is read along once in 200 frames
    began = times - times % 5000  # frames begin on a grid of 5 ms
    assert (times - began).max() <= longest_conversion_us + 2000
    assert len(times) == 180


def test_a_bus_where_nobody_answers_keeps_the_board_alive(tmp_path: Path, one: Path) -> None:
    board = SimulatedBoard("empty", addresses=(0x20, 0x21, 0x22, 0x23))
    run = play(tmp_path, one, seconds=1.5, board=board)
    statuses = [OscMessage(d) for _, d in run.outside.datagrams if d.startswith(b"/status")]
    assert all(flags & 1 for flags in statuses[-1].params[8:12])
    assert np.abs(run.samples()).max() > 0.1


def test_sixteen_bit_wav(tmp_path: Path, one: Path) -> None:
    run = play(tmp_path, one, "--wav-format", "int16", seconds=0.5)
    with wave.open(str(run.wav)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (RATE, 2, 2)
        assert file.getnframes() >= RATE // 2


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "wanted an image folder, got none"),
        (["nowhere"], "wanted an image folder with a board.conf, got nowhere"),
        (["x", "--period", "4"], "wanted for --period 8 to 1024 frames, got `4`"),
        (["x", "--colour", "red"], "got `--colour`"),
        (["x", "--wav"], "wanted for --wav a file, got ``"),
    ],
)
def test_wrong_command_lines_end_in_one_line(arguments: list[str], says: str) -> None:
    done = subprocess.run([SIM, *arguments], capture_output=True, text=True)
    assert done.returncode == 1
    assert says in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_an_absent_board_is_told(tmp_path: Path, one: Path) -> None:
    done = subprocess.run(
        [SIM, one, "--bus", f"sim:{tmp_path}/none", "--seconds", "0.1"], capture_output=True, text=True
    )
    assert done.returncode == 1
    assert "nobody there" in done.stderr


def test_the_status_tells_the_lag_of_the_touch(tmp_path: Path) -> None:
    touch = touch_graph(dataclasses.replace(plain_calibration(), frame_rate_hz=200.0), gaussian_card(2))
    told = dataclasses.replace(read_card(touch), lag_ms=12.25)
    attach_card(touch, told)
    made = scene(tmp_path / "p", "one")
    made.touch_plan.write_bytes(compile_plan(touch))
    run = play(tmp_path / "run", image(tmp_path, made), seconds=1.0)
    sent = [OscMessage(d) for _, d in run.outside.datagrams if d.startswith(b"/status")][-1]
    status = named("/status", sent.params)
    assert status is not None
    assert status["touch_ms"] == pytest.approx(12.25)
