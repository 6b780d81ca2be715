"""Train a voice.

    .venv-rave/bin/python -m voices.train voices/glass/settings.toml --run out/voices/glass

Starts, or goes on from the checkpoint in the run folder. On the CPU; ends after the settings' steps, or after
`--minutes`. Writes `progress.csv` (step, seconds of training, losses) and `checkpoint.pt` every few minutes.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch

from voices.errors import one_line
from voices.train.loop import Trainer
from voices.train.settings import Settings


@one_line
def main() -> None:
    parser = argparse.ArgumentParser(
        prog="voices.train", description="Train a voice around upstream's RAVE modules."
    )
    parser.add_argument("settings", type=Path)
    parser.add_argument("--run", type=Path, required=True, help="folder for the checkpoint and the log")
    parser.add_argument("--recordings", type=Path, default=Path("/usr/share/sonic-pi/samples"))
    parser.add_argument("--minutes", type=float, default=float("inf"), help="stop earlier, resumable")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    settings = Settings.load(options.settings)
    trainer = Trainer(settings, options.run, options.recordings)
    trainer.train(options.minutes)


if __name__ == "__main__":
    main()
