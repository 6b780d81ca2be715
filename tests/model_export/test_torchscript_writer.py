"""TorchScript of our own: our reader gets the same voice back, and PyTorch plays it."""

from __future__ import annotations

import io
import struct
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from typer.testing import CliRunner

import model_export
from graphs.card import Card, attach_card, read_card
from graphs.player import GraphPlayer
from graphs.tolerance import EXACT
from lodestone.cli import build_app
from model_export.encoder import encoder_graph
from model_export.errors import ExportError
from model_export.torchscript_writer import torchscript
from model_export.torchscript_writer.operator_text import LINES
from tests.support.tiny_voice import random_weights, tiny_voice
from voices import catalogue

NAMES = [voice.name for voice in catalogue.shipped()]


def drawn(stream: GraphPlayer, random: np.random.Generator) -> dict[str, np.ndarray]:
    """One call's latents and draws."""
    given = {name: shape for name, shape in stream.inputs.items() if not name.startswith("state.")}
    return {name: (0.2 + 1.6 * random.random(shape)).astype(np.float32) for name, shape in given.items()}


def same_sound(model: onnx.ModelProto, path: Path, calls: int = 8) -> float:
    """Largest difference between a graph and its file read back, as a share of the peak."""
    path.write_bytes(torchscript(model, path.stem))
    one, other, random = GraphPlayer(model), GraphPlayer(model_export.export(path)), np.random.default_rng(4)
    worst = peak = 0.0
    for _ in range(calls):
        call = drawn(one, random)
        a, b = one.run(call)["audio"], other.run(call)["audio"]
        worst, peak = max(worst, float(np.abs(a - b).max())), max(peak, float(np.abs(a).max()))
    return worst / peak


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_voice_is_read_back_as_it_was(name: str, tmp_path: Path) -> None:
    model = catalogue.find(name).graph()
    assert same_sound(model, tmp_path / f"{name}.ts") <= EXACT
    latent, found = read_card(model).latent, read_card(model_export.export(tmp_path / f"{name}.ts")).latent
    assert latent is not None
    assert found is not None
    assert found.origin == "corpus"
    np.testing.assert_array_equal(found.quantiles, latent.quantiles)


def test_clocks_walks_and_noise_are_read_back_as_they_were(tmp_path: Path) -> None:
    assert same_sound(tiny_voice(random_weights()), tmp_path / "tiny.ts", 40) <= EXACT


def test_the_file_is_laid_out_as_libtorch_wants_it() -> None:
    data = torchscript(tiny_voice(random_weights()), "a name with spaces")
    assert data == torchscript(tiny_voice(random_weights()), "a name with spaces"), "the same file every time"
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        for entry in archive.infolist():
            assert entry.filename.startswith("a_name_with_spaces/")
            name, extra = struct.unpack("<HH", data[entry.header_offset + 26 : entry.header_offset + 30])
            assert (entry.header_offset + 30 + name + extra) % 64 == 0, entry.filename
        code = archive.read("a_name_with_spaces/code/__torch__/lodestone.py").decode()
    assert "def decode" in code
    assert "get_methods" in code


def one_operator(
    operator: str, inputs: list[str], constants: dict[str, np.ndarray], **attributes: object
) -> onnx.ModelProto:
    """A voice of 4 latents whose sound is one operator on them, held between -1 and 1 by nothing."""
    nodes = [helper.make_node(operator, inputs, ["y"], **attributes)]
    boolean = operator in ("Greater", "GreaterOrEqual", "Less", "LessOrEqual", "Equal", "And", "Or", "Not")
    if boolean:
        nodes.append(helper.make_node("Cast", ["y"], ["z"], to=TensorProto.FLOAT))
    nodes.append(helper.make_node("Reshape", ["z" if boolean else "y", "shape"], ["audio"]))
    tensors = {"shape": np.array([1, 1, 4]), **constants}
    graph = helper.make_graph(
        nodes,
        "one",
        [helper.make_tensor_value_info("latent", TensorProto.FLOAT, [1, 4, 1])],
        [helper.make_tensor_value_info("audio", TensorProto.FLOAT, [1, 1, 4])],
        [onnx.numpy_helper.from_array(array, name) for name, array in tensors.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    attach_card(model, Card("voice", "one", 4, 44100, 4, 1, 1))
    return model


ROW = np.array([0.3, 0.7, 0.5, 0.9], np.float32).reshape(1, 4, 1)
UNARY = "Sigmoid Tanh Exp Log Sin Cos Sqrt Abs Neg Floor Ceil Round Sign Erf Reciprocal Identity"
UNARY += " LeakyRelu Softplus"
BINARY = "Add Sub Mul Div Pow Min Max Greater GreaterOrEqual Less LessOrEqual"
CASES: dict[str, onnx.ModelProto] = {
    **{name: one_operator(name, ["latent"], {}) for name in UNARY.split()},
    **{name: one_operator(name, ["latent", "row"], {"row": ROW}) for name in BINARY.split()},
    "MatMul": one_operator(
        "MatMul", ["square", "latent"], {"square": np.eye(4, dtype=np.float32)[None] * ROW}
    ),
    "Clip": one_operator("Clip", ["latent", "a", "b"], {"a": np.float32(0.2), "b": np.float32(0.6)}),
    "Transpose": one_operator("Transpose", ["latent"], {}, perm=[0, 2, 1]),
    "Gather": one_operator("Gather", ["latent", "i"], {"i": np.array([3, 1, 0, 2])}, axis=1),
    "Expand": one_operator("Expand", ["latent", "s"], {"s": np.array([1, 4, 1])}),
    "ReduceSum": one_operator("ReduceSum", ["wide", "x"], {"x": np.array([2])}),
    "Conv": one_operator(
        "Conv", ["latent", "w"], {"w": np.eye(4, dtype=np.float32)[..., None]}, kernel_shape=[1]
    ),
}
for _name in ("ReduceMean", "ReduceMax", "ReduceMin"):
    CASES[_name] = one_operator(_name, ["wide"], {}, axes=[2])
for _name in ("ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin"):
    CASES[_name].graph.node.insert(0, helper.make_node("Concat", ["latent", "latent"], ["wide"], axis=2))
CHECKED_ELSEWHERE = {"Slice", "Concat", "Reshape", "Cast"}  # every voice has them
OF_ENCODERS = {"STFT"}  # no decoder has it: tests/training/pytorch_checks.py


@pytest.mark.parametrize("operator", sorted(CASES))
def test_an_operator_is_read_back_as_it_was(operator: str, tmp_path: Path) -> None:
    assert same_sound(CASES[operator], tmp_path / "one.ts", 3) <= 1e-6


def test_every_operator_that_is_written_is_read_back_by_some_test() -> None:
    assert set(LINES) == set(CASES) | CHECKED_ELSEWHERE | OF_ENCODERS


def test_what_cannot_be_written_is_told() -> None:
    model = one_operator("HardSwish", ["latent"], {})
    with pytest.raises(ExportError, match="HardSwish"):
        torchscript(model)
    several = tiny_voice(random_weights())
    attach_card(several, Card("voice", "several", 4, 44100, 128, 4, 1))
    with pytest.raises(ExportError, match="4 frames"):
        torchscript(several)


def test_the_command_writes_a_shipped_voice_and_a_graph(tmp_path: Path) -> None:
    (tmp_path / "mine.onnx").write_bytes(tiny_voice(random_weights()).SerializeToString())
    for voice in (NAMES[0], str(tmp_path / "mine.onnx")):
        result = CliRunner().invoke(build_app(), ["ts", voice, "-o", str(tmp_path / "out.ts")])
        assert result.exit_code == 0, result.output
        assert zipfile.is_zipfile(tmp_path / "out.ts")


WITH_EARS = [voice.name for voice in catalogue.shipped() if voice.ears is not None]


@pytest.mark.parametrize("name", WITH_EARS)
def test_a_voice_with_an_encoder_has_all_three_methods(name: str, tmp_path: Path) -> None:
    """What they play is tried in PyTorch: tests/training/pytorch_checks.py."""
    (tmp_path / "a.ts").write_bytes(catalogue.find(name).torchscript())
    with zipfile.ZipFile(tmp_path / "a.ts") as archive:
        code = archive.read(f"{name}/code/__torch__/lodestone.py").decode()
    assert 'return ["decode", "encode", "forward"]' in code
    assert model_export.export(tmp_path / "a.ts").graph.output[0].name == "audio"
    with pytest.raises(ExportError, match=r"take NAME\.encoder\.onnx"):
        encoder_graph(tmp_path / "a.ts")


def test_the_encoder_of_another_voice_is_refused() -> None:
    ears = catalogue.find(WITH_EARS[0]).encoder()
    with pytest.raises(ExportError, match="an encoder with frames a call, channels"):
        torchscript(tiny_voice(random_weights()), "tiny", ears)


def test_the_command_takes_an_encoder_that_lies_beside(tmp_path: Path) -> None:
    voice = catalogue.find(WITH_EARS[0])
    onnx.save(voice.graph(), tmp_path / "mine.onnx")
    alone = CliRunner().invoke(build_app(), ["ts", str(tmp_path / "mine.onnx"), "-o", str(tmp_path / "a.ts")])
    assert alone.output.endswith("bytes, decode\n"), alone.output
    ears = voice.encoder()
    assert ears is not None
    onnx.save(ears, tmp_path / "mine.encoder.onnx")
    both = CliRunner().invoke(build_app(), ["ts", str(tmp_path / "mine.onnx"), "-o", str(tmp_path / "b.ts")])
    assert both.output.endswith("bytes, decode, encode, forward\n"), both.output
    # That of a RAVE, which the board's tools run in blocks, stays where it is.
    attach_card(ears, replace(read_card(ears), frames=16))
    onnx.save(ears, tmp_path / "mine.encoder.onnx")
    left = CliRunner().invoke(build_app(), ["ts", str(tmp_path / "mine.onnx"), "-o", str(tmp_path / "c.ts")])
    assert "left out" in left.output
    assert (tmp_path / "c.ts").read_bytes() != (tmp_path / "b.ts").read_bytes()
