"""The `.ts` of our voices in PyTorch itself, against their graphs in ONNX Runtime.

    .venv-training/bin/python -m training.torchscript [NAME or FILE.onnx ...]

Plays both for the same latents and the same draws (PyTorch's, by seed) and prints sound against difference.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np
import onnx
import torch

from graphs.card import read_card
from graphs.player import GraphPlayer
from model_export.torchscript_writer import torchscript
from training.command import one_line
from training.fidelity import open_voice
from voices import catalogue

FRAMES = 30


@torch.no_grad()
def signal_to_noise(model: onnx.ModelProto, folder: Path, frames: int = FRAMES) -> float:
    """In dB, of what PyTorch plays against ONNX Runtime, over so many frames from a reset voice."""
    path = folder / "voice.ts"
    path.write_bytes(torchscript(model, "voice"))
    module, card, stream = torch.jit.load(str(path)), read_card(model), GraphPlayer(model)
    random, power, error = np.random.default_rng(2), 0.0, 0.0
    for frame in range(frames):
        latents = random.standard_normal((1, card.latents, 1)).astype(np.float32)
        torch.manual_seed(frame)
        got = module.decode(torch.from_numpy(latents)).numpy()
        torch.manual_seed(frame)
        draws = {
            name: (torch.rand(shape) if kind == "uniform" else torch.randn(shape)).numpy()
            for name, (kind, shape) in card.noise.items()
        }
        wanted = stream.run({"latent": latents, **draws})["audio"].astype(np.float64)
        power += float(np.square(wanted).sum())
        error += float(np.square(wanted - got).sum())
    return float(10 * np.log10(power / (error + 1e-30)))


@one_line
def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="training.torchscript", description="Our .ts in PyTorch.")
    parser.add_argument("voices", nargs="*", help="names or files (default: all that ship, and their sizes)")
    options = parser.parse_args()
    shipped = [name for v in catalogue.shipped() for name in (v.name, *(size.name for size in v.sizes))]
    for name in options.voices or shipped:
        model = open_voice(name)
        with tempfile.TemporaryDirectory() as folder:
            print(f"{name:16} PyTorch {torch.__version__}: {signal_to_noise(model, Path(folder)):.1f} dB")


if __name__ == "__main__":
    main()
