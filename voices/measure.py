"""How well a voice gives back recordings that it was not trained on.

    .venv-rave/bin/python -m voices.measure voices/glass --run out/voices/glass [--against CHECKPOINT ...]

Prints, for the averaged weights, for the same network untrained, for the voice that it began from if there
is one, and for any other checkpoint given: upstream's multi-scale spectral distance (its five scales; its
floor and ours), and the mean error of loudness in 50 ms windows, both on the held-out parts of the corpus.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from rave.core import AudioDistanceV1, MultiScaleSTFT

from voices import catalogue
from voices.errors import one_line
from voices.train import rave_model, widen
from voices.train.corpus import Audio
from voices.train.loop import Trainer
from voices.train.settings import Settings

SCALES = (2048, 1024, 512, 256, 128)
LOG_FLOORS = (1e-7, 1e-2)
"""Upstream's, below which lies nothing, so that it also counts how well hiss is filled in; and that of our
training, 94 dB below a full-scale tone, which hears only what is sound."""
WINDOW = 2205


def loudness_error(x: Audio, y: Audio) -> float:
    """Mean absolute difference of level over 50 ms windows above -60 dB, in dB; NaN where there is none."""
    windows = len(x) // WINDOW
    level_x, level_y = (
        10 * np.log10(np.square(part[: windows * WINDOW]).reshape(windows, WINDOW).mean(1) + 1e-9)
        for part in (x, y)
    )
    sounding = level_x > -60.0
    return float(np.abs(level_x - level_y)[sounding].mean()) if sounding.any() else float("nan")


@torch.no_grad()
def reconstruction(trainer: Trainer, weights: Mapping[str, torch.Tensor]) -> tuple[list[float], float]:
    """Spectral distance by `LOG_FLOORS`, and loudness error, on the held-out takes over half a second."""
    model = trainer.model
    networks = {n: w for n, w in weights.items() if n.startswith(("encoder.", "decoder."))}
    model.load_state_dict(networks, strict=False)
    model.eval()
    distances = [AudioDistanceV1(lambda: MultiScaleSTFT(SCALES, model.sr), floor) for floor in LOG_FLOORS]
    spectral, loudness = [], []
    for take in trainer.corpus.held_out:
        length = len(take) // trainer.hop * trainer.hop
        if length < model.sr // 2:
            continue
        x = torch.from_numpy(take[:length]).reshape(1, 1, -1)
        y = model.decode(model.encode(x).chunk(2, 1)[0])
        x, y = x[..., : length - trainer.delay], y[..., trainer.delay :]
        spectral.append([distance(x, y)["spectral_distance"].item() for distance in distances])
        loudness.append(loudness_error(x[0, 0].numpy(), y[0, 0].numpy()))
    return np.mean(spectral, axis=0).tolist(), float(
        np.nanmean(loudness)
    )  # a tail may have died away altogether


@one_line
def main() -> None:
    parser = argparse.ArgumentParser(prog="voices.measure", description="Reconstruction of held-out sound.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--recordings", type=Path, default=Path("/usr/share/sonic-pi/samples"))
    parser.add_argument(
        "--against",
        type=Path,
        nargs="*",
        default=[],
        help="other checkpoints, ours (.pt) or upstream's (.ckpt)",
    )
    options = parser.parse_args()
    torch.set_num_threads(1)
    settings = Settings.load(options.folder / "settings.toml")
    trainer = Trainer(settings, options.run, options.recordings)
    fresh = rave_model.build(settings.configs, settings.overrides, settings.seed)
    untrained = {name: value.clone() for name, value in fresh.state_dict().items()}
    rows = {f"{settings.name}, {trainer.step} steps": trainer.average, "untrained": untrained}
    if settings.training.start_from:
        widen.begin_from(fresh, catalogue.find(settings.training.start_from).path, settings.seed)
        rows[f"{settings.training.start_from}, from which it began"] = fresh.state_dict()
    for path in options.against:
        saved = torch.load(path, map_location="cpu", weights_only=False)
        steps = saved.get("step", saved.get("global_step"))
        weights = saved.get("average", saved.get("state_dict"))
        rows[f"{path.name}, {steps} steps"] = weights
    for name, weights in rows.items():
        (whole, above), loudness = reconstruction(trainer, weights)
        spectral = f"spectral distance {whole:6.2f}, above the hiss {above:6.2f}"
        print(f"{name:40} {spectral}   loudness error {loudness:5.1f} dB")


if __name__ == "__main__":
    main()
