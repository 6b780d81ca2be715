"""The mixed-precision search: what it widens, and when it stops."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from model_export.quantise.search import LADDERS, Choice, Layer, choose

BYTES, WORDS, FLOATS = LADDERS["w8a8"]
layers = st.builds(
    lambda weights, rows, worst, middle: Layer(
        weights, rows, {BYTES: worst, WORDS: worst * middle, FLOATS: 0.0}
    ),
    st.integers(16, 10**6),
    st.integers(1, 128),
    st.floats(1e-9, 1e-2),
    st.floats(0.0, 1.0),
)
voices = st.lists(layers, min_size=1, max_size=12).map(
    lambda made: dict(zip("abcdefghijkl", made, strict=False))
)


def error(voice: dict[str, Layer], chosen: dict[str, Choice]) -> float:
    return sum(voice[key].errors[choice] for key, choice in chosen.items())


@given(voices, st.floats(1e-9, 1e-1), st.integers(0, 10**6))
def test_the_error_holds_or_the_room_is_used_as_far_as_it_pays(
    voice: dict[str, Layer], wanted: float, room: int
) -> None:
    chosen = choose(voice, "w8a8", wanted, room)
    grown = sum(voice[key].weights for key, choice in chosen.items() if choice == FLOATS)
    assert grown <= room
    if room >= sum(layer.weights for layer in voice.values()):
        assert error(voice, chosen) <= wanted * (1 + 1e-9)


def test_nothing_is_widened_beyond_need() -> None:
    voice = {"a": Layer(100, 8, {BYTES: 1e-3, WORDS: 1e-5, FLOATS: 0.0})}
    assert choose(voice, "w8a8", 1e-3, 1e9) == {"a": BYTES}
    assert choose(voice, "w8a8", 1e-4, -1) == {"a": WORDS}  # takes no room
    assert choose(voice, "w8a8", 1e-6, 1e9) == {"a": FLOATS}


def test_of_two_equal_errors_the_cheaper_layer_is_widened() -> None:
    errors = {BYTES: 1e-3, WORDS: 0.0, FLOATS: 0.0}
    voice = {"dear": Layer(1000, 128, errors), "cheap": Layer(1000, 2, errors)}
    assert choose(voice, "w8a8", 1e-3, 0) == {"dear": BYTES, "cheap": WORDS}


def test_out_of_reach_only_what_pays_is_widened() -> None:
    stuck = Layer(1000, 1, {BYTES: 1e-2, WORDS: 1e-2, FLOATS: 1e-2})
    loud = Layer(1000, 1, {BYTES: 1e-2, WORDS: 0.0, FLOATS: 0.0})
    faint = Layer(1000, 1, {BYTES: 1e-4, WORDS: 0.0, FLOATS: 0.0})
    chosen = choose({"stuck": stuck, "loud": loud, "faint": faint}, "w8a8", 1e-6, 1e9)
    assert chosen == {"stuck": BYTES, "loud": WORDS, "faint": BYTES}
