"""Train a voice.

    .venv-training/bin/python -m training SETTINGS.toml --sounds out/sounds/glass --run out/runs/glass

Starts, or goes on from the checkpoint in the run folder; ends after the settings' steps or `--minutes`. The
same on the CPU and on a GPU. Writes `progress.csv`, `checkpoint.pt` and `best.pt`, the best by held-out
sound.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch

from training import recordings
from training.command import one_line
from training.loop import Trainer
from training.settings import Settings


@one_line
def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="training", description="Train a voice from recordings.")
    parser.add_argument("settings", type=Path)
    parser.add_argument("--sounds", type=Path, required=True, help="folder of recordings with their licences")
    parser.add_argument("--run", type=Path, required=True, help="folder for checkpoints and logs")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="stop earlier, resumable")
    parser.add_argument("--snapshot-minutes", type=float, default=5.0, help="between sounds and pictures")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    settings = Settings.load(options.settings)
    takes = recordings.read(options.sounds)
    trainer = Trainer(settings, options.run, takes, options.device)
    seconds = sum(len(take.audio) for take in trainer.train_takes) / recordings.RATE
    held = sum(len(take.audio) for take in trainer.held_takes) / recordings.RATE
    print(
        f"{settings.name}: {seconds / 60:.1f} minutes of sound, {held / 60:.1f} held out,"
        f" from step {trainer.step}",
        flush=True,
    )
    trainer.train(options.minutes, options.snapshot_minutes)


if __name__ == "__main__":
    main()
