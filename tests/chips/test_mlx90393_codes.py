"""Counts and times of the chip model against published vectors."""

from __future__ import annotations

import pytest

from sensors.chips import mlx90393_codes as codes

# x axis: field in mT, words at RES 0 to 3 for gain 7 and gain 3 (from an independent simulator)
VECTORS = [
    (0.0, "0000 0000 8000 4000", "0000 0000 8000 4000"),
    (1.0, "1A0B 0D05 8682 4341", "0A6B 0535 829A 414D"),
    (5.0, "8235 411A A08D 5046", "3415 1A0A 8D05 4682"),
    (9.8, "FF35 7F9A BFCD 5FE6", "6615 330A 9985 4CC2"),
    (9.85, "0083 8041 C020 6010", "669B 334D 99A6 4CD3"),
    (15.0, "86A0 C350 E1A8 70D4", "9C40 4E20 A710 5388"),
    (25.0, "FFFF FFFF FFFF 7FFF", "046B 8235 C11A 608D"),
    (-9.85, "FF7D 7FBE 3FDF 1FEF", "9965 CCB2 6659 332C"),
    (-25.0, "0000 0000 0000 0000", "FB95 7DCA 3EE5 1F72"),
    (49.3, "FFFF FFFF FFFF 7FFF", "FFFF FFFF FFFF 7FFF"),
]


@pytest.mark.parametrize(("field_mt", "gain7", "gain3"), VECTORS)
def test_words_of_the_x_axis(field_mt: float, gain7: str, gain3: str) -> None:
    for gain, words in ((7, gain7), (3, gain3)):
        got = [codes.encode(field_mt * 1000, 0, gain, resolution) for resolution in range(4)]
        assert got == [int(word, 16) for word in words.split()]


def test_frame_vector_and_temperature() -> None:
    field = (1000.0, -2000.0, 3000.0)
    assert [codes.encode(field[axis], axis, 3, 2) for axis in range(3)] == [0x829A, 0x7ACA, 0x84D7]
    assert codes.encode_temperature(25.0, codes.TREF_NOMINAL) == 0xB4A4


@pytest.mark.parametrize(
    ("osr", "filt", "milliseconds"),
    [(0, 0, 1.27), (0, 2, 1.84), (1, 2, 3.00), (0, 5, 7.22), (2, 4, 14.52), (3, 7, 200.37), (1, 7, 50.61)],
)
def test_conversion_times(osr: int, filt: int, milliseconds: float) -> None:
    assert codes.conversion_us(osr, filt) / 1000 == pytest.approx(milliseconds, abs=0.0101)  # the table cuts
