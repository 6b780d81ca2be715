"""TorchScript files of strangers: real ones with bytes, pickle or code changed, and bombs made by hand."""

from __future__ import annotations

import io
import lzma
import pickle
import random
import re
import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path

import model_export
from model_export.torchscript import plain_name
from model_export.torchscript_writer import torchscript
from tests.support import archives
from tests.support.tiny_voice import random_weights, tiny_voice

NUMBERS = (
    b"0",
    b"-1",
    b"1",
    b"3",
    b"999",
    b"99999999999",
    b"4611686018427387904",
    b"None",
    b"x",
    b"[]",
    b"0.5",
)
OPERATORS = (
    b"arange",
    b"repeat",
    b"pad",
    b"fft_irfft",
    b"cat",
    b"add",
    b"mul",
    b"reshape",
    b"expand",
    b"append",
)


def real(name: str = "v2_causal") -> dict[str, bytes]:
    """The entries of an archive as RAVE's exporter writes them; where nobody made those, of our writer's."""
    data = archives.plain(name) or torchscript(tiny_voice(random_weights()), name)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {info.filename: archive.read(info) for info in archive.infolist()}


def packed(files: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    """A zip file of these entries."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def damaged(data: bytes, dice: random.Random) -> bytes:
    """One to four bytes changed, removed, doubled or moved."""
    changed = bytearray(data or b"\0")
    for _ in range(dice.randint(1, 4)):
        changed = changed or bytearray(1)
        at, kind = dice.randrange(len(changed)), dice.randrange(4)
        if kind == 0:
            changed[at] = dice.randrange(256)
        elif kind == 1:
            del changed[at : at + dice.randint(1, 8)]
        elif kind == 2:
            changed[at:at] = changed[at : at + dice.randint(1, 8)]
        else:
            other = dice.randrange(len(changed))
            changed[at], changed[other] = changed[other], changed[at]
    return bytes(changed)


def other_code(text: bytes, dice: random.Random) -> bytes:
    """A line dropped, moved or said again and again; a number, a name or an operator replaced by another."""
    kind, lines = dice.randrange(6), text.split(b"\n")
    at, to = dice.randrange(len(lines)), dice.randrange(len(lines))
    if kind == 0:
        del lines[at]
        return b"\n".join(lines)
    if kind == 1:
        lines.insert(to, lines.pop(at))
        return b"\n".join(lines)
    if kind == 2:
        lines[at:at] = [lines[at]] * dice.choice((2, 30, 1000))
        return b"\n".join(lines)
    patterns = {3: rb"\b\d+\b", 4: rb"(?<=torch\.)\w+", 5: rb"\b[a-z_]\w*\b"}
    places = list(re.finditer(patterns[kind], text))
    if not places:
        return text
    instead = dice.choice({3: NUMBERS, 4: OPERATORS}.get(kind) or [m.group() for m in places])
    spot = dice.choice(places)
    return text[: spot.start()] + instead + text[spot.end() :]


def mutated(files: dict[str, bytes], dice: random.Random) -> bytes:
    """A real file, changed somewhere."""
    kind = dice.randrange(8)
    if kind == 0:
        return damaged(packed(files), dice)
    endings = ("data.pkl", "constants.pkl") if kind < 4 else (".py",)
    name = dice.choice([n for n in files if n.endswith(endings)])
    change = damaged if kind < 4 else other_code
    data = files[name]
    for _ in range(dice.randint(1, 2)):
        data = change(data, dice)
    return packed({**files, name: data})


def _module(attributes: bytes) -> bytes:
    """A pickle of one module whose state is what `attributes` pushes."""
    return b"\x80\x02c__torch__.m\nM\n)\x81" + attributes + b"b."


def _shared(times: int) -> bytes:
    """A tuple that holds another twice, which holds another twice, …: 2^times items in a few bytes."""
    return b"()q\x00" + b"h\x00h\x00\x86q\x00" * times + b"t"


def _code(body: str, more: str = "") -> bytes:
    lines = "\n".join(f"    {line}" for line in body.splitlines())
    head = f"class M(Module):\n{more}  def decode(self: __torch__.m.M, x: Tensor) -> Tensor:\n"
    return f"{head}{lines}\n    return x\n".encode()


BODIES = {
    "arange": "y = torch.arange(0, 1000, 1.0e-08, dtype=6, layout=None, device=None)",
    "repeat": "y = torch.repeat(x, [1, 1, 4611686018427387904])",
    "repeat of nothing": "y = torch.repeat(torch.zeros([0]), [1073741824])",
    "irfft": "y = torch.zeros([40000])\nz = torch.stack([torch.add(x, y), torch.mul(x, y)], -1)\n"
    "w = torch.fft_irfft(torch.view_as_complex(z))",
    "pad": "y = torch.pad(x, [1073741824, 1073741824])",
    "long loop": "for i in range(4611686018427387904):\n  y = torch.add(x, 1)",
    "loops in loops": "for i in range(10000):\n  for j in range(10000):\n    for k in range(9):\n      y = i",
    "doubling": "y = [1]\nfor i in range(60):\n  y = torch.add(y, y)",
    "long lists": "y = torch.mul([1], 1000000)\nfor i in range(100000):\n  z = torch.eq(y, y)",
    "nested lists": "y = [1]\nz = [1]\nfor i in range(60):\n  y = [y, y]\n  z = [z, z]\nw = torch.eq(y, z)",
    "nested tensor": "y = [1]\nfor i in range(60):\n  y = [y, y]\nw = torch.tensor(y)",
    "printed": "y = [1]\nfor i in range(60):\n  y = [y, y]\nops.prim.RaiseException(y)",
    "padded with": "y = [1]\nfor i in range(60):\n  y = [y, y]\nw = torch.pad(x, [1, 1], y)",
    "views": "y = x\nfor i in range(100000):\n  y = torch.transpose(y, 1, 2)\n  z = torch.add(y, 1)",
    "cumprod": "y = torch.cumprod(torch.expand(x, [1000, 16, 1000]), 0)",
    "power": "y = 2\nfor i in range(100):\n  y = torch.mul(y, y)",
    "deep": "y = " + "torch.neg(" * 900 + "x" + ")" * 900,
    "erf": "y = torch.erf(torch.zeros([30000000]))",
    "matmul": "y = torch.matmul(torch.zeros([5000, 5000]), torch.zeros([5000, 5000]))",
}
_STATE = b"}q\x01(X\x01\x00\x00\x00aK\x01u"


def bombs() -> Iterator[tuple[str, bytes]]:
    """Small files that ask for far more than they are: each by name."""
    plain = {"m/data.pkl": _module(_STATE), "m/constants.pkl": b"\x80\x02).", "m/byteorder": b"little"}
    for name, body in BODIES.items():
        yield name, packed({**plain, "m/code/__torch__/m.py": _code(body)})
    shared = _shared(60)
    for name, state in (("shared tuples", b"X\x01\x00\x00\x00a" + shared), ("as a key", shared + b"K\x01")):
        pickled = _module(b"}q\x01(" + state + b"u")
        yield name, packed({**plain, "m/data.pkl": pickled, "m/code/__torch__/m.py": _code("y = self.a")})
    yield "a class of tuples", packed({**plain, "m/data.pkl": b"\x80\x02" + shared + b")\x81."})
    deep = b"}q\x01(X\x01\x00\x00\x00a" + b")" + b"\x85" * 2_000_000 + b"u"
    yield "deep tuples", packed({**plain, "m/data.pkl": _module(deep)})
    yield (
        "a list that holds itself",
        packed(
            {
                **plain,
                "m/data.pkl": _module(b"}q\x01(X\x01\x00\x00\x00a]q\x02h\x02au"),
                "m/code/__torch__/m.py": _code("y = self.a"),
            }
        ),
    )
    zeros = bytes(1 << 28)
    yield "byteorder", packed({**plain, "m/byteorder": zeros}, zipfile.ZIP_DEFLATED)
    yield (
        "code",
        packed({**plain, "m/code/__torch__/m.py": b"x=[" + b"1," * (1 << 23) + b"]"}, zipfile.ZIP_DEFLATED),
    )
    yield "brackets", packed({**plain, "m/code/__torch__/m.py": b"(" * 1_000_000})
    yield "minus signs", packed({**plain, "m/code/__torch__/m.py": b"x=" + b"-" * 1_000_000 + b"1"})
    yield "xz", lzma.compress(bytes(1 << 30), preset=0)
    for stride in (1 << 62, 1 << 40):
        yield f"stride {stride}", packed({**plain, **_strided(stride)})
    yield "not yet", struct.pack("<I", 0x04034B50) * 1000


def _strided(stride: int) -> dict[str, bytes]:
    class _Long:
        def __reduce__(self) -> tuple[object, ...]:
            return complex, (1.0, 2.0)

    number = pickle.dumps(stride, 2)[2:-1]
    tensor = (
        b"ctorch._utils\n_rebuild_tensor_v2\n((X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x000"
        b"X\x03\x00\x00\x00cpuK\x04tQK\x00K\x01\x85" + number + b"\x85\x89}tR"
    )
    return {
        "m/data.pkl": _module(b"}q\x01(X\x01\x00\x00\x00a" + tensor + b"u"),
        "m/data/0": bytes(16),
        "m/code/__torch__/m.py": _code("y = torch.add(self.a, 1)"),
    }


def survive(path: Path) -> None:
    """What `lodestone export` does with a file. Raises LodestoneError alone."""
    from model_export.symbolic import trace
    from model_export.torchscript import Archive, read_script

    plain_name(path)
    with Archive(path) as archive:
        script = read_script(archive)
        if any(name.endswith("/m.py") or name == "code/__torch__/m.py" for name in archive._entries):
            trace(script, script.root, "decode", [1, 8, 1], "latent", "audio")
    model_export.export(path)
