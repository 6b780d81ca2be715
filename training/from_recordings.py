"""Lessons out of recordings instead of a teacher's sound: what distillation is set beside; no PyTorch.

    python -m training.from_recordings out/runs/taught out/sounds/glass -o out/runs/recorded
    .venv-training/bin/python -m training.distil out/runs/recorded --minutes 2
    python -m training.compare out/runs/taught out/runs/recorded

The recordings go through the encoder of the teacher, a voice that ships: its latents, and the recording
itself to be made of them. Student, losses and steps are those of a distillation, and so are the lessons that
are only measured on.
"""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from model_export.encoder import Encoder
from training import course as courses
from training import recordings
from training.command import one_line
from training.course import Course
from training.errors import TrainingError
from training.lessons import HELD_OUT, SECONDS, Lesson, Lessons
from training.ship_ears import found
from voices import catalogue

Floats = npt.NDArray[np.float32]
SHORTEST_S = 3.0


def pieces(sounds: list[Floats], rate: int) -> Iterator[Floats]:
    """What a lesson holds of each recording; a short rest is left out."""
    length = int(SECONDS * rate)
    for sound in sounds:
        for start in range(0, len(sound), length):
            piece = sound[start : start + length]
            if len(piece) >= SHORTEST_S * rate:
                yield piece


def lesson(piece: Floats, encoder: Encoder, own_delay: int) -> Lesson:
    """A piece of a recording and its latents, the sound as late as a student answers."""
    hop = encoder.card.hop
    frames = len(piece) // hop
    late = np.concatenate([np.zeros(own_delay, np.float32), piece])[: frames * hop]
    return Lesson(found(encoder, piece, frames), np.asarray(late, np.float32))


def prepare(taught: Path, sounds: list[Floats], encoder: Encoder, run: Path) -> Course:
    """The run folder, with the held-out lessons of the distillation in `taught` and its teacher.

    Args:
        taught: its run folder.
        sounds: recordings at the teacher's rate.
        encoder: of the teacher.
        run: the folder to make.

    Raises:
        TrainingError: another hop than the teacher's, or hardly any sound.
    """
    told = courses.read(taught)
    if told.settings.network.hop != encoder.card.hop or told.rate != encoder.card.sample_rate:
        raise TrainingError("a student of the teacher's own hop", "another", "distil it without --delay")
    cut = list(pieces(sounds, told.rate))
    if not cut:
        raise TrainingError(f"recordings of {SHORTEST_S:g} s or more", "none", "name another folder")
    gain = told.level / float(np.sqrt(np.square(np.concatenate(cut), dtype=np.float64).mean()))
    kept = Lessons(None, told.settings.network.hop, run / "lessons", told.own_delay)
    for number in range(HELD_OUT):
        kept.file(number).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(taught / "lessons" / kept.file(number).name, kept.file(number))
    for number, piece in enumerate(cut, HELD_OUT):
        made = lesson(piece, encoder, told.own_delay)
        kept.keep(number, Lesson(made.latents, made.sound * np.float32(gain)))
    shutil.copy(taught / "teacher.onnx", run)
    course = replace(told, lessons=HELD_OUT + len(cut), warm=False)
    course.write(run)
    return course


@one_line
def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="training.from_recordings", description="Lessons of recordings.")
    parser.add_argument("taught", type=Path, help="a run of `lodestone distil` of a voice with an encoder")
    parser.add_argument("sounds", type=Path, help="a folder of recordings with their licences")
    parser.add_argument("-o", "--output", type=Path, required=True, help="the run folder to make")
    options = parser.parse_args()
    voice = catalogue.find(courses.read(options.taught).teacher)
    graph = voice.encoder()
    if graph is None:
        raise TrainingError("a teacher with its encoder", f"{voice.name} without", "see training.ears")
    sounds = [take.audio for take in recordings.read(options.sounds) if not take.recording.held_out]
    made = prepare(options.taught, sounds, Encoder(graph), options.output)
    print(f"{options.output}: {made.lessons} lessons")


if __name__ == "__main__":
    main()
