"""Takes played by a soundfont: random phrases of one General MIDI program, rendered by fluidsynth."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import mido
import numpy as np
import numpy.typing as npt
import soundfile

from training.errors import TrainingError

SOUNDFONT = Path("/usr/share/sounds/sf3/MuseScore_General_Lite.sf3")
ORIGIN = "MuseScore General (Debian's musescore-general-soundfont-small), by S. Christian Collins"
LICENCE = "MIT (parts public domain or CC0)"
TICKS = 480


def phrase(program: int, low: int, high: int, seconds: float, rng: np.random.Generator) -> mido.MidiFile:
    """Notes of random pitch, length and force, now and then together, at 120 beats a minute."""
    events: list[tuple[float, mido.Message]] = []
    at = 0.0
    pace = float(np.exp(rng.uniform(np.log(0.18), np.log(1.6))))
    scale = np.array([0, 2, 3, 5, 7, 8, 10]) if rng.uniform() < 0.5 else np.array([0, 2, 4, 5, 7, 9, 11])
    root = int(rng.integers(0, 12))
    notes = [note for note in range(low, high + 1) if (note - root) % 12 in scale]
    while at < seconds - 0.5:
        for _ in range(int(rng.integers(1, 4)) if rng.uniform() < 0.35 else 1):
            note, force = int(rng.choice(notes)), int(rng.integers(25, 120))
            length = float(pace * rng.uniform(0.4, 3.0))
            events.append((at, mido.Message("note_on", note=note, velocity=force)))
            events.append((min(at + length, seconds - 0.3), mido.Message("note_off", note=note)))
        at += pace * float(rng.uniform(0.5, 1.8))
    track = mido.MidiTrack([mido.Message("program_change", program=program)])
    now = 0
    for when, message in sorted(events, key=lambda event: event[0]):
        tick = round(when * 2 * TICKS)
        track.append(message.copy(time=tick - now))
        now = tick
    return mido.MidiFile(ticks_per_beat=TICKS, tracks=[track])


def render(
    program: int, low: int, high: int, take: int, seconds: float, rate: int = 44100
) -> npt.NDArray[np.float32]:
    """Take number `take` of a program, mono.

    Raises:
        TrainingError: fluidsynth or the soundfont is not installed, or rendering failed.
    """
    font = Path(os.environ.get("SOUNDFONT", SOUNDFONT))
    if shutil.which("fluidsynth") is None or not font.is_file():
        do = "apt-get install fluidsynth musescore-general-soundfont-small"
        raise TrainingError(f"fluidsynth and {font}", "one of them missing", do)
    with tempfile.TemporaryDirectory() as scratch:
        score, sound = Path(scratch) / "take.mid", Path(scratch) / "take.wav"
        phrase(program, low, high, seconds, np.random.default_rng([program, low, take])).save(str(score))
        command = ["fluidsynth", "-ni", "-q", "-R", "0", "-C", "0", "-g", "0.5", "-r", str(rate), "-F"]
        result = subprocess.run([*command, str(sound), str(font), str(score)], capture_output=True, text=True)
        if result.returncode or not sound.is_file():
            raise TrainingError(
                "a rendered take", result.stderr.strip()[-200:] or "nothing", "check fluidsynth"
            )
        audio, _ = soundfile.read(sound, dtype="float32", always_2d=True)
    return np.asarray(audio.mean(axis=1)[: int(seconds * rate)], np.float32)
