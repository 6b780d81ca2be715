"""Files that are no voice: one clear line each, nothing run, nothing left behind."""

from __future__ import annotations

import pickle
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import model_export
from model_export.errors import ExportError
from tests.model_export import archives

Unpack = Callable[[str], Path]


def refused(path: Path, saying: str) -> None:
    with pytest.raises(ExportError) as caught:
        model_export.export(path)
    message = str(caught.value)
    assert saying in message
    assert "\n" not in message


@pytest.fixture
def files(archive: Unpack) -> dict[str, bytes]:
    return archives.entries(archive("raspberry"))


def synthesis_bank(files: dict[str, bytes]) -> str:
    """The entry of the weight of the last convolution, [16, 16, 33], which every decoder reads."""
    (name,) = [n for n in files if "/data/" in n and len(files[n]) == 16 * 16 * 33 * 4]
    return name


@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 0.9, 0.999])
def test_truncated(archive: Unpack, tmp_path: Path, share: float) -> None:
    whole = archive("raspberry").read_bytes()
    path = tmp_path / "short.ts"
    path.write_bytes(whole[: int(share * len(whole))])
    refused(path, "no complete zip archive")


def test_missing_and_folder(tmp_path: Path) -> None:
    refused(tmp_path / "none.ts", "no readable file")
    refused(tmp_path, "no readable file")


def test_other_zip(tmp_path: Path) -> None:
    refused(archives.write(tmp_path / "a.ts", {"notes.txt": b"hello"}), "another kind of zip archive")
    refused(archives.write(tmp_path / "b.ts", {"a/notes.txt": b"hello"}), "data.pkl")


def test_zip_bomb_by_inflation(files: dict[str, bytes], tmp_path: Path) -> None:
    files[archives.entry(files, "rave/blocks.py")] = b" " * (64 << 20)
    path = archives.write(tmp_path / "bomb.ts", files, zipfile.ZIP_DEFLATED)
    assert path.stat().st_size < 4 << 20
    refused(path, "declaring")


def test_zip_bomb_by_lying(files: dict[str, bytes], tmp_path: Path) -> None:
    """The directory declares 4 GB for an entry of a few bytes."""
    name = archives.entry(files, "version").encode()
    data = bytearray(archives.packed(files))
    central = data.rindex(b"PK\x01\x02", 0, data.rindex(name))
    data[central + 24 : central + 28] = struct.pack("<I", 0xFFFFFFF0)
    path = tmp_path / "lie.ts"
    path.write_bytes(data)
    refused(path, "declaring")


def test_damaged_byte(files: dict[str, bytes], tmp_path: Path) -> None:
    weight = files[archives.entry(files, "data.pkl")]
    data = archives.packed(files).replace(weight[:400], weight[:200] + b"\x00" + weight[201:400])
    path = tmp_path / "flip.ts"
    path.write_bytes(data)
    refused(path, "damaged data")


def test_pickle_that_would_run_code(files: dict[str, bytes], tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    evil = archives.evil_pickle(victim)
    pickle.loads(evil)
    assert victim.exists()
    victim.unlink()
    files[archives.entry(files, "data.pkl")] = evil
    refused(archives.write(tmp_path / "evil.ts", files), "a pickle that calls")
    assert not victim.exists()


@pytest.mark.parametrize(
    ("program", "saying"),
    [
        (b"\x80\x02cos\nsystem\n(X\x02\x00\x00\x00lstR.", "a pickle that calls os.system"),
        (b"\x80\x02ccollections\nCounter\n)\x81.", "an object of class collections.Counter"),
        (b"\x80\x02(X\x02\x00\x00\x00osios\nsystem\n.", "the pickle opcode INST"),
        (b"\x80\x04\x8c\x02os\x8c\x06system\x93.", "the pickle opcode STACK_GLOBAL"),
        (b"\x80\x02]", "broken pickle"),
        (b"\x80\x02R.", "does not add up"),
        (b"\x80\x02K\x01.", "a pickled int"),
        (b"", "pickle"),
    ],
)
def test_pickle_outside_the_lists(
    files: dict[str, bytes], tmp_path: Path, program: bytes, saying: str
) -> None:
    files[archives.entry(files, "data.pkl")] = program
    refused(archives.write(tmp_path / "p.ts", files), saying)


def test_missing_tensor(files: dict[str, bytes], tmp_path: Path) -> None:
    del files[synthesis_bank(files)]
    refused(archives.write(tmp_path / "m.ts", files), "none of that name")


def test_tensor_of_wrong_length(files: dict[str, bytes], tmp_path: Path) -> None:
    name = synthesis_bank(files)
    files[name] = files[name][:-4]
    refused(archives.write(tmp_path / "w.ts", files), "bytes in data/")


def test_nan_weights(files: dict[str, bytes], tmp_path: Path) -> None:
    name = synthesis_bank(files)
    weights = np.frombuffer(files[name], np.float32).copy()
    weights[5] = np.nan
    files[name] = weights.tobytes()
    refused(archives.write(tmp_path / "n.ts", files), "NaN")


def test_encoder_only(archive: Unpack) -> None:
    refused(archive("encoder_only"), "without it")


def test_not_streaming(archive: Unpack) -> None:
    refused(archive("not_streaming"), "one without caches (decoder.net.0): export it again with `rave export")


def test_unknown_operator_names_place_and_line(files: dict[str, bytes], tmp_path: Path) -> None:
    name = archives.entry(files, "rave/pqmf.py")
    files[name] = files[name].replace(b"torch.flip(", b"torch.fft_mystery(")
    refused(
        archives.write(tmp_path / "o.ts", files),
        "`torch.fft_mystery` at pqmf (code/__torch__/rave/pqmf.py line ",
    )


def test_branch_on_data(files: dict[str, bytes], tmp_path: Path) -> None:
    name = archives.entry(files, "rave/pqmf.py")
    files[name] = files[name].replace(
        b"x2 = __torch__", b"if bool(torch.gt(torch.sum(x), 0)):\n        pass\n      x2 = __torch__"
    )
    refused(archives.write(tmp_path / "d.ts", files), "depends on data at pqmf")


def test_endless_loop(files: dict[str, bytes], tmp_path: Path) -> None:
    name = archives.entry(files, "rave/pqmf.py")
    files[name] = files[name].replace(
        b"x2 = __torch__", b"for i in range(1000000000000):\n        pass\n      x2 = __torch__"
    )
    refused(archives.write(tmp_path / "l.ts", files), "steps")


def test_command_says_one_line_and_leaves_no_file(archive: Unpack, tmp_path: Path) -> None:
    broken = tmp_path / "broken.ts"
    broken.write_bytes(archive("raspberry").read_bytes()[:5000])
    command = [sys.executable, "-m", "lodestone", "export", str(broken), "-o", str(tmp_path / "v.onnx")]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 1
    assert result.stdout == ""
    assert result.stderr.splitlines()[-1].startswith("lodestone: wanted a RAVE model")
    assert [p.name for p in tmp_path.iterdir()] == ["broken.ts"]
