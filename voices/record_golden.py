"""Record what PyTorch plays for a RAVE `.ts`, so that a test suite can compare without PyTorch.

    .venv-rave/bin/python -m voices.record_golden MODEL.ts[.xz] -o MODEL.npz [--seed 1] [--card card.json]

The archive is a streaming export: its caches hold whatever the exporter last pushed through it, so they are
set to zero first, before each of the three takes. A take streams seeded latents through `decode` in blocks of
T latent frames; every random draw that decode makes is recorded as it was drawn, in call order.

Written, for the takes `t1`, `t2`, `t4` (T = 1, 2, 4 frames per block), all float32:
  `tT.z`        [N, 1, Z, T]        latents, one row per block
  `tT.audio`    [N, C, T * hop]     what decode returned
  `tT.noise.K`  [N, ...]            the Kth draw of each call, raw
  `tT.kinds`    [K] of str          its distribution: "normal" (mean 0, variance 1) or "uniform" (0..1);
                                    draws of no elements are left out and not counted
  `hop`, `rate_hz`                  samples per latent frame, samples per second
"""

from __future__ import annotations

import argparse
import io
import json
import lzma
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from voices.errors import VoiceError, one_line

TAKES = {1: 32, 2: 2, 4: 1}
"""Blocks per take, by the latent frames per block."""

UNIT_SPREAD = np.ones(1)

STATE_NAMES = ("pad", "cache", "last_z")
"""Buffers that carry sound from one call to the next (cached_conv, and `last_z` of the prior forks)."""

DRAWS = {
    "randn": "normal", "randn_like": "normal", "normal_": "normal",
    "rand": "uniform", "rand_like": "uniform", "uniform_": "uniform",
}  # fmt: skip


class RecordDraws(TorchDispatchMode):
    """Keeps a copy of every random tensor drawn while active, in call order.

    With `coarse`, draws are rounded to multiples of 1/256 as they are made: a file holds them in a byte each.
    """

    def __init__(self, coarse: bool = False) -> None:
        super().__init__()
        self.coarse = coarse
        self.draws: list[tuple[str, torch.Tensor]] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        kind = DRAWS.get(func.__name__.split(".")[0])
        if kind is not None and result.numel() > 0:
            if self.coarse:
                result = torch.floor(256 * result) / 256
            self.draws.append((kind, result.detach().clone()))
        return result


def zero_states(model: torch.jit.ScriptModule) -> int:
    """Silence every cache of a streaming export; returns how many there are."""
    states = [buffer for name, buffer in model.named_buffers() if name.rsplit(".", 1)[-1] in STATE_NAMES]
    for buffer in states:
        buffer.zero_()
    return len(states)


def draw_latents(
    model: torch.jit.ScriptModule, blocks: int, frames: int, spread: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Seeded latents [blocks, 1, Z, frames] in the range that the model's kind of latent space has.

    `spread` [Z] or [1] is the standard deviation along every latent.
    """
    shape = (blocks, 1, int(model.decode_params[0]), frames)
    if model.original_name.startswith("Discrete"):
        codebook = getattr(model.encoder.rvq.layers, "0").codebook_size
        return rng.integers(0, codebook, shape).astype(np.float32)
    if model.original_name.startswith("Spherical"):
        return rng.uniform(-1.0, 1.0, shape).astype(np.float32)
    return (spread[:, None] * rng.standard_normal(shape)).astype(np.float32)


def record_take(
    model: torch.jit.ScriptModule, latents: np.ndarray, coarse: bool = False
) -> dict[str, np.ndarray]:
    """Stream `latents` block by block from silent caches; returns z, audio, noise.K and kinds."""
    zero_states(model)
    audio, noise, kinds = [], [], []
    for block in latents:
        with RecordDraws(coarse) as recorder:
            audio.append(model.decode(torch.from_numpy(block))[0].numpy())
        noise.append([draw.numpy() for _, draw in recorder.draws])
        kinds = [kind for kind, _ in recorder.draws]
    take = {"z": latents, "audio": np.stack(audio), "kinds": np.array(kinds, dtype="U7")}
    take.update({f"noise.{k}": np.stack(column) for k, column in enumerate(zip(*noise, strict=True))})
    return take


def load(path: Path) -> torch.jit.ScriptModule:
    """The model in a `.ts`, or in one packed by xz.

    Raises:
        VoiceError: for a file that is no TorchScript.
    """
    try:
        data = path.read_bytes()
        plain = lzma.decompress(data) if path.suffix == ".xz" else data
        return torch.jit.load(io.BytesIO(plain), map_location="cpu").eval()
    except (OSError, RuntimeError, ValueError, lzma.LZMAError) as error:
        raise VoiceError(f"a TorchScript file at {path}", str(error).splitlines()[0], "name a .ts") from None


def record(
    path: Path,
    seed: int = 1,
    spread: np.ndarray = UNIT_SPREAD,
    takes: Mapping[int, int] = TAKES,
    coarse: bool = False,
) -> dict[str, np.ndarray]:
    """All takes of one `.ts`, as the arrays of the `.npz`.

    Args:
        path: a streaming export, packed by xz or not.
        spread: standard deviation of the latents, [Z] or [1].
        takes: blocks per take, by the latent frames per block.
        coarse: round random draws (`RecordDraws`), for a smaller file.

    Raises:
        VoiceError: for a file that is no TorchScript, or no streaming export.
    """
    torch.set_grad_enabled(False)
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    model = load(path)
    if zero_states(model) == 0:
        raise VoiceError(
            "a streaming export", f"{path} without caches", "export it again with upstream's --streaming"
        )
    arrays: dict[str, np.ndarray] = {
        "hop": np.int64(int(model.decode_params[1])),
        "rate_hz": np.int64(int(model.sr)),
    }
    for frames, count in takes.items():
        take = record_take(model, draw_latents(model, count, frames, spread, rng), coarse)
        arrays.update({f"t{frames}.{key}": value for key, value in take.items()})
    return arrays


@one_line
def main() -> None:
    parser = argparse.ArgumentParser(description="Record what PyTorch plays for a RAVE .ts (golden vectors).")
    parser.add_argument("model", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--card", type=Path, help="a voice's card: its latents' spread is used, not 1")
    options = parser.parse_args()
    spread = np.array(json.loads(options.card.read_text())["latent"]["std"]) if options.card else UNIT_SPREAD
    arrays = record(options.model, options.seed, spread)
    np.savez_compressed(options.output, **arrays)
    peak = float(np.abs(arrays["t1.audio"]).max())
    size = options.output.stat().st_size // 1000
    print(f"{options.output}: {len(arrays['t1.z'])} frames, peak {peak:.3f}, {size} kB")


if __name__ == "__main__":
    main()
