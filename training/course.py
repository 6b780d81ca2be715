"""The plan of a distillation, kept in its run folder as `course.json`: who teaches, who learns, how long.

RUN/course.json  teacher.onnx  axes.npz  lessons/      made where PyTorch is not needed
RUN/checkpoint.pt  best.pt  progress.csv  sounds/      made by the training
RUN/student.npz                                        its result: weights, and what PyTorch plays
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from files import write_text
from training.errors import TrainingError
from training.settings import Settings

FORMAT, VERSION = "lodestone-course", 1
NAME = "course.json"


@dataclass(frozen=True)
class Course:
    """One distillation.

    Attributes:
        settings: of the student.
        rate: Hz, of lessons and student.
        own_delay: samples until a step is to be heard half.
        level: root mean square of the teacher's sound; lessons are played to the student at `lessons.LEVEL`.
        lessons: how many there are, the held-out ones included.
        teacher, teacher_sha256, teacher_delay: name, hash of its graph, samples at its own rate.
        wide: settings of the teacher's network, where it is ours and differs in width alone; else None.
        warm: whether the student begins as a narrower copy of it.
        licence: the line that the player gave, or what the teacher's card says.
        slide: samples of the teacher's steps that the lessons leave out (training/splices.py); 0: none.
    """

    settings: Settings
    rate: int
    own_delay: int
    level: float
    lessons: int
    teacher: str
    teacher_sha256: str
    teacher_delay: int
    wide: Settings | None
    warm: bool
    licence: str
    slide: int = 0

    def write(self, run: Path) -> None:
        """Into the run folder."""
        data = {"format": FORMAT, "version": VERSION, **asdict(self)}
        for name in ("settings", "wide"):
            if data[name] is not None:
                data[name].pop("sounds")
        write_text(run / NAME, json.dumps(data, indent=1) + "\n")


def read(run: Path) -> Course:
    """The course of a run folder.

    Raises:
        TrainingError: none there, or a damaged one.
    """
    path, do = run / NAME, "begin with `lodestone distil`"
    try:
        data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if (data.pop("format"), data.pop("version")) != (FORMAT, VERSION):
            raise ValueError("another format")
        data["settings"] = Settings.parsed(data["settings"])
        data["wide"] = None if data["wide"] is None else Settings.parsed(data["wide"])
        return Course(**data)
    except OSError as error:
        raise TrainingError(f"a distillation's {path}", error.strerror or "no such file", do) from None
    except (ValueError, KeyError, TypeError) as error:
        raise TrainingError(f"a distillation's {path}", f"a damaged one ({error})", do) from None
