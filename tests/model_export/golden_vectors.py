"""What PyTorch played, and the same latents and draws through an exported voice."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx

from graphs.player import FloatArray, GraphPlayer

FOLDERS = [Path(__file__).parent / folder for folder in ("golden", "foreign")]


@dataclass(frozen=True)
class Take:
    """One stream: latents [N, 1, Z, T], audio [N, C, T hop], raw draws in call order [N, ...]."""

    latents: FloatArray
    audio: FloatArray
    draws: tuple[FloatArray, ...]
    kinds: tuple[str, ...]

    @property
    def peak(self) -> float:
        """Largest sample of the recording."""
        return float(np.abs(self.audio).max())


def load_take(path: Path, frames: int) -> Take:
    """The take with so many frames a call from a recording of `voices.fixtures.record_golden`."""
    data = np.load(path)
    take = f"t{frames}"
    kinds = tuple(str(kind) for kind in data[f"{take}.kinds"])
    draws = tuple(data[f"{take}.noise.{k}"] for k in range(len(kinds)))
    return Take(data[f"{take}.z"], data[f"{take}.audio"], draws, kinds)


def golden(name: str, frames: int = 1) -> Take:
    """A take of a fixture."""
    (path,) = [p for p in (folder / f"{name}.npz" for folder in FOLDERS) if p.exists()]
    return load_take(path, frames)


def matching_draws(stream: GraphPlayer, take: Take) -> dict[str, FloatArray]:
    """The recorded draws that the graph still asks for, by input name: in order, shapes agreeing."""
    wanted = [name for name in stream.inputs if name.startswith("noise.")]
    found: dict[str, FloatArray] = {}
    draws = list(take.draws)
    for name in wanted:
        while draws and draws[0].shape[1:] != stream.inputs[name]:
            draws.pop(0)
        found[name] = draws.pop(0)
    return found


def play(model: onnx.ModelProto, take: Take) -> FloatArray:
    """The exported voice on the take's latents and draws: [N, C, T hop]."""
    stream = GraphPlayer(model)
    noise = matching_draws(stream, take)
    return np.concatenate(
        [
            stream.run({"latent": z, **{name: draw[call] for name, draw in noise.items()}})["audio"]
            for call, z in enumerate(take.latents)
        ]
    )


def relative_error(got: FloatArray, wanted: FloatArray) -> float:
    """Largest difference as a share of the peak of what was wanted."""
    return float(np.abs(got - wanted).max() / np.abs(wanted).max())
