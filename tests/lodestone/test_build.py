"""`lodestone build`: from the player's settings to an image whose voices a board carries."""

from __future__ import annotations

import os
from pathlib import Path

import onnx
import pytest
from typer.testing import CliRunner

from calibration.session import calibrate_simulated
from firmware import Engine
from lodestone.cli import build_app
from lodestone.settings import SettingsError, parse_settings
from lodestone.voice_files import voice_graph
from model_export.torchscript_writer import torchscript
from tests.support.tiny_voice import random_weights, tiny_voice

RATE = 44100
SETTINGS = """format = "lodestone-instrument"
version = 1
[[scene]]
name = "tiny"
voice = "tiny.ts"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "tiny.ts").write_bytes(torchscript(tiny_voice(random_weights()), "tiny"))
    calibrate_simulated(tmp_path / "lodestone.calibration.json")
    return tmp_path


def narrow_layers(graph: Path) -> int:
    return sum(node.op_type == "DequantizeLinear" for node in onnx.load(graph).graph.node)


def build(folder: Path, precision: str = "") -> str:
    (folder / "instrument.toml").write_text(SETTINGS + (f'precision = "{precision}"\n' if precision else ""))
    made = CliRunner().invoke(
        build_app(), ["build", str(folder / "instrument.toml"), "--out", str(folder / "image")]
    )
    assert made.exit_code == 0, made.output
    Engine.load(folder / "image" / "plans" / "tiny.voice.plan")
    return made.output


def test_a_board_plays_eight_bits_unless_the_player_wants_the_exact_voice(folder: Path) -> None:
    told = build(folder)
    plan = folder / "image" / "plans" / "tiny.voice.plan"
    small = plan.stat().st_size
    assert "w8a16" in told
    assert "tiny: " in told
    assert "% of one core of a bela" in told
    assert "fp32" in build(folder, "fp32")
    assert plan.stat().st_size > small
    kept = sorted((folder / "plans" / "voices").iterdir())
    assert sorted(narrow_layers(graph) > 0 for graph in kept) == [False, True]


def test_a_graph_is_made_once_for_a_file_and_again_for_another(folder: Path) -> None:
    voice, cache = folder / "tiny.ts", folder / "kept"
    said: list[str] = []
    first = voice_graph(voice, cache, "w8a16", said.append)
    assert said
    said.clear()
    os.utime(voice)
    assert voice_graph(voice, cache, "w8a16", said.append) == first
    assert not said
    assert voice_graph(first, cache, "w8a16") == first  # it is in 8 bits already
    assert voice_graph(first, cache) == first
    voice.write_bytes(torchscript(tiny_voice(random_weights(1)), "tiny"))
    assert voice_graph(voice, cache) != first


def test_another_precision_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"wanted one of w8a16, w8, fp32 for scene.precision .*'int4'"):
        parse_settings(SETTINGS + 'precision = "int4"\n')


def test_every_image_has_a_safe_scene_without_the_players_mapping(folder: Path) -> None:
    plans = folder / "image" / "plans"
    safe = []
    for mapping in ('mapping = "rings"\nseed = 5\n', ""):
        (folder / "instrument.toml").write_text(SETTINGS + mapping)
        command = ["build", str(folder / "instrument.toml"), "--out", str(folder / "image")]
        assert CliRunner().invoke(build_app(), command).exit_code == 0
        safe.append((plans / "safe.start.touch.plan").read_bytes())
    assert safe[0] == safe[1] == (plans / "tiny.touch.plan").read_bytes()  # the second one's is the default
    assert (plans / "safe.start.voice.plan").read_bytes() == (plans / "tiny.voice.plan").read_bytes()
    line = "safe_scene = safe plans/safe.start.touch.plan plans/safe.start.voice.plan\n"
    assert line in (folder / "image" / "board.conf").read_text()
