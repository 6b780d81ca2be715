"""What surrounds the training of a student, without PyTorch: its course and lessons, and what becomes of it.

`prepare` makes the run folder, `student` turns the weights that the training left into a voice that says who
taught it. Both may be killed and called again.
"""

from __future__ import annotations

import math
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx

from files import write_bytes
from graphs.card import attach_card, load_onnx, read_card
from training import axes, fidelity, finished, levels, narrow, own_weights
from training import course as courses
from training import student as students
from training.course import Course
from training.errors import TrainingError
from training.lessons import HELD_OUT, LEVEL, SECONDS, Lessons
from training.settings import Settings
from training.teacher import Teacher
from voices import catalogue

Floats = npt.NDArray[np.float32]
Progress = Callable[[str], None]
SLOWER = 2.0
"""Times as long as the student's own is a slide that is left out of the lessons."""
LESSON_MINUTES, LESSON_MINUTES_AN_HOUR, MOST_LESSON_MINUTES = 6.0, 30.0, 60.0


@dataclass(frozen=True)
class Wish:
    """What a player asks for.

    Attributes:
        name: of the student.
        target: a board.
        delay_ms: one of `student.TEMPLATES`; None: as the teacher's hop has it.
        capacity: instead of the widest that the target carries.
        minutes: of training.
        warm: whether it may begin as a narrower copy of the teacher.
        licence: of what it is taught by, in the player's words.
    """

    name: str
    target: str = "bela"
    delay_ms: int | None = None
    capacity: int | None = None
    minutes: float = 60.0
    warm: bool = True
    licence: str = ""


def lessons_for(minutes: float) -> int:
    """How many lessons a training of so many minutes gets, the held-out ones included."""
    wanted = min(MOST_LESSON_MINUTES, LESSON_MINUTES + LESSON_MINUTES_AN_HOUR * minutes / 60)
    return HELD_OUT + math.ceil(60 * wanted / SECONDS)


def shape(wish: Wish, teacher: Teacher, shipped: str | None) -> tuple[Settings, Settings]:
    """The student's settings, and the template that they come from.

    Raises:
        TrainingError: a target, a delay or a capacity that no student has.
    """
    base = students.template(wish.delay_ms, teacher.hop, teacher.rate, shipped)
    if wish.capacity is None:
        return students.widest(base, wish.name, teacher.latents, teacher.rate, wish.target), base
    if not 2 <= wish.capacity <= max(students.CAPACITIES):
        got, most = str(wish.capacity), max(students.CAPACITIES)
        raise TrainingError(f"a capacity of 2 to {most}", got, "leave it out: the target decides")
    return students.shaped(base, wish.name, teacher.latents, wish.capacity), base


def prepare(
    model: onnx.ModelProto,
    wish: Wish,
    run: Path,
    shipped: str | None = None,
    paths: Sequence[Floats] = (),
    progress: Progress = lambda _: None,
) -> Course:
    """Makes or completes the run folder: teacher, course, every lesson.

    Args:
        model: the teacher's graph.
        wish: what is asked for.
        run: the folder.
        shipped: the teacher's name, where it is a voice of ours.
        paths: latents [T, Z] of recordings or performances, at the teacher's frames.
        progress: told one short line at each stage.

    Raises:
        TrainingError: a teacher without sound, a run of another teacher or student, an impossible wish.
    """
    known = courses.read(run) if (run / courses.NAME).is_file() else None
    progress("listening to the teacher" if known is None else f"going on in {run}")
    teacher = Teacher(model, None if known is None else known.teacher_delay)
    settings, base = shape(wish, teacher, shipped)
    slide = left_out(teacher, base) if known is None else known.slide
    if known is not None:
        _same(known, teacher, settings, run)
        settings = known.settings
    delay = students.own_delay(base, teacher.rate)
    lessons = Lessons(teacher, settings.network.hop, run / "lessons", delay, paths=paths, slide=slide)
    level = lessons.level() if known is None else known.level
    count = max(lessons_for(wish.minutes), 0 if known is None else known.lessons)
    wide = _of_our_shape(model, shipped, settings, teacher, delay)
    write_bytes(run / "teacher.onnx", model.SerializeToString())
    warm = wish.warm and wide is not None if known is None else known.warm
    told = Course(
        settings, teacher.rate, delay, level, count, teacher.card.name, teacher.sha256, teacher.answer.half,
        wide, warm, wish.licence or (known.licence if known is not None else ""), slide,
    )  # fmt: skip
    told.write(run)
    if axes.read(run) is None:
        axes.listened(teacher, progress).keep(run)
    for number in range(count):
        if number % 10 == 0:
            progress(f"lesson {number} of {count}")
        lessons.lesson(number)
    return told


def left_out(teacher: Teacher, base: Settings) -> int:
    """Samples of the teacher's slide that its lessons leave out: all, where the voice of ours of the
    student's shape answers in less than half of it.
    """
    tenth, _, most = catalogue.find(base.name).step_ms
    own = (most - tenth) * teacher.rate / 1000
    return teacher.slide if teacher.slide > SLOWER * own else 0


def _same(known: Course, teacher: Teacher, settings: Settings, run: Path) -> None:
    do = "name another --run folder, or remove this one"
    if known.teacher_sha256 != teacher.sha256:
        wanted = f"the teacher of the run in {run}"
        raise TrainingError(wanted, f"another ({known.teacher_sha256[:12]}… there)", do)
    if known.settings.network != settings.network:
        wanted = f"the student of the run in {run}, capacity {known.settings.network.capacity}"
        raise TrainingError(wanted, f"another, capacity {settings.network.capacity}", do)


def _of_our_shape(
    model: onnx.ModelProto, shipped: str | None, settings: Settings, teacher: Teacher, delay: int
) -> Settings | None:
    """The teacher's own settings, where it is a voice that ships and differs from the student in width."""
    path = students.FOLDER / f"{shipped}.toml"
    if shipped is None or not path.is_file() or not teacher.ours or teacher.delay != delay:
        return None
    own = Settings.load(path)
    own = replace(own, sounds=())
    if not narrow.fits(own, settings):
        return None
    own_weights.read(model, own)
    return own


def result(
    run: Path, progress: Progress = lambda _: None, ships: bool = False
) -> tuple[onnx.ModelProto, dict[str, float]]:
    """The student as a voice that says who taught it, and how near it came.

    Its latents are the teacher's: the same statistics stand in its card. It plays at the level of its
    lessons; one that `ships` as a size, at that of `levels.of_size`.

    Raises:
        TrainingError: the training has not ended yet, the graph plays something else than PyTorch did, or
            it is to ship and cannot be loud enough.
    """
    told = courses.read(run)
    try:
        with np.load(run / "student.npz") as kept:
            arrays = {name: kept[name] for name in kept.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise TrainingError(
            f"what a training left in {run / 'student.npz'}", str(error), "run `lodestone distil` again"
        ) from None
    weights = {k.removeprefix("weights."): v for k, v in arrays.items() if k.startswith("weights.")}
    graph = load_onnx(run / "teacher.onnx")
    teacher = Teacher(graph, told.teacher_delay)
    taught = {
        "teacher": told.teacher,
        "sha256": told.teacher_sha256,
        "licence": told.licence,
        "minutes": round(float(arrays["seconds"]) / 60, 2),
        "steps": int(arrays["steps"]),
    }
    progress("laying out the student")
    rest = np.zeros(teacher.latents, np.float32)
    gain = taught_gain = told.level / LEVEL
    if ships:
        plain = finished.draft(told.settings, weights, told.rate, teacher.spread, rest)
        gain = levels.of_size(plain, taught_gain)
    take = {**arrays, "t1.audio": arrays["t1.audio"] * np.float32(gain / taught_gain)}
    made = finished.voice(told.settings, weights, told.rate, teacher.spread, rest, gain, take)
    progress("comparing it with its teacher")
    with tempfile.TemporaryDirectory() as folder:
        found = fidelity.figures(teacher, made, Path(folder))
    whose = read_card(graph).latents_of or told.teacher
    attach_card(made, replace(read_card(made), latents_of=whose, taught={**taught, "fidelity": found}))
    return made, found
