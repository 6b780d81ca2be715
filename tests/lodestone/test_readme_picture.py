"""The picture in the README shows what this commit plays."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from PIL import Image
from typer.testing import CliRunner

from lodestone.cli import build_app
from lodestone.picture import COURSE

SHOWN = Path(__file__).resolve().parents[2] / "docs" / "images" / "first-sound.png"


def test_the_picture_in_the_readme_is_of_this_commit(tmp_path: Path) -> None:
    """Made anew by `python -m bench.pictures_and_sounds` where what `lodestone play` plays has changed."""
    done = CliRunner().invoke(build_app(), ["play", "--out", str(tmp_path)])
    assert done.exit_code == 0, done.output
    told, now = (json.loads(Image.open(file).text[COURSE]) for file in (SHOWN, tmp_path / "performance.png"))
    assert len(now["loudness_db"]) == len(now["latent"]) == 24
    np.testing.assert_allclose(told["latent"], now["latent"], atol=0.05)
    np.testing.assert_allclose(told["loudness_db"], now["loudness_db"], atol=1.0)
