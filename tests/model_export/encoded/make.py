"""Record what PyTorch encodes: seeded (21) noise through `encode`, caches silent at first.

    PYTHONPATH=. .venv-rave/bin/python tests/model_export/encoded/make.py

`NAME.npz`: `audio` [2, 1, C, 16 hop], `latent` [2, 1, Z, 16], `noise.0` [2, ...] the raw draw of a call.
"""

from __future__ import annotations

import lzma
import tempfile
from pathlib import Path

import numpy as np
import torch

from tests.support import archives
from voices.fixtures import record_golden

HERE = Path(__file__).parent
NAMES = ("v1_noise", "v2_small", "v2_stereo")
FRAMES, SEED = 16, 21


def record(path: Path) -> dict[str, np.ndarray]:
    """Two calls of one archive's encoder."""
    torch.manual_seed(SEED)
    model = torch.jit.load(str(path)).eval()
    record_golden.zero_states(model)
    hop, channels = int(model.decode_params[1]), int(model.encode_params[0])
    audio = 0.3 * torch.randn(2, 1, channels, FRAMES * hop)
    latents, draws = [], []
    with torch.no_grad():
        for block in audio:
            with record_golden.RecordDraws() as recorder:
                latents.append(model.encode(block).numpy())
            draws.append(recorder.draws[0][1].numpy())
    return {"audio": audio.numpy(), "latent": np.stack(latents), "noise.0": np.stack(draws)}


def main() -> None:
    for name in NAMES:
        with tempfile.TemporaryDirectory() as scratch:
            path = Path(scratch) / f"{name}.ts"
            path.write_bytes(lzma.decompress(archives.packed(name).read_bytes()))
            np.savez_compressed(HERE / f"{name}.npz", **record(path))


if __name__ == "__main__":
    main()
