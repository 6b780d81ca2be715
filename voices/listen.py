"""A page to listen: every voice held, at rest and played, and a blind test that a person can take.

    python -m voices.listen -o out/listen [--rebuilt FOLDER] [NAME ...]

Writes `index.html` with sounds beside it; nothing is asked of any network. FOLDER comes from `python -m
training.held_out ... --sounds-to FOLDER`: recordings that no voice heard, what the voice makes of them, and
the nearest pieces of its training. Without it the page has no test. Scores are like MUSHRA's (ITU-R BS.1534):
an open reference, a hidden one, an anchor without highs; they are saved as JSON.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import soundfile
from scipy.signal import butter, sosfilt

from files import write_text
from graphs.card import read_card
from graphs.player import GraphPlayer
from voices import catalogue
from voices.errors import VoiceError, one_line
from voices.measure import gestures, narrow_form, places, played, wandering

SECONDS = 20.0
ANCHOR_HZ = 3500.0
PAGE = Path(__file__).with_name("listen.html")
REFERENCE = "the recording"
Floats = npt.NDArray[np.float64]


def sounds(model: onnx.ModelProto) -> dict[str, Floats]:
    """What the page plays of one voice, by name."""
    card, stream = read_card(model), GraphPlayer(model, seed=4)
    rate = card.sample_rate / card.hop
    frames = int(SECONDS * rate)
    held = np.tile(np.where(np.arange(card.latents) % 2, -0.6, 0.7), (frames // 2, 1))
    hands = {
        "a hand that wanders": wandering(frames, rate, card.latents, 1),
        "places held and left": gestures(frames, rate, card.latents, 2),
        "one note, held": held,
        "at rest": np.zeros((frames // 2, card.latents)),
    }
    return {name: played(stream, places(card, y)) for name, y in hands.items()}


def anchor(sound: Floats, rate: int) -> Floats:
    """The sound without what lies above `ANCHOR_HZ`."""
    return np.asarray(sosfilt(butter(8, ANCHOR_HZ, fs=rate, output="sos"), sound))


def trials(rebuilt: Path, folder: Path) -> list[dict[str, Any]]:
    """A round of the test for every recording in `rebuilt`, its sounds written into `folder` without telling
    names.

    Raises:
        VoiceError: when there is none.
    """
    found: list[dict[str, Any]] = []
    for original in sorted(rebuilt.glob("*/*.original.wav")):
        take = original.name.removesuffix(".original.wav")
        sound, rate = soundfile.read(original)
        forms = {REFERENCE: sound, "without highs": anchor(sound, rate)}
        for other in sorted(original.parent.glob(f"{take}.*.wav")):
            form = other.name.removeprefix(f"{take}.").removesuffix(".wav")
            if form != "original":
                forms[form] = soundfile.read(other)[0]
        number = len(found)
        files = {}
        for index, (form, audio) in enumerate(forms.items()):
            files[form] = f"round{number}-{index}.wav"
            soundfile.write(folder / files[form], audio, rate)
        told = [{"form": form, "file": file} for form, file in files.items()]
        found.append(
            {"voice": original.parent.name, "take": take, "reference": files[REFERENCE], "forms": told}
        )
    if not found:
        do = "make them with python -m training.held_out ... --sounds-to FOLDER/VOICE"
        raise VoiceError(f"recordings in {rebuilt}/VOICE/TAKE.original.wav", "none", do)
    return found


def write(folder: Path, names: Sequence[str], rebuilt: Path | None) -> Path:
    """The page; returns where it is."""
    folder.mkdir(parents=True, exist_ok=True)
    told = []
    for name in names:
        voice = catalogue.find(name)
        model, _ = narrow_form(voice.graph())
        files = []
        for index, (what, sound) in enumerate(sounds(model).items()):
            file = f"{name}-{index}.wav"
            soundfile.write(folder / file, sound, voice.sample_rate)
            files.append({"name": what, "file": file})
        told.append({"name": name, "summary": voice.summary, "sounds": files})
    made = {name: catalogue.find(name).sha256[:12] for name in names}
    rounds = [] if rebuilt is None else trials(rebuilt, folder)
    facts = json.dumps({"voices": told, "trials": rounds, "made": made}).replace("</", "<\\/")
    path = folder / "index.html"
    write_text(path, PAGE.read_text(encoding="utf-8").replace("@FACTS@", facts))
    return path


@one_line
def main(given: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="voices.listen", description="A page to listen to the voices.")
    parser.add_argument("voices", nargs="*", help="names of voices that ship (default: all)")
    parser.add_argument("--rebuilt", type=Path, help="recordings and what became of them, for the blind test")
    parser.add_argument("-o", "--output", type=Path, default=Path("out/listen"))
    options = parser.parse_args(given)
    names = options.voices or [voice.name for voice in catalogue.shipped()]
    print(write(options.output, names, options.rebuilt))


if __name__ == "__main__":
    main()
