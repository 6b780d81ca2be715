"""Odd instrument.toml files: each is refused in a line that says where, or read alike by the firmware."""

from __future__ import annotations

import ipaddress
from pathlib import Path

import pytest

import firmware
from definitions import settings as table
from lodestone.image import board_conf
from lodestone.settings import SettingsError, default_toml, load_settings

PLAIN = default_toml()
TAKEN = {
    "a byte order mark": b"\xef\xbb\xbf" + PLAIN.encode(),
    "lines of Windows": PLAIN.replace("\n", "\r\n").encode(),
    "numbers in other bases": PLAIN.replace("port = 7564", "port = 0x1D_8c").encode(),
    "a sign": PLAIN.replace("port = 7564", "port = +7_564").encode(),
    "a quoted key": PLAIN.replace("frame_rate = 200", '"frame_rate" = 100').encode(),
    "a key in escapes": PLAIN.replace("frame_rate = 200", '"frame\\u005frate" = 100').encode(),
    "a text of several lines": PLAIN.replace('"i2c:/dev/i2c-1"', '"""\ni2c:/dev/\\\n   i2c-1"""').encode(),
    "a text without escapes": PLAIN.replace('"i2c:/dev/i2c-1"', "'sim:/a\\n=;b'").encode(),
    "the longest bus": PLAIN.replace("i2c:/dev/i2c-1", "sim:/" + "x" * 95).encode(),
    "a dotted key": ("audio.prefill = 7\n" + PLAIN.split("[osc]")[0]).encode(),
    "spaces everywhere": PLAIN.replace("frame_rate = 200", "\t frame_rate \t = \t 100 \t # half").encode(),
    "no end of the last line": PLAIN.rstrip("\n").encode(),
}
REFUSED = {
    "a line twice": (PLAIN.replace("frame_rate = 200", "frame_rate = 200\nframe_rate = 100"), "TOML"),
    "a table twice": (PLAIN + "\n[audio]\nprefill = 3\n", "TOML"),
    "a table that is a value": (PLAIN.replace("frame_rate", "pins = 3\nframe_rate") , "TOML"),
    "capitals": (PLAIN.replace("frame_rate = 200", "Frame_Rate = 200"), "did you mean frame_rate"),
    "a table in capitals": (PLAIN.replace("[audio]", "[Audio]"), "did you mean audio"),
    "a day": (PLAIN.replace("frame_rate = 200", "frame_rate = 1979-05-27"), "whole number from 10 to 1000"),
    "an hour": (PLAIN.replace("frame_rate = 200", "frame_rate = 07:32:00"), "whole number from 10 to 1000"),
    "a huge number": (PLAIN.replace("= 7564", "= 1" + "0" * 30), "whole number from 1 to 65535"),
    "a number of 5000 digits": (PLAIN.replace("= 7564", "= 1" + "0" * 5000), "TOML"),
    "a number in hex without end": (PLAIN.replace("= 7564", "= 0x" + "f" * 5000), "1 to 65535"),
    "a fraction": (PLAIN.replace("= 7564", "= 7564.0"), "whole number from 1 to 65535"),
    "no number": (PLAIN.replace("frame_rate = 200", "frame_rate = nan"), "whole number"),
    "yes": (PLAIN.replace("frame_rate = 200", "frame_rate = true"), "whole number"),
    "brackets": (PLAIN.replace("frame_rate = 200", "frame_rate = " + "[" * 900 + "]" * 900), "in instrument"),
    "deep brackets": (PLAIN.replace("frame_rate = 200", "a = " + "[" * 99_999), "brackets in brackets"),
    "deep tables": (PLAIN.replace("frame_rate = 200", ".".join("a" * 90_000) + " = 1"), "dots in line"),
    "NUL": (PLAIN.replace("frame_rate = 200", "frame_rate = 200\0"), "TOML"),
    "NUL in a text": (PLAIN.replace("i2c:/dev/i2c-1", "i2c:/dev/i2c-\\u0000"), "bus"),
    "a comment of board.conf": (PLAIN.replace("i2c:/dev/i2c-1", "i2c:/dev/i2c-1#2"), "bus"),
    "a line of board.conf": (PLAIN.replace("i2c:/dev/i2c-1", "i2c:/dev/i2c-1\\nallow = 1.2.3.4"), "bus"),
    "letters that look alike": (PLAIN.replace("i2c-1", "i2c-\N{FULLWIDTH DIGIT ONE}"), "bus"),
    "old Macintosh's lines": (PLAIN.replace("\n", "\r"), "TOML"),
    "another encoding": (PLAIN.encode("utf-16"), "UTF-8"),
    "half a letter": (PLAIN.encode() + b"# \xc3", "UTF-8"),
    "nothing": ("", "format and version"),
    "JSON": ('{"format": "lodestone-instrument", "version": 1}', "TOML"),
}  # fmt: skip


@pytest.mark.parametrize("name", TAKEN)
def test_the_firmware_reads_what_build_takes(name: str, tmp_path: Path) -> None:
    path = tmp_path / "instrument.toml"
    assert TAKEN[name] != PLAIN.encode()
    path.write_bytes(TAKEN[name])
    settings = load_settings(path)
    named = [scene.name for scene in settings.scenes] or ["a"]
    trouble, read = firmware.read_board_conf(board_conf(named, settings))
    assert trouble == ""
    assert read["scenes"] == named
    for row in table.settings():
        if row.conf and row.kind in ("whole", "choice", "text"):
            assert read[row.field] == settings.values[row.name]
    assert read["osc_targets"] == [(int(ipaddress.IPv4Address(a)), p) for a, p in settings.osc_targets]


@pytest.mark.parametrize("name", REFUSED)
def test_other_odd_files_are_refused_where_they_are_wrong(name: str, tmp_path: Path) -> None:
    path, (text, says) = tmp_path / "instrument.toml", REFUSED[name]
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(SettingsError) as refused:
        load_settings(path)
    told = str(refused.value).replace(str(path), "instrument.toml")
    assert says in told
    assert len(told) < 1200
    assert told.isprintable()
