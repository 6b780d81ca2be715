"""Puts a student of a shipped voice into that voice's folder, as a size for the ladder; without PyTorch.

    python -m training.ship_size out/runs/glass-small voices/glass

The run is one of `lodestone distil glass --capacity 8 --run out/runs/glass-small -o glass-small.onnx`.
Refused is what comes less near than `WANTED`, answers a touch later than twice the voice, or cannot be as
loud as a voice that ships (training/levels.py).
"""

from __future__ import annotations

import argparse
import hashlib
import json
import lzma
from pathlib import Path

from files import write_bytes, write_text
from graphs.card import read_card
from training import course as courses
from training.command import one_line
from training.distillation import result
from training.errors import TrainingError
from voices import catalogue

WANTED = {"axis_loudness": 0.9, "axis_centroid": 0.9, "axis_spectrum": 0.9}
FARTHEST = {"loudness_db": 2.0, "centroid_octaves": 0.25}


@one_line
def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="training.ship_size", description="A student as a voice's size.")
    parser.add_argument("run", type=Path, help="of `lodestone distil`")
    parser.add_argument("voice", type=Path, help="the voice's folder")
    options = parser.parse_args()
    voice, told = catalogue.read(options.voice), courses.read(options.run)
    digest = hashlib.sha256(voice.graph().SerializeToString()).hexdigest()
    if digest != told.teacher_sha256:
        raise TrainingError(f"a student of {voice.name} as it ships", "one of another", "distil it again")
    model, found = result(options.run, lambda line: print(line, flush=True), ships=True)
    short = [key for key, least in WANTED.items() if found[key] < least]
    short += [key for key, most in FARTHEST.items() if found[key] > most]
    if short:
        got = ", ".join(f"{key} {found[key]:g}" for key in short)
        raise TrainingError(f"a student that comes near {voice.name}", got, "train it for longer")
    card = read_card(model)
    if card.step_ms[1] > 2 * voice.step_ms[1] + 1.0:
        wanted = f"a step heard half within {2 * voice.step_ms[1] + 1:g} ms"
        raise TrainingError(wanted, f"{card.step_ms[1]:g} ms", "train it for longer")
    plain = model.SerializeToString()
    file = f"{voice.name}-small.onnx.xz"
    size = {
        "file": file,
        "sha256": hashlib.sha256(plain).hexdigest(),
        "capacity": told.settings.network.capacity,
        "step_ms": list(card.step_ms),
        "fidelity": found,
        "minutes": card.taught["minutes"],
    }
    path = options.voice / "card.json"
    data = json.loads(path.read_text(encoding="utf-8"))
    data["sizes"] = [each for each in data.get("sizes", []) if each["file"] != file] + [size]
    write_bytes(options.voice / file, lzma.compress(plain, preset=9 | lzma.PRESET_EXTREME))
    write_text(path, json.dumps(data, indent=1) + "\n")
    print(f"{options.voice / file}: {json.dumps(size)}")


if __name__ == "__main__":
    main()
