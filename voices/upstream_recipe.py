"""Train a voice's network by upstream's own recipe for a while, to compare with ours on equal processor time.

    .venv-rave/bin/python -m voices.upstream_recipe voices/glass --run out/upstream/glass --cpu-seconds 300

Compare with `voices.measure … --against` and the checkpoint that this writes. The training part of the corpus
is written as one recording; then `rave preprocess` and `rave train` do the rest with the voice's size and
upstream's losses, batch of 8 and crops of 131,072 samples, on one thread, as ours.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import soundfile

from voices.errors import VoiceError, one_line
from voices.train import corpus
from voices.train.settings import Settings

CROP = 131072
SIZE_KEYS = ("CAPACITY", "LATENT_SIZE", "blocks.EncoderV2.capacity", "blocks.NoiseGeneratorV2")
"""Overrides that set the size of the network; those that change the losses are ours and left out."""


def rave(*arguments: str, cpu_seconds: int | None = None) -> None:
    """Runs upstream's command on one thread; with a limit it is stopped there."""

    def limit() -> None:
        if cpu_seconds is not None:
            resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds + 5))

    command = [str(Path(sys.executable).parent / "rave"), *arguments]
    threads = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    result = subprocess.run(command, env=os.environ | threads, preexec_fn=limit)
    if result.returncode != 0 and cpu_seconds is None:
        raise VoiceError(f"rave {arguments[0]} to succeed", f"exit {result.returncode}", "see its messages")


@one_line
def main() -> None:
    parser = argparse.ArgumentParser(prog="voices.upstream_recipe", description="Upstream's own recipe.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--recordings", type=Path, default=Path("/usr/share/sonic-pi/samples"))
    parser.add_argument("--cpu-seconds", type=int, required=True)
    options = parser.parse_args()
    settings = Settings.load(options.folder / "settings.toml")
    sound = options.run / "sound"
    sound.mkdir(parents=True, exist_ok=True)
    takes = corpus.build(settings, options.recordings).train
    soundfile.write(sound / "corpus.wav", np.concatenate(takes), 44100)
    data = str(options.run / "data")
    common = ("--channels", "1")
    rave("preprocess", "--input_path", str(sound), "--output_path", data, "--num_signal", str(CROP), *common)
    flags = [f"--config={name}" for name in settings.configs]
    flags += [f"--override={entry}" for entry in settings.overrides if entry.startswith(SIZE_KEYS)]
    flags += ["--db_path", data, "--out_path", str(options.run), "--name", settings.name, *common]
    flags += ["--n_signal", str(CROP), "--batch", "8", "--workers", "0", "--gpu", "-1", "--noprogress"]
    rave("train", *flags, "--val_every", "1000", "--save_every", "10", cpu_seconds=options.cpu_seconds)


if __name__ == "__main__":
    main()
