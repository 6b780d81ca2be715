"""Puts an encoder into a voice's folder, for `lodestone teach`: encode; without PyTorch.

    python -m training.ship_ears out/runs/glass-small voices/glass [--recordings FOLDER]

The run is one of `lodestone distil glass`, in which `training.ears` left its weights. Measured on lessons
that nobody learnt from, and printed and kept in the card:

    correlation, least   of latents found with latents played; the mean over latents, and the least
    rebuilt              distance of what the voice plays at the latents found from what was heard
    again, resting       the same for the very latents with other noise, and for the voice at rest

With recordings: the same distance for them, beside that of the voice at rest at their loudness.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import lzma
import tempfile
from pathlib import Path

import numpy as np
import numpy.typing as npt

from files import write_bytes, write_text
from model_export.corpus import read_mono
from model_export.encoder import Encoder
from training import course as courses
from training import hearing
from training.command import one_line
from training.errors import TrainingError
from training.fidelity import distance, held_out
from training.teacher import Teacher
from voices import catalogue

Floats = npt.NDArray[np.float32]
WANTED = 0.5
"""Mean correlation of latents found with latents played: less is no encoder."""
LONGEST_S = 8.0


def found(encoder: Encoder, sound: Floats, frames: int) -> Floats:
    """Latents [frames, Z] of a sound [N], brought to the time at which they sounded."""
    card = encoder.card
    late = card.delay_samples // card.hop
    padded = np.concatenate([sound, np.zeros((late + 1) * card.hop, np.float32)])
    return encoder.encode(padded, still=True)[late : late + frames]


def figures(teacher: Teacher, encoder: Encoder, folder: Path) -> dict[str, float]:
    """What stands above, on lessons of a seed that no training has."""
    rows, played, heard = [], [], []
    for number, lesson in enumerate(held_out(teacher, teacher.hop, teacher.delay, folder)):
        z = found(encoder, lesson.sound, len(lesson.latents))
        count = len(z) * teacher.hop
        sounds = [
            teacher.play(path[: len(z)], number)
            for path in (z, lesson.latents, np.zeros_like(lesson.latents))
        ]
        rows.append([distance(lesson.sound[:count], sound[:count]) for sound in sounds])
        played.append(lesson.latents[: len(z)])
        heard.append(z)
    wanted, got = np.concatenate(played), np.concatenate(heard)
    each = [float(np.corrcoef(wanted[:, k], got[:, k])[0, 1]) for k in range(wanted.shape[1])]
    rebuilt, again, resting = np.mean(rows, axis=0)
    told = {"correlation": np.mean(each), "least": min(each), "rebuilt": rebuilt, "again": again}
    return {key: round(float(value), 3) for key, value in (told | {"resting": resting}).items()}


def of_recordings(teacher: Teacher, encoder: Encoder, folder: Path) -> tuple[float, float]:
    """(rebuilt, resting) distance for recordings, the first seconds of each; both at their loudness."""
    rows = []
    for file in sorted(path for path in folder.iterdir() if path.suffix in (".wav", ".flac")):
        sound = read_mono(file, teacher.rate, LONGEST_S)
        z = found(encoder, sound, len(sound) // teacher.hop)
        count = len(z) * teacher.hop
        row = []
        for path in (z, np.zeros_like(z)):
            made = teacher.play(path, 1)[:count]
            gain = np.sqrt(np.square(sound[:count]).mean() / (np.square(made).mean() + 1e-12))
            row.append(distance(sound[:count], np.asarray(made * gain, np.float32)))
        rows.append(row)
        print(f"{file.name:32} rebuilt {row[0]:.2f}, resting {row[1]:.2f}", flush=True)
    rebuilt, resting = np.mean(rows, axis=0)
    return float(rebuilt), float(resting)


@one_line
def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="training.ship_ears", description="An encoder for a voice that ships."
    )
    parser.add_argument("run", type=Path, help="of `lodestone distil`, with ears.npz")
    parser.add_argument("voice", type=Path, help="the voice's folder")
    parser.add_argument("--recordings", type=Path, help="a folder of recordings to be heard, too")
    options = parser.parse_args()
    voice, told = catalogue.read(options.voice), courses.read(options.run)
    model = voice.graph()
    if hashlib.sha256(model.SerializeToString()).hexdigest() != told.teacher_sha256:
        raise TrainingError(f"a run of {voice.name} as it ships", "one of another", "distil it again")
    teacher = Teacher(model, told.teacher_delay)
    if told.settings.network.hop != teacher.hop:
        raise TrainingError(
            f"lessons of hop {teacher.hop}", f"{told.settings.network.hop}", "distil without --delay"
        )
    with np.load(options.run / "ears.npz") as kept:
        weights = {name: kept[name] for name in kept.files}
    made = hearing.encoder(weights, voice.name, teacher.rate, teacher.hop)
    encoder = Encoder(made)
    with tempfile.TemporaryDirectory() as folder:
        measured = figures(teacher, encoder, Path(folder))
    print(json.dumps(measured))
    if measured["correlation"] < WANTED:
        raise TrainingError(
            f"a correlation of {WANTED:g}", f"{measured['correlation']:g}", "train for longer"
        )
    if options.recordings is not None:
        rebuilt, resting = of_recordings(teacher, encoder, options.recordings)
        print(f"recordings: rebuilt {rebuilt:.2f}, resting {resting:.2f}")
    plain = made.SerializeToString()
    file = f"{voice.name}.encoder.onnx.xz"
    path = options.voice / "card.json"
    data = json.loads(path.read_text(encoding="utf-8"))
    data["encoder"] = {"file": file, "sha256": hashlib.sha256(plain).hexdigest(), "figures": measured}
    write_bytes(options.voice / file, lzma.compress(plain, preset=9 | lzma.PRESET_EXTREME))
    write_text(path, json.dumps(data, indent=1) + "\n")
    print(f"{options.voice / file}: {(options.voice / file).stat().st_size} bytes")


if __name__ == "__main__":
    main()
