"""Upstream's archives, unpacked once a session, and what PyTorch plays with them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support import archives

GOLDEN, FOREIGN = (Path(__file__).parent / folder for folder in ("golden", "foreign"))
MODELS = sorted(path.stem for path in GOLDEN.glob("*.npz"))
"""Upstream's configurations: recordings by `voices.fixtures.make`."""
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
    """Gives the path of a model's `.ts`, as its exporter wrote it.

    Where nobody made upstream's archives, what needs them is left out, and said so.
    """
    folder = tmp_path_factory.mktemp("archives")

    def unpack(name: str) -> Path:
        path = folder / f"{name}_streaming.ts"
        if not path.exists():
            data = archives.plain(name)
            if data is None:
                assert not archives.REQUIRED, f"wanted {archives.packed(name)}, got none: {archives.HOW}"
                pytest.skip(f"left out: parity with upstream's exporter ({archives.HOW})")
            path.write_bytes(data)
        return path

    return unpack
