"""What training/ computes with PyTorch, held to its definition; run in PyTorch's environment:

    python -m tests.training.pytorch_checks RUN

`test_pytorch.py` does so. Every function of CHECKS is one; what went wrong is printed as JSON by its name.
"""

from __future__ import annotations

import importlib
import json
import pkgutil
import sys
import tempfile
import traceback
from collections.abc import Callable
from pathlib import Path
from unittest import mock

import numpy as np
import torch

import training
from model_export.encoder import Encoder
from training import losses
from training.distil import AXES_EVERY, Distiller
from training.lessons import moves_one_alone
from training.network import running_means, without_edges
from training.recorded import Recorded
from training.torchscript import signal_to_noise
from voices import catalogue


def every_module_is_there_with_what_it_imports(_: Path) -> None:
    """What training/setup.sh installs is enough."""
    for module in pkgutil.iter_modules(training.__path__):
        try:
            importlib.import_module(f"training.{module.name}")
        except ImportError as error:
            if "_firmware" not in str(error):  # our engine, built for another Python than this one
                raise


def running_means_are_those_of_a_loop(_: Path) -> None:
    """Over more frames than a block has, from the start and across blocks."""
    random = np.random.default_rng(1)
    for frames in (1, 255, 256, 257, 1000):
        for share in (0.01, 0.3, 0.5):
            x, mean, wanted = random.normal(size=(2, 3, frames)), np.zeros((2, 3)), []
            for frame in np.moveaxis(x, -1, 0):
                mean = mean + share * (frame - mean)
                wanted.append(mean)
            got = running_means(torch.from_numpy(x), share).numpy()
            np.testing.assert_allclose(got, np.stack(wanted, -1), atol=1e-9)


def what_stands_still_in_a_band_is_taken_away(_: Path) -> None:
    """A constant and one that turns its sign go; a tone stays."""
    time = np.arange(64 * 200)
    tone = np.sin(2 * np.pi * 0.11 * time)
    for edge in (np.ones_like(tone), 1.0 - 2.0 * (time % 2)):
        x = torch.from_numpy((tone + edge).astype(np.float32))[None, None]
        left = without_edges(x, 64, 0.2)[0, 0].numpy()[64 * 100 :]
        assert np.abs(left - tone[64 * 100 :]).max() < 0.05


def a_step_on_a_cpu_is_the_call_itself(_: Path) -> None:
    """Every time, with what it was given."""
    seen = []

    def function(x: torch.Tensor) -> torch.Tensor:
        seen.append(float(x))
        return x + 1

    step = Recorded(function, "cpu")
    assert [float(step(torch.tensor(float(k)))) for k in range(6)] == [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
    assert seen == [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]


def a_run_that_goes_on_is_the_run_that_was_never_stopped(run: Path) -> None:
    """Weights after eight steps at once, and after four, a checkpoint, and four: the same bits."""
    torch.set_num_threads(1)
    whole = Distiller(run)
    parts = Distiller(run)
    for step in range(8):
        for each in (whole, parts):
            each.take_step(step / 8)
            each.step += 1
        if step == 3:
            parts.save()
            parts = Distiller(run)
            assert parts.step == 4
    for name, value in whole.decoder.state_dict().items():
        assert torch.equal(value, parts.decoder.state_dict()[name]), name
        assert torch.equal(whole.average[name], parts.average[name]), name


def half_of_the_crops_move_one_latent_alone(run: Path) -> None:
    """With `--sweeps 0.5` at least that part of them come from lessons of such hands; without, a third."""
    shares = []
    for sweeps in (0.0, 0.5):
        distiller = Distiller(run, sweeps=sweeps)
        with mock.patch.object(distiller, "_lesson", wraps=distiller._lesson) as lesson:
            for step in range(40):
                distiller.step = step
                distiller.batch()
            drawn = [call.args[0] for call in lesson.call_args_list]
        shares.append(np.mean([moves_one_alone(number) for number in drawn]))
    assert 0.2 < shares[0] < 0.45, shares
    assert 0.5 < shares[1] < 0.85, shares


def what_latents_change_is_asked_for(run: Path) -> None:
    """Right changes cost nothing, and half of a small one as much as half of a large one."""
    filters = losses.third_octaves(losses.WINDOW, 44100)
    noise = torch.randn(1, 30000, generator=torch.Generator().manual_seed(1))
    for decibels in (6.0, 1.5):
        y = torch.cat([noise, noise * 10 ** (decibels / 20)])
        costs = [losses.changes(y, torch.full((1, 24), share * decibels), filters) for share in (1.0, 2.0)]
        assert costs[0] < 0.01, costs
        assert 0.45 < costs[1] < 0.55, costs
    distillers = [Distiller(run) for _ in range(2)]
    assert distillers[0].axes is not None
    distillers[0].axes = None
    for each in distillers:
        each.step = AXES_EVERY
    without, with_them = (float(each.take_step(0.5)[0]) for each in distillers)
    assert with_them > without + 0.1, (without, with_them)


def our_ts_decodes_any_frames_and_rows(_: Path) -> None:
    """100 dB and more of what ONNX Runtime plays, for the same draws; every row has its own past."""
    voice = catalogue.find("glass")
    model = voice.graph()
    with tempfile.TemporaryDirectory() as folder:
        assert signal_to_noise(model, Path(folder)) >= 100.0
        module = _module(voice.torchscript(), Path(folder))
    assert module.decode_params.tolist() == [voice.latents, voice.hop, 1, 1]
    with torch.no_grad():
        assert module.decode(torch.zeros(3, voice.latents, 7)).shape == (3, 1, 7 * voice.hop)


def our_ts_encodes_any_frames_and_rows(_: Path) -> None:
    """100 dB and more of what ONNX Runtime finds, in two pieces as in one; every row has its own past."""
    for voice in catalogue.shipped():
        model = voice.encoder()
        if model is None:
            continue
        with tempfile.TemporaryDirectory() as folder:
            module = _module(voice.torchscript(), Path(folder))
        assert module.get_methods() == ["decode", "encode", "forward"]
        assert module.encode_params.tolist() == [1, 1, voice.latents, voice.hop]
        assert module.forward_params.tolist() == [1, 1, 1, 1]
        sound = np.random.default_rng(3).normal(0, 0.1, (2, 1, 12 * voice.hop)).astype(np.float32)
        with torch.no_grad():
            parts = torch.from_numpy(sound).split(5 * voice.hop, 2)
            found = torch.cat([module.encode(part) for part in parts], 2).numpy()
            assert module(torch.from_numpy(sound)).shape == sound.shape
        for row in range(2):
            wanted = Encoder(model).encode(sound[row, 0]).T
            error = np.square(wanted - found[row]).sum()
            assert 10 * np.log10(np.square(wanted).sum() / error) >= 100.0, voice.name


def _module(data: bytes, folder: Path) -> torch.jit.ScriptModule:
    (folder / "voice.ts").write_bytes(data)
    return torch.jit.load(str(folder / "voice.ts"))


CHECKS: tuple[Callable[[Path], None], ...] = (
    every_module_is_there_with_what_it_imports,
    running_means_are_those_of_a_loop,
    what_stands_still_in_a_band_is_taken_away,
    a_step_on_a_cpu_is_the_call_itself,
    a_run_that_goes_on_is_the_run_that_was_never_stopped,
    half_of_the_crops_move_one_latent_alone,
    what_latents_change_is_asked_for,
    our_ts_decodes_any_frames_and_rows,
    our_ts_encodes_any_frames_and_rows,
)


def main(run: Path) -> None:
    """All of them, though some fail."""
    wrong = {}
    for check in CHECKS:
        try:
            check(run)
            wrong[check.__name__] = ""
        except Exception:
            wrong[check.__name__] = traceback.format_exc()
    print(json.dumps(wrong))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
