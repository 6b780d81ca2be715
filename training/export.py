"""From a training to a voice: averaged weights laid out as a streaming graph, with its card.

    .venv-training/bin/python -m training.export SETTINGS.toml --sounds out/sounds/glass \
        --run out/runs/glass -o glass.onnx

The graph follows the project's conventions: `latent` [1, Z, 1] in, `audio` [1, 1, hop] out, every past as
`state.K` and
`next.K`, every draw as `noise.K`; clocks and the walk of the latents are states like the others. It is
verified against PyTorch before it is written.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
import torch

from files import write_bytes
from graphs.card import LatentStatistics
from training import finished, golden, recordings
from training.command import one_line
from training.errors import TrainingError
from training.network import Voice
from training.recordings import Take
from training.rounding import on_grid
from training.settings import Settings

PROBABILITIES = np.array(
    [0.01, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 0.95, 0.98, 0.99], np.float32
)
GOLDEN_FRAMES = 24
HEARD_DB = -50.0
"""Frames that are softer do not count: they would draw a player's range towards silence."""


def load(settings: Settings, run: Path, which: str = "best.pt") -> Voice:
    """The averaged weights of a run.

    Raises:
        TrainingError: no such checkpoint, or one of another network.
    """
    path = run / which
    if not path.is_file():
        raise TrainingError(f"a training's {path}", "no such file", "train for some minutes first")
    voice = Voice(settings.network, settings.living, settings.training.posterior)
    saved = torch.load(path, map_location="cpu", weights_only=True)
    try:
        voice.load_state_dict(saved["average"])
    except (RuntimeError, KeyError):
        raise TrainingError(
            f"a checkpoint of these settings at {path}",
            "one of another network",
            "name the run's own settings",
        ) from None
    return voice.eval()


@torch.no_grad()
def statistics(
    voice: Voice, takes: list[Take], gain_range_db: float
) -> tuple[LatentStatistics, npt.NDArray[np.float32]]:
    """How the recordings spread the latents around rest, and where rest lies: the median of every latent.

    Levels are those of training; what is silent is left out.
    """
    rows = []
    for index, take in enumerate(takes):
        gain = 10 ** (-gain_range_db * (index % 4) / 3 / 20)
        x = torch.from_numpy(take.audio * np.float32(gain))[None]
        loud = voice.encoder.features(x, voice.delay)[0][0]
        rows.append(voice.latents(x)[0][:, loud > HEARD_DB].T.numpy())
    z = np.concatenate(rows)
    rest = np.median(z, axis=0)
    off = z - rest
    quantiles = np.quantile(off, PROBABILITIES, axis=0).T
    quantiles[:, len(PROBABILITIES) // 2] = 0.0
    spread = LatentStatistics(
        "corpus",
        np.zeros(z.shape[1], np.float32),
        off.std(0).astype(np.float32),
        PROBABILITIES,
        quantiles.astype(np.float32),
    )
    return spread, rest.astype(np.float32)


def rounded(voice: Voice) -> Voice:
    """The voice with weights on the grid of 8 bits."""
    state = voice.decoder.state_dict()
    grid = on_grid({name: value.numpy() for name, value in state.items()})
    voice.decoder.load_state_dict({name: torch.from_numpy(value) for name, value in grid.items()})
    return voice


def weights_of(voice: Voice) -> dict[str, npt.NDArray[np.float32]]:
    """Of its decoder, by name."""
    return {name: value.numpy() for name, value in voice.decoder.state_dict().items()}


def draft(
    settings: Settings, voice: Voice, spread: LatentStatistics, rest: npt.NDArray[np.float32]
) -> onnx.ModelProto:
    """The voice as it sounds, with a card that only a player needs: to find its level by."""
    return finished.draft(settings, weights_of(voice), voice.rate, spread, rest)


def export(
    settings: Settings,
    voice: Voice,
    spread: LatentStatistics,
    rest: npt.NDArray[np.float32],
    gain: float = 1.0,
) -> onnx.ModelProto:
    """The voice as ONNX with its card, verified against PyTorch and its own reference run.

    Its weights are those of `voice`, which `rounded` brings to the grid of 8 bits.
    """
    take = golden.take(voice.decoder, voice.rate, rest, gain, GOLDEN_FRAMES)
    return finished.voice(settings, weights_of(voice), voice.rate, spread, rest, gain, take)


@one_line
def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="training.export", description="A training as an ONNX voice.")
    parser.add_argument("settings", type=Path)
    parser.add_argument("--sounds", type=Path, required=True)
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--checkpoint", default="best.pt", help="a file of the run folder")
    parser.add_argument("--gain-db", type=float, default=0.0, help="raises or lowers the whole voice")
    parser.add_argument("-o", "--output", type=Path, required=True)
    options = parser.parse_args()
    torch.set_num_threads(1)
    settings = Settings.load(options.settings)
    voice = rounded(load(settings, options.run, options.checkpoint))
    takes = [take for take in recordings.read(options.sounds) if not take.recording.held_out]
    spread, rest = statistics(voice, takes, settings.training.gain_range_db)
    model = export(settings, voice, spread, rest, 10 ** (options.gain_db / 20))
    write_bytes(options.output, model.SerializeToString())
    print(f"{options.output}: {options.output.stat().st_size} bytes")


if __name__ == "__main__":
    main()
