"""A voice in several stages, each on a thread of its own, in the whole firmware."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pythonosc.osc_message import OscMessage

from firmware import Engine
from lodestone.settings import SettingsError, parse_settings
from sensors.simulation import SimulatedBoard
from tests.support.rough import RoughEvening
from tests.support.tiny import Files, Run, image, play, scene, staged, voice_plan, with_sister

from .test_real_time import GUARD

HOP = 2048
LATENTS, WORK = 12, 176  # operations that make up most of the voice: a cut goes through their middle
SLICE_US = 2500


def of_stages(folder: Path, count: int, name: str = "one", hop: int = HOP, work: int = WORK) -> Files:
    if count == 1:
        return scene(folder, name, hop=hop, work=work, latents=LATENTS)
    return staged(folder, name, count, hop=hop, work=work, latents=LATENTS)


def remade(run: Run, frames: int, hop: int = HOP) -> np.ndarray:  # type: ignore[type-arg]
    """What the whole voice makes of the latents that the run's voice has taken, where they are heard."""
    engine = Engine(voice_plan(hop=hop, work=WORK, latents=LATENTS))
    sound = np.zeros(frames, np.float32)
    for _, _, at, latents in run.latents:
        audio = engine.run({"latent": latents.reshape(1, LATENTS, 1)})["audio"].reshape(-1)
        room = sound[at : at + hop]
        room[:] = audio[: room.size]
    return sound


@pytest.mark.parametrize("count", [1, 2, 3])
def test_stages_play_the_whole_voice_bit_for_bit(tmp_path: Path, count: int) -> None:
    made = image(tmp_path, of_stages(tmp_path / "p", count))
    run = play(tmp_path / "run", made, "--voice-slice-us", "500", seconds=3.0)
    start = run.stats["voice_started_at"]
    heard = run.samples()[start + HOP :, 0]
    assert np.array_equal(heard, remade(run, heard.size + HOP)[HOP:])
    assert run.stats["underruns"] == 0
    assert np.abs(heard).max() > 0.2


@pytest.mark.parametrize("period", [8])
def test_stages_of_a_low_hop_play_the_whole_voice_too(tmp_path: Path, period: int) -> None:
    made = image(tmp_path, of_stages(tmp_path / "p", 3, hop=128), frame_rate=50)
    options = ("--voice-slice-us", "100", "--period", str(period))
    run = play(tmp_path / "run", made, *options, seconds=1.0)
    start = run.stats["voice_started_at"]
    heard = run.samples()[start + 128 :, 0]
    assert np.array_equal(heard, remade(run, heard.size + 128, 128)[128:])
    assert run.stats["underruns"] == 0
    assert np.abs(heard).max() > 0.2


def test_the_same_run_again_is_the_same_to_the_byte(tmp_path: Path) -> None:
    made = image(tmp_path, of_stages(tmp_path / "p", 3))
    runs = [play(tmp_path / n, made, "--voice-slice-us", "700", seconds=2.0) for n in ("a", "b")]
    first, second = (
        [(run.wav.parent / name).read_bytes() for name in ("out.wav", "latents.tsv")] for run in runs
    )
    assert first == second
    assert runs[0].outside.datagrams == runs[1].outside.datagrams


@pytest.mark.parametrize(("count", "in_time"), [(1, False), (2, True), (3, True)])
def test_what_one_core_does_not_carry_several_do(tmp_path: Path, count: int, in_time: bool) -> None:
    # 12 slices in one stage: 30 of 23 ms; 6 or 7 in each of two.
    made = image(tmp_path, of_stages(tmp_path / "p", count))
    run = play(tmp_path / "run", made, "--voice-slice-us", str(SLICE_US), seconds=6.0)
    assert (run.stats["underruns"] == 0) == in_time


def test_each_stage_more_is_a_block_more_of_delay_and_said_so(tmp_path: Path) -> None:
    runs = {
        count: play(
            tmp_path / f"run{count}", image(tmp_path / f"{count}", of_stages(tmp_path / f"p{count}", count))
        )
        for count in (1, 3)
    }
    one, three = (runs[count].stats for count in (1, 3))
    assert three["model_delay_samples"] == one["model_delay_samples"] + 2 * HOP
    later = 2 * HOP + three["ring_prefill"] - one["ring_prefill"]  # the board finds the prefill by itself
    assert three["field_to_sound_ms"] == pytest.approx(one["field_to_sound_ms"] + later / 44.1, abs=0.1)
    models = [OscMessage(d).params for _, d in runs[3].outside.datagrams if d.startswith(b"/model")]
    assert three["model_delay_samples"] in models[-1]


def test_a_slow_core_leads_to_the_cheap_voice_on_one_thread_and_back(tmp_path: Path) -> None:
    files = with_sister(of_stages(tmp_path / "p", 2), hop=HOP, work=16, latents=LATENTS, title="small")
    slow = ("--voice-slice-us", "1500", "--voice-slow", "2,5,5", "--log", str(tmp_path / "log"))
    run = play(tmp_path / "run", image(tmp_path, files), *slow, seconds=13.0, gesture="empty")
    log = (tmp_path / "log").read_text()
    assert "rung 1: small" in log
    assert "rung 0: the whole voice again" in log
    assert all(2.0 <= at <= 5.1 for at in run.stats["underruns_at_s"])


def test_a_rough_evening_of_stages_calls_no_system(tmp_path: Path) -> None:
    plans = tmp_path / "p"
    made = image(
        tmp_path,
        with_sister(of_stages(plans, 3, "one", 512, 64), hop=512, latents=LATENTS),
        of_stages(plans, 2, "two"),
        scene(plans, "three", latents=LATENTS),
        frame_rate=50,
    )
    board = SimulatedBoard("free-play", seed=3)
    outside = RoughEvening(board, 40.0, scenes=3)
    run = play(
        tmp_path / "run",
        made,
        "--period",
        "512",
        seconds=40.0,
        board=board,
        outside=outside,
        program=(GUARD,),
    )
    assert run.stats["underruns"] == 0
    assert len({index for index, *_ in run.latents}) >= 2


@pytest.mark.parametrize("wrong", ["swapped", "another voice's", "alone"])
def test_plans_that_are_no_stages_are_refused_in_a_line(tmp_path: Path, wrong: str) -> None:
    files = of_stages(tmp_path / "p", 2)
    later = files.later_stages[files.voice_plan][0]
    if wrong == "swapped":
        first = files.voice_plan.read_bytes()
        files.voice_plan.write_bytes(later.read_bytes())
        later.write_bytes(first)
    elif wrong == "another voice's":
        later.write_bytes(of_stages(tmp_path / "q", 2, work=64).voice_plan.read_bytes())
    elif wrong == "alone":
        files.later_stages.clear()  # type: ignore[attr-defined]
    run = play(tmp_path / "run", image(tmp_path, scene(tmp_path / "p", "good"), files), seconds=0.5)
    assert run.stats["underruns"] == 0
    conf = tmp_path / "image" / "board.conf"
    conf.write_text(conf.read_text() + "first_scene = 1\n")
    run = play(tmp_path / "again", tmp_path / "image", seconds=0.5)
    told = next(OscMessage(d).params[16] for _, d in run.outside.datagrams if d.startswith(b"/status"))
    wanted = "a voice plan with 1..128 latents in" if wrong == "alone" else "the stages of one voice in order"
    assert wanted in told
    assert run.stats["scene_name"] == "good"


def test_settings_ask_for_threads_where_there_are_cores() -> None:
    text = 'format = "lodestone-instrument"\nversion = 1\nboard = "{}"\n[audio]\nvoice_threads = {}\n'
    assert parse_settings(text.format("bela-gem", 2)).voice_threads == 2
    with pytest.raises(SettingsError, match="more on a bela-gem"):
        parse_settings(text.format("bela", 2))
    with pytest.raises(SettingsError, match="from 1 to 3"):
        parse_settings(text.format("bela-gem", 4))
