"""Puts a training into a folder of `voices/`: graph, card, atlas, golden take, log.

    .venv-training/bin/python -m training.ship training/settings/glass.toml --sounds out/sounds/glass \
        --run out/runs/glass -o voices/glass [--against OLD.ts.xz]

Weights are rounded to the grid of 8 bits first (training/rounding.py); the level is set by two performances
(training/levels.py). What the voice makes of held-out recordings is measured and written into its card,
beside what costs nothing and beside any other RAVE file that is named.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import lzma
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import torch

from files import write_bytes, write_text
from graphs.card import LatentStatistics, read_card, shortest
from training import golden, held_out, levels, recordings
from training.command import one_line
from training.export import draft, export, load, rounded, statistics
from training.network import Voice
from training.recordings import Take
from training.settings import Settings
from voices import atlas
from voices.catalogue import FORMAT, VERSION
from voices.players import graph_player

GOLDEN_SAMPLES = 16384
Floats = npt.NDArray[np.float32]


def levelled(
    settings: Settings, voice: Voice, spread: LatentStatistics, rest: Floats
) -> tuple[onnx.ModelProto, float]:
    """The voice as loud as `levels.of_voice` wants it; and its gain."""
    gain = levels.of_voice(draft(settings, voice, spread, rest))
    return export(settings, voice, spread, rest, gain), gain


def card(
    settings: Settings, model: onnx.ModelProto, takes: list[Take], run: Path, figures: dict[str, Any]
) -> dict[str, Any]:
    """What `card.json` says."""
    inner, saved = read_card(model), torch.load(run, map_location="cpu", weights_only=True)
    assert inner.latent is not None
    names = ("mean", "std", "probabilities", "quantiles")
    spread = {name: shortest(getattr(inner.latent, name)) for name in names}
    known = [take for take in takes if not take.recording.held_out]
    return {
        "format": FORMAT,
        "version": VERSION,
        "name": settings.name,
        "summary": settings.summary,
        "file": f"{settings.name}.onnx.xz",
        "sample_rate": inner.sample_rate,
        "hop": inner.hop,
        "latents": inner.latents,
        "latents_of": settings.name,
        "capacity": settings.network.capacity,
        "latent": {"origin": inner.latent.origin, **spread},
        "step_ms": list(inner.step_ms),
        "training": {
            "by": "training",
            "steps": int(saved["step"]),
            "hours": round(float(saved["seconds"]) / 3600, 3),
            "seconds_of_sound": round(sum(len(take.audio) for take in known) / recordings.RATE),
        },
        "held_out": figures,
        "corpus": [
            {"file": r.file, "origin": r.origin, "licence": r.licence}
            for r in (take.recording for take in takes)
        ],
    }


def write(folder: Path, settings: Settings, model: onnx.ModelProto, told: dict[str, Any]) -> None:
    """Graph, card and atlas."""
    plain = model.SerializeToString()
    told = {**told, "sha256": hashlib.sha256(plain).hexdigest()}
    folder.mkdir(parents=True, exist_ok=True)
    write_bytes(folder / told["file"], lzma.compress(plain, preset=9 | lzma.PRESET_EXTREME))
    inner = read_card(model)
    assert inner.latent is not None
    mean, std = inner.latent.mean.astype(float), inner.latent.std.astype(float)
    found = atlas.survey(graph_player(model), mean, std, inner.sample_rate)
    atlas.draw(found, settings.name, folder / "atlas.png")
    write_text(folder / "card.json", json.dumps(told, indent=1) + "\n")
    print(atlas.table(found))


@one_line
def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="training.ship", description="A training as a voice that ships.")
    parser.add_argument("settings", type=Path)
    parser.add_argument("--sounds", type=Path, required=True)
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--checkpoint", default="best.pt", help="a file of the run folder")
    parser.add_argument("--against", type=Path, nargs="*", default=[], help="RAVE files (.ts, .ts.xz)")
    parser.add_argument("-o", "--output", type=Path, required=True, help="the voice's folder")
    options = parser.parse_args()
    torch.set_num_threads(1)
    settings = Settings.load(options.settings)
    voice = rounded(load(settings, options.run, options.checkpoint))
    takes = recordings.read(options.sounds)
    known = [take for take in takes if not take.recording.held_out]
    spread, rest = statistics(voice, known, settings.training.gain_range_db)
    model, gain = levelled(settings, voice, spread, rest)
    figures = held_out.table(settings, voice, takes, options.against)
    told = card(settings, model, takes, options.run / options.checkpoint, figures)
    write(options.output, settings, model, told)
    frames = max(8, GOLDEN_SAMPLES // settings.network.hop)
    np.savez_compressed(
        options.output / "golden.npz", **golden.take(voice.decoder, voice.rate, rest, gain, frames)
    )
    shutil.copyfile(options.run / "progress.csv", options.output / "progress.csv")
    print(f"{options.output}: {20 * np.log10(gain):+.1f} dB, {json.dumps(figures)}")


if __name__ == "__main__":
    main()
