"""What a student is for a target: as wide as it carries, at the hop that answers in time."""

from __future__ import annotations

import pytest

from model_export.compiler import compile_plan
from model_export.compiler.fit import fit
from model_export.quantise import quantise
from training import student
from training.distillation import lessons_for
from training.errors import TrainingError
from training.student import load_at, own_delay, shaped, template, widest
from voices import catalogue


def test_the_delay_decides_the_hop() -> None:
    assert [template(each, 2048, 44100, None).network.hop for each in (80, 25, 10)] == [2048, 512, 128]
    assert [template(None, hop, 44100, None).network.hop for hop in (2048, 1024, 512, 128)] == [
        2048,
        512,
        512,
        128,
    ]
    assert template(None, 512, 44100, "struck").name == "struck", "a voice that ships has settings of its own"
    with pytest.raises(TrainingError, match="10ms, 25ms, 80ms"):
        template(40, 2048, 44100, None)


def test_the_widest_student_takes_at_most_its_share_of_the_core() -> None:
    base = template(25, 512, 44100, None)
    made = widest(base, "x", 8, 44100, "bela-mini")
    assert load_at(made, 44100, "bela-mini") <= student.SHARE
    wider = shaped(base, "x", 8, student.CAPACITIES[student.CAPACITIES.index(made.network.capacity) - 1])
    assert load_at(wider, 44100, "bela-mini") > student.SHARE
    assert widest(base, "x", 8, 44100, "bela-gem").network.capacity > made.network.capacity


def test_the_share_that_was_promised_is_that_of_the_8_bit_form() -> None:
    """Random weights stand for learnt ones: what round takes in 8 bits is what was foreseen."""
    voice = catalogue.find("round")
    base = template(None, 512, 44100, "round")
    foreseen = load_at(shaped(base, "x", 8, voice.capacity), 44100, "bela")
    real = fit(compile_plan(quantise(voice.graph(), "w8a16", 40.0).model), "bela").load.high
    assert foreseen == pytest.approx(real, rel=0.25)


def test_an_unknown_target_and_one_that_is_too_small_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    base = template(10, 128, 44100, None)
    with pytest.raises(TrainingError, match="bela-mini, bela, bela-gem"):
        widest(base, "x", 8, 44100, "teensy")
    monkeypatch.setattr(student, "SHARE", 0.01)
    monkeypatch.setattr(student, "CAPACITIES", (8, 4))
    with pytest.raises(TrainingError, match=r"at most 1% of the core of a bela, got \d+% at the narrowest"):
        widest(base, "x", 8, 44100, "bela")


def test_a_student_is_asked_to_answer_as_the_voice_of_its_shape() -> None:
    assert own_delay(template(80, 2048, 44100, None), 44100) == pytest.approx(450, abs=2)
    assert own_delay(template(10, 128, 48000, None), 48000) < own_delay(template(25, 512, 48000, None), 48000)


def test_longer_trainings_get_more_lessons() -> None:
    assert lessons_for(1) < lessons_for(60) < lessons_for(180) <= lessons_for(10_000)
