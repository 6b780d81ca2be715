"""The archive reader on hand-made files: element types, windows, byte orders, constants, aliasing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from graphs.player import FloatArray, GraphPlayer
from model_export.errors import ExportError
from model_export.graph import Graph
from model_export.graph.onnx_writer import to_onnx
from model_export.symbolic import trace
from model_export.torchscript import Archive, TensorRef, read_script
from tests.model_export import archives, handmade
from tests.model_export.handmade import Stored

DECODE = """def decode(self: __torch__.Voice,
    z: Tensor) -> Tensor:
"""


def traced(path: Path, shape: tuple[int, ...] = (1, 2, 3)) -> Graph:
    with Archive(path) as archive:
        script = read_script(archive)
        return trace(script, script.root, "decode", shape, "latent", "audio")


def body(*lines: str) -> str:
    return DECODE + "\n".join("  " + line for line in lines)


def result(graph: Graph, z: FloatArray, calls: int = 1) -> FloatArray:
    stream = GraphPlayer(to_onnx(graph, "voice"))
    for _ in range(calls):
        audio = stream.run({"latent": z})["audio"]
    return audio


@pytest.mark.parametrize(
    ("storage", "dtype", "value"),
    [
        ("FloatStorage", "f4", 1.5),
        ("DoubleStorage", "f8", 1.5),
        ("HalfStorage", "f2", 1.5),
        ("LongStorage", "i8", 7),
        ("IntStorage", "i4", -7),
        ("ShortStorage", "i2", -7),
        ("CharStorage", "i1", -7),
        ("ByteStorage", "u1", 200),
        ("BoolStorage", "?", True),
    ],
)
@pytest.mark.parametrize("order", ["little", "big"])
def test_element_types_and_byte_orders(
    tmp_path: Path, storage: str, dtype: str, value: float, order: str
) -> None:
    array = np.full(3, value, np.dtype(dtype).newbyteorder("<" if order == "little" else ">"))
    files = handmade.voice("", {"w": Stored(storage, "w", 3, 0, (3,), (1,))}, {"data/w": array})
    files["v/byteorder"] = order.encode()
    with Archive(archives.write(tmp_path / "t.ts", files)) as archive:
        script = read_script(archive)
        tensor = script.root.attributes["w"]
        assert isinstance(tensor, TensorRef)
        assert script.load(tensor).tolist() == [value] * 3


def test_bfloat16(tmp_path: Path) -> None:
    raw = np.asarray([0x3FC0, 0xC000], np.uint16)
    files = handmade.voice("", {"w": Stored("BFloat16Storage", "w", 2, 0, (2,), (1,))}, {"data/w": raw})
    with Archive(archives.write(tmp_path / "t.ts", files)) as archive:
        script = read_script(archive)
        tensor = script.root.attributes["w"]
        assert isinstance(tensor, TensorRef)
        assert script.load(tensor).tolist() == [1.5, -2.0]


def test_windows_into_one_shared_storage(tmp_path: Path) -> None:
    shared = np.arange(12, dtype=np.float32)
    windows = {
        "turned": Stored("FloatStorage", "s", 12, 0, (4, 3), (1, 4)),
        "tail": Stored("FloatStorage", "s", 12, 6, (2, 3), (3, 1)),
    }
    files = handmade.voice("", windows, {"data/s": shared})
    with Archive(archives.write(tmp_path / "t.ts", files)) as archive:
        script = read_script(archive)
        turned, tail = (script.root.attributes[name] for name in windows)
        assert isinstance(turned, TensorRef)
        assert isinstance(tail, TensorRef)
        assert np.array_equal(script.load(turned), shared.reshape(3, 4).T)
        assert np.array_equal(script.load(tail), shared[6:].reshape(2, 3))


@pytest.mark.parametrize(
    "window",
    [
        Stored("FloatStorage", "w", 3, 1, (3,), (1,)),
        Stored("FloatStorage", "w", 3, 0, (2,), (3,)),
        Stored("FloatStorage", "w", 3, -1, (2,), (1,)),
        Stored("FloatStorage", "w", 3, 0, (2, 2), (1,)),
        Stored("FloatStorage", "w", 2_000_000_000, 0, (3,), (1,)),
        Stored("ComplexFloatStorage", "w", 3, 0, (3,), (1,)),
    ],
)
def test_windows_beyond_the_storage(tmp_path: Path, window: Stored) -> None:
    code = body("w = self.w", "return torch.mul(z, w)")
    files = handmade.voice(code, {"w": window}, {"data/w": np.ones(3, np.float32)})
    with pytest.raises(ExportError):
        traced(archives.write(tmp_path / "t.ts", files))


def test_constants_tuple(tmp_path: Path) -> None:
    constants = handmade.pickled((Stored("FloatStorage", "0", 1, 0, (1,), (1,)),))
    files = handmade.voice(
        body("return torch.mul(z, CONSTANTS.c0)"), {}, {"constants/0": np.full(1, 3, np.float32)}, constants
    )
    z = np.ones((1, 2, 3), np.float32)
    assert result(traced(archives.write(tmp_path / "t.ts", files)), z).tolist() == (3 * z).tolist()


def test_a_write_through_one_view_is_seen_through_another(tmp_path: Path) -> None:
    code = body(
        "x = torch.zeros_like(z)",
        "head = torch.slice(x, 2, 0, 2)",
        "row = torch.select(x, 1, 0)",
        "_0 = torch.copy_(torch.slice(head, 2, 1, 2), torch.slice(z, 2, 0, 1))",
        "_1 = torch.add_(row, 10)",
        "return x",
    )
    files = handmade.voice(code, {}, {})
    z = np.asarray([[[1, 2, 3], [4, 5, 6]]], np.float32)
    wanted = [[[10, 11, 10], [0, 4, 0]]]
    assert result(traced(archives.write(tmp_path / "t.ts", files)), z).tolist() == wanted


def test_a_changed_buffer_becomes_a_state_of_the_rows_in_use(tmp_path: Path) -> None:
    code = body(
        "total = self.total",
        "part = torch.slice(total, 0, 0, 1)",
        "_0 = torch.add_(part, z)",
        "return torch.slice(self.total, 0, 0, 1)",
    )
    leftovers = np.full(64 * 6, 9, np.float32)
    total = Stored("FloatStorage", "t", 64 * 6, 0, (64, 2, 3), (6, 3, 1))
    graph = traced(
        archives.write(tmp_path / "t.ts", handmade.voice(code, {"total": total}, {"data/t": leftovers}))
    )
    assert [state.value.shape for state in graph.states] == [(1, 2, 3)]
    z = np.ones((1, 2, 3), np.float32)
    assert result(graph, z, calls=4).tolist() == (4 * z).tolist()


def test_draws_are_inputs_in_call_order(tmp_path: Path) -> None:
    code = body("a = torch.rand([1, 2, 5])", "b = torch.randn([1, 2, 3])", "return torch.add(z, b)")
    graph = traced(archives.write(tmp_path / "t.ts", handmade.voice(code, {}, {})))
    assert [(d.distribution, d.value.shape) for d in graph.draws] == [
        ("uniform", (1, 2, 5)),
        ("normal", (1, 2, 3)),
    ]


@pytest.mark.parametrize(
    ("lines", "saying"),
    [
        (["x = torch.zeros([99999, 99999])", "return z"], "elements"),
        (["for i in range(200):", "  x = torch.zeros([4000, 4000])", "return z"], "computed constants"),
        (["n = 3", "for i in range(90):", "  n = torch.mul(n, n)", "return z"], "64 bits"),
        (["return (self).decode(z, )"], "nested"),
        (["return " + "(" * 90 + "z" + ")" * 90 + "." + "x." * 3000 + "y"], "wanted"),
        (["self.sr = 3", "return z"], "settings"),
        (["return self.nothing"], "`nothing`"),
    ],
)
def test_code_that_asks_too_much(tmp_path: Path, lines: list[str], saying: str) -> None:
    files = handmade.voice(body(*lines), {}, {})
    with pytest.raises(ExportError, match=saying):
        traced(archives.write(tmp_path / "t.ts", files))
