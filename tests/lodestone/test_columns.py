"""Tables that commands print: heads above cells, digits below digits, nothing cut."""

from __future__ import annotations

from lodestone.columns import columns


def test_heads_stand_above_their_cells_and_numbers_to_the_right() -> None:
    rows = [("glass", "+28.11", "ok"), ("a longer name", "-1.0", "")]
    assert columns(("voice", "x mT", "health"), rows).splitlines() == [
        "voice            x mT  health",
        "glass          +28.11  ok",
        "a longer name    -1.0",
    ]


def test_a_table_without_rows_is_its_heads() -> None:
    assert columns(("address", "chip"), []) == "address  chip"


def test_a_wide_cell_is_neither_wrapped_nor_cut() -> None:
    assert columns(("what", "n"), [("x" * 300, "1")]).splitlines()[1] == "x" * 300 + "  1"
