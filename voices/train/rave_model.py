"""Upstream's RAVE: built from its configurations, saved as its run folder, exported by its exporter."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import gin
import rave
import rave.core
import torch

from voices.errors import VoiceError

CONFIG_FOLDER = Path(rave.__file__).parent / "configs"


def build(configs: Sequence[str], overrides: Sequence[str], seed: int, channels: int = 1) -> rave.RAVE:
    """A fresh RAVE, as `rave train --config … --override …` builds it.

    The bindings stay in gin's global state, from which `save_run` writes them: one model at a time.
    """
    gin.clear_config()
    gin.bind_parameter("RAVE.n_channels", channels)
    gin.parse_config_files_and_bindings(
        [str(CONFIG_FOLDER / f"{name}.gin") for name in configs], list(overrides)
    )
    torch.manual_seed(seed)
    return rave.RAVE(n_channels=channels)


def save_run(model: rave.RAVE, folder: Path) -> None:
    """Writes the run folder that `rave export --run` reads: `config.gin` and a checkpoint.

    Upstream's config lacks `n_channels` (it is bound, but operative only where a default was used), without
    which a stereo model cannot be exported; the line is added.
    """
    folder.mkdir(parents=True, exist_ok=True)
    text = gin.operative_config_str()
    if "RAVE.n_channels" not in text:
        text += f"\nmodel.RAVE.n_channels = {model.n_channels}\n"
    (folder / "config.gin").write_text(text)
    torch.save({"state_dict": model.state_dict(), "callbacks": {}}, folder / "last.ckpt")


def export(run: Path, name: str, folder: Path, *flags: str) -> Path:
    """Runs upstream's unmodified `rave export --streaming` on a run folder; returns the `.ts`.

    Raises:
        VoiceError: with upstream's last words when it fails.
    """
    command = [str(Path(sys.executable).parent / "rave"), "export", "--run", str(run), "--streaming"]
    command += ["--name", name, "--output", str(folder), *flags]
    result = subprocess.run(command, capture_output=True, text=True)
    path = folder / f"{name}_streaming.ts"
    if result.returncode != 0 or not path.exists():
        raise VoiceError("an export by `rave export`", result.stderr.strip()[-300:], "see that message")
    return path


def analyse(pqmf: torch.nn.Module, x: torch.Tensor) -> torch.Tensor:
    """[B, 1, N] to sub-bands [B, M, N / M]."""
    return pqmf(x)


def synthesise(pqmf: torch.nn.Module, bands: torch.Tensor) -> torch.Tensor:
    """Sub-bands [B, M, T] to [B, 1, T * M]."""
    return pqmf.inverse(bands)
