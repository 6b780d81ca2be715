"""Archives and golden vectors, unpacked once a session."""

from __future__ import annotations

import lzma
from collections.abc import Callable
from pathlib import Path

import pytest

GOLDEN, FOREIGN = (Path(__file__).parent / folder for folder in ("golden", "foreign"))
MODELS = sorted(path.name.removesuffix(".ts.xz") for path in GOLDEN.glob("*.ts.xz"))
"""Upstream's configurations, archives and recordings by `voices.fixtures.make`."""
FOREIGN_MODELS = sorted(path.stem for path in FOREIGN.glob("*.npz"))
"""In the manner of older exporters and forks, by `foreign/make.py`."""

NOISY = (
    "combined",
    "discrete",
    "discrete_v3",
    "prior_inside",
    "v1_noise",
    "v2_cropped",
    "v2_noise",
    "v2_one_latent",
)
NOISY += ("v2_small", "wasserstein")
"""Those that draw at random."""


@pytest.fixture(scope="session")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Gives the path of a model's `.ts`, as its exporter wrote it."""
    folder = tmp_path_factory.mktemp("archives")

    def unpack(name: str) -> Path:
        path = folder / f"{name}_streaming.ts"
        if not path.exists():
            (source,) = [p for p in (f / f"{name}.ts.xz" for f in (GOLDEN, FOREIGN)) if p.exists()]
            path.write_bytes(lzma.decompress(source.read_bytes()))
        return path

    return unpack
