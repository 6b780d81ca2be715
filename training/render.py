"""Renders the sounds that a voice learns from, each with its origin and licence.

    .venv-training/bin/python -m training.render voices/glass/settings.toml --out out/sounds/glass

Physical models are rendered here, soundfont takes by fluidsynth, and samples of Debian's sonic-pi-samples
are read and
copied at the pitches asked for. Writes FLAC files and `origins.json`; what is there already is kept.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
import soundfile
from scipy.signal import resample_poly

from training import models, soundfont
from training.command import one_line
from training.errors import TrainingError
from training.recordings import RATE, Audio, Recording, write_origins
from training.settings import Settings, Sound

SAMPLES = Path("/usr/share/sonic-pi/samples")


def sources(sound: Sound, samples: Path) -> Iterator[tuple[Recording, Audio | None, int]]:
    """(recording, audio if it must be rendered for certain, number of the take) of one entry."""
    kind, _, what = sound.kind.partition(":")
    if kind == "samples":
        origin = sample_origin(what, samples)
        for semitones in sound.semitones:
            stem = Path(what).stem
            held = sound.held_out
            yield Recording(f"{stem}_{semitones:+g}.flac", origin, "CC0 1.0", held, sound.gain_db), None, 0
        return
    extra = max(1, sound.takes // 7)
    for take in range(sound.takes + extra):
        held = sound.held_out or take >= sound.takes
        if kind == "model":
            recording = Recording(
                f"{what}_{take}.flac", "training/models", "MIT, as this project", held, sound.gain_db
            )
        elif kind == "soundfont":
            name = f"program{what}_{sound.low}_{take}.flac"
            recording = Recording(
                name, f"{soundfont.ORIGIN}, program {what}", soundfont.LICENCE, held, sound.gain_db
            )
        else:
            raise TrainingError("model:, soundfont: or samples:", sound.kind, "correct the [[sound]] entry")
        yield recording, None, take


def made(sound: Sound, recording: Recording, take: int, samples: Path) -> Audio:
    """The audio of one recording."""
    kind, _, what = sound.kind.partition(":")
    if kind == "model":
        return models.render(what, take, sound.seconds, RATE)
    if kind == "soundfont":
        return soundfont.render(int(what), sound.low, sound.high, take, sound.seconds, RATE)
    semitones = float(recording.file.rsplit("_", 1)[1].removesuffix(".flac"))
    try:
        audio, rate = soundfile.read(samples / what, dtype="float32", always_2d=True)
    except (OSError, RuntimeError) as error:
        raise TrainingError(
            f"the sample {samples / what}", str(error), "apt-get install sonic-pi-samples"
        ) from None
    # Faster or slower, as a tape: pitch and time change together.
    ratio = Fraction(RATE / rate * 2.0 ** (-semitones / 12)).limit_denominator(200)
    return np.asarray(resample_poly(audio.mean(axis=1), ratio.numerator, ratio.denominator), np.float32)


def sample_origin(file: str, samples: Path) -> str:
    """What the package's own list says of a sample.

    Raises:
        TrainingError: when the list is missing or does not name it: its licence would be a guess.
    """
    try:
        text = (samples / "README.md").read_text(encoding="utf-8")
    except OSError as error:
        raise TrainingError(
            f"the list {samples / 'README.md'}", str(error), "apt-get install sonic-pi-samples"
        ) from None
    links = {key.replace("_", ""): link for key, link in re.findall(r"`:(\w+)`\s*-\s*(https?://\S+)", text)}
    stem = Path(file).stem
    if stem.replace("_", "") in links:
        return f"sonic-pi-samples, {links[stem.replace('_', '')]}"
    if (samples / file).is_file():
        return f"sonic-pi-samples, {file} (the package states CC0 for all)"
    raise TrainingError(f"{file} in {samples}", "no such file", "correct the [[sound]] entry")


def render(settings: Settings, folder: Path, samples: Path = SAMPLES) -> list[Recording]:
    """Renders everything; returns the list."""
    folder.mkdir(parents=True, exist_ok=True)
    recordings = []
    for sound in settings.sounds:
        for recording, _, take in sources(sound, samples):
            path = folder / recording.file
            if not path.is_file():
                audio = made(sound, recording, take, samples)
                audio = 0.7 * audio / (np.abs(audio).max() + 1e-9)
                partial = path.with_suffix(".part")
                soundfile.write(partial, audio, RATE, format="FLAC", subtype="PCM_16")
                partial.replace(path)
            recordings.append(recording)
    write_origins(folder, recordings)
    return recordings


@one_line
def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="training.render", description="Render the sounds of a voice.")
    parser.add_argument("settings", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--samples", type=Path, default=SAMPLES)
    options = parser.parse_args()
    recordings = render(Settings.load(options.settings), options.out, options.samples)
    seconds = sum(soundfile.info(options.out / recording.file).duration for recording in recordings)
    held = sum(recording.held_out for recording in recordings)
    print(f"{options.out}: {len(recordings)} recordings, {seconds / 60:.1f} minutes, {held} of them held out")


if __name__ == "__main__":
    main()
