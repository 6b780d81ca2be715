"""The whole touch graph in the project's engine, in ONNX Runtime and in numpy: the same to 1e-6."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import firmware
from calibration import Calibration, checksum
from calibration.assemble import fit
from calibration.stage.reference import TouchReference
from graphs.card import read_card
from graphs.player import GraphPlayer
from mapping import touch_graph
from model_export.compiler import compile_plan
from tests.support.proof.boards import ImperfectBoard, Stage


@pytest.fixture(scope="module")
def board() -> Calibration:
    """A board with hum, tilt and everything."""
    session = ImperfectBoard(21).session(Stage("empty", 5.0), Stage("free-play"), spots=True)
    return fit(session, board="test", magnet_set="")


def engine_of(model: Any, folder: Path, kernels: str) -> Any:
    path = folder / "touch.plan"
    path.write_bytes(compile_plan(model))
    return firmware.Engine.load(str(path), kernels)


@pytest.mark.parametrize("kernels", ["portable", "best"])
def test_engine_and_onnx_runtime_and_numpy_agree(
    board: Calibration, gaussian_card: Any, tmp_path: Path, kernels: str
) -> None:
    model = touch_graph(board, gaussian_card(16), seed=9)
    engine, player, reference = engine_of(model, tmp_path, kernels), GraphPlayer(model), TouchReference(board)
    stage, rng = Stage("first-sound", 10.0), np.random.default_rng(0)
    recording = ImperfectBoard(21).record(stage, stream=5)
    worst = np.zeros(3)
    for frame in range(recording.frames):
        inputs: dict[str, Any] = {
            "field": recording.field_mt[frame],
            "valid": np.array([1, 1, np.clip(abs(frame - 900) / 200, 0, 1), 1]),
            "temperature": recording.temperature_c[frame] + 0.001 * frame,
            "dt": 0.005 * rng.integers(0, 4),
        }
        entanglement = 0.5 + 0.5 * np.sin(frame / 300)
        player.set_knob("entanglement", entanglement)
        single = {name: np.asarray(value, dtype=np.float32) for name, value in inputs.items()}
        ours = engine.run({**single, "knob.entanglement": np.float32(entanglement).reshape(())})
        theirs = player.run(**inputs)
        touch = reference.step(
            inputs["field"], inputs["dt"], valid=inputs["valid"], temperature=inputs["temperature"]
        )
        worst = np.maximum(
            worst,
            [
                np.abs(ours["touch"] - theirs["touch"]).max(),
                np.abs(touch - theirs["touch"]).max(),
                np.abs(ours["latent"] - theirs["latent"]).max() / max(1.0, np.abs(theirs["latent"]).max()),
            ],
        )
    assert (worst <= 1e-6).all(), worst


def test_the_card_says_what_the_graph_needs(board: Calibration, gaussian_card: Any) -> None:
    card = read_card(touch_graph(board, gaussian_card(8), seed=4))
    assert card.kind == "touch"
    assert card.latents == 8
    assert card.calibration_sha256 == checksum(board)
    assert card.states["state.0"] == "rest"
    assert card.knobs["entanglement"].default == 0.5
    assert card.knobs["reach"].unit == "mT"
    assert card.state_bytes > 0


def test_the_reference_pair_holds_in_the_engine(
    board: Calibration, gaussian_card: Any, tmp_path: Path
) -> None:
    model = touch_graph(board, gaussian_card(8))
    reference = read_card(model).reference
    assert reference is not None
    engine = engine_of(model, tmp_path, "best")
    for call in range(len(reference.inputs["dt"])):
        output = engine.run({name: values[call] for name, values in reference.inputs.items()})
    for name, wanted in reference.output.items():
        assert output[name] == pytest.approx(wanted, abs=float(reference.tolerance * np.abs(wanted).max()))
    assert np.abs(reference.output["touch"]).max() > 0.1
