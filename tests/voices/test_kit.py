"""All that is made of a voice by one command, and the figures that every shipped voice must hold."""

from __future__ import annotations

import functools
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from typer.testing import CliRunner

from firmware import Engine
from graphs.card import Card, load_onnx, read_card
from lodestone import voice_kit, wav
from lodestone.cli import build_app
from model_export.compiler.fit import fit
from model_export.verify import verify
from voices import catalogue

NAMES = [voice.name for voice in catalogue.shipped()]
LARGEST_LOAD = {2048: 0.10, 512: 0.15, 128: 0.12}  # of a 1 GHz Cortex-A8, at the pessimistic end, by hop


@functools.cache
def graphs(name: str) -> voice_kit.Graphs:
    return voice_kit.make_graphs(catalogue.find(name))


@pytest.mark.parametrize("name", NAMES)
def test_a_bela_carries_it_in_eight_bits_that_keep_the_sound(name: str) -> None:
    found = voice_kit.measure(graphs(name))
    low, high = found.load_w8a16
    print(f"{name}: {found.snr_db:.1f} dB, {100 * low:.0f} to {100 * high:.0f} % of a Bela's core")
    assert found.snr_db >= 45.0
    assert 0.005 < low < high <= LARGEST_LOAD[catalogue.find(name).hop]
    assert high < found.load[1]
    assert found.delay_ms <= 40.0


def test_what_is_changed_is_measured() -> None:
    """Twice the sound differs from it by as much as it is: 0 dB."""
    made = graphs(NAMES[0])
    spoilt = onnx.ModelProto()
    spoilt.CopyFrom(made.narrow)
    (last,) = [node for node in spoilt.graph.node if "audio" in node.output]
    last.output[list(last.output).index("audio")] = "once"
    spoilt.graph.node.append(onnx.helper.make_node("Add", ["once", "once"], ["audio"]))
    assert voice_kit.signal_to_noise(replace(made, narrow=spoilt)) == pytest.approx(0.0, abs=0.1)


@pytest.fixture(scope="module")
def kit(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    folder = tmp_path_factory.mktemp("kit") / "made"
    command = ["voices", NAMES[0], "--build", str(folder), "--seconds", "4"]
    result = CliRunner().invoke(build_app(), command)
    assert result.exit_code == 0, result.output
    return folder, result.stdout


def test_one_command_makes_graphs_that_keep_their_reference(kit: tuple[Path, str]) -> None:
    folder, _ = kit
    for form in ("", "-w8a16"):
        model = load_onnx(folder / f"{NAMES[0]}{form}.onnx")
        card = read_card(model)
        assert card.reference is not None
        assert verify(model, card) <= card.reference.tolerance
        plan = Engine.load(folder / f"{NAMES[0]}{form}.plan")
        assert plan.outputs["audio"] == (1, 1, card.hop)
    card = Card.from_json((folder / f"{NAMES[0]}.card.json").read_text())
    assert card.source_sha256 == read_card(catalogue.find(NAMES[0]).graph()).source_sha256


def test_it_unpacks_draws_and_plays(kit: tuple[Path, str]) -> None:
    folder, _ = kit
    voice = catalogue.find(NAMES[0])
    assert (folder / f"{voice.name}.ts").read_bytes() == voice.torchscript()
    assert (folder / f"{voice.name}.atlas.png").read_bytes().startswith(b"\x89PNG")
    rate, sound = wav.read(folder / f"{voice.name}.wav")
    assert len(sound) == 4 * rate == 4 * voice.sample_rate
    assert 0.01 < np.abs(sound).max() < 1.0


def test_it_tells_the_figures(kit: tuple[Path, str]) -> None:
    folder, told = kit
    for form in ("", "-w8a16"):
        load = fit((folder / f"{NAMES[0]}{form}.plan").read_bytes(), "bela").load
        assert f"{100 * load.low:.0f} to {100 * load.high:.0f} % of its core" in told
    (told_db,) = re.findall(r"([\d.]+) dB signal to noise", told)
    assert float(told_db) >= 45.0
    assert f"{read_card(folder / f'{NAMES[0]}.onnx').delay_ms:.1f} ms" in told
