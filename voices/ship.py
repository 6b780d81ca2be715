"""Turn a training into a shipped voice: upstream's `.ts`, made small; our card, golden vectors.

    .venv-rave/bin/python -m voices.ship voices/glass --run out/voices/glass

Takes the averaged weights of the checkpoint, finds the principal axes of the latents over the corpus at three
levels, and runs upstream's exporter. A voice that started from another keeps the axes and the statistics of
that one: its latents are the same. Writes `NAME.ts.xz` (`voices.compact`), `card.json`, `golden.npz` and
`progress.csv` into the folder of the voice.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import lzma
import re
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch

from voices import catalogue, compact, record_golden
from voices.errors import one_line
from voices.train import latents, rave_model
from voices.train.loop import Trainer
from voices.train.settings import Settings, Source

LEVELS = (1.0, 0.5, 0.25)
PROBABILITIES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
GOLDEN_SEED = 1
GOLDEN_TAKES = {1: 12}


def origin(source: Source, recordings: Path) -> dict[str, str]:
    """Where one recording comes from and under which licence, as the package's own list says."""
    if source.file.startswith("model:"):
        return {"file": source.file, "origin": "voices/physical.py", "licence": "MIT, as this project"}
    name = Path(source.file).stem.replace("_", "")
    listed = re.findall(r"`:(\w+)`\s*-\s*(https?://\S+)", (recordings / "README.md").read_text())
    links = {key.replace("_", ""): link for key, link in listed}
    return {"file": source.file, "origin": links.get(name, "freesound.org"), "licence": "CC0 1.0"}


def statistics(z: torch.Tensor) -> dict[str, Any]:
    """Mean, spread and quantiles of latents [frames, Z]; the form that every card has."""
    quantiles = np.quantile(z.numpy().astype(float), PROBABILITIES, axis=0).T
    return {
        "origin": "corpus",
        "mean": np.round(z.mean(0).numpy().astype(float), 5).tolist(),
        "std": np.round(z.std(0).numpy().astype(float), 5).tolist(),
        "probabilities": list(PROBABILITIES),
        "quantiles": np.round(quantiles, 5).tolist(),
    }


def copy_progress(run: Path, folder: Path) -> None:
    """Keeps the training's log with the voice; of steps taken twice (after a resume) the later line."""
    lines = (run / "progress.csv").read_text().splitlines()
    rows = {int(line.split(",")[0]): line for line in lines[1:]}
    text = "\n".join([lines[0], *(rows[step] for step in sorted(rows))])
    (folder / "progress.csv").write_text(text + "\n")


def latent_space(trainer: Trainer) -> dict[str, Any]:
    """Puts the axes of the latents into the model; returns how the corpus spreads them, for the card."""
    if trainer.options.start_from:
        card = catalogue.find(trainer.options.start_from).path.parent / "card.json"
        return dict(json.loads(card.read_text(encoding="utf-8"))["latent"])
    takes = [np.float32(gain) * take for take in trainer.takes() for gain in LEVELS]
    return statistics(latents.fit_axes(trainer.model, takes, trainer.hop))


def export(trainer: Trainer, archive: Path, spread: list[float]) -> float:
    """Runs upstream's exporter and makes its file small; returns what rounding left, in dB."""
    with tempfile.TemporaryDirectory() as scratch:
        run = Path(scratch) / "run"
        rave_model.save_run(trainer.model, run)
        fidelity = latents.export_fidelity(trainer.model.fidelity, len(spread))
        flags = ("--fidelity", str(fidelity))
        exported = rave_model.export(run, trainer.settings.name, Path(scratch), *flags)
        return compact.compact(exported, archive, np.array(spread))


def describe(trainer: Trainer, archive: Path, latent: dict[str, Any], rounding_db: float) -> dict[str, Any]:
    """The card of a voice, but for the origin of its sounds."""
    settings = trainer.settings
    return {
        "format": catalogue.FORMAT,
        "version": catalogue.VERSION,
        "name": settings.name,
        "summary": settings.summary,
        "file": archive.name,
        "sha256": hashlib.sha256(lzma.decompress(archive.read_bytes())).hexdigest(),
        "sample_rate": trainer.model.sr,
        "hop": trainer.hop,
        "latents": len(latent["std"]),
        "latents_of": trainer.options.start_from or settings.name,
        "latent": latent,
        "rounding": {"significant_bits": compact.SIGNIFICANT_BITS, "snr_db": round(rounding_db, 1)},
        "training": {
            "configs": list(settings.configs),
            "overrides": list(settings.overrides),
            "steps": trainer.step,
            "hours": round(trainer.seconds / 3600, 2),
            "seconds_of_sound": round(trainer.corpus.seconds[0]),
        },
    }


def ship(folder: Path, run: Path, recordings: Path) -> dict[str, Any]:
    """Writes the voice's files; returns the card."""
    settings = Settings.load(folder / "settings.toml")
    trainer = Trainer(settings, run, recordings)
    trainer.model.load_state_dict(trainer.average)
    trainer.model.eval()
    latent = latent_space(trainer)
    archive = folder / f"{settings.name}.ts.xz"
    card = describe(trainer, archive, latent, export(trainer, archive, latent["std"]))
    card["corpus"] = [origin(source, recordings) for source in settings.sources]
    (folder / "card.json").write_text(json.dumps(card, indent=1) + "\n")
    copy_progress(run, folder)
    spread = np.array(latent["std"])
    arrays = record_golden.record(archive, GOLDEN_SEED, spread, GOLDEN_TAKES, coarse=True)
    np.savez_compressed(folder / "golden.npz", **arrays)
    return card


@one_line
def main() -> None:
    parser = argparse.ArgumentParser(prog="voices.ship", description="Turn a training into a shipped voice.")
    parser.add_argument("folder", type=Path, help="the voice's folder, with its settings.toml")
    parser.add_argument("--run", type=Path, required=True, help="the folder that voices.train wrote")
    parser.add_argument("--recordings", type=Path, default=Path("/usr/share/sonic-pi/samples"))
    options = parser.parse_args()
    torch.set_num_threads(1)
    card = ship(options.folder, options.run, options.recordings)
    print(f"{card['name']}: {card['training']['steps']} steps, spread {card['latent']['std']}")


if __name__ == "__main__":
    main()
