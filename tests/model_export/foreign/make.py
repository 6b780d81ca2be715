"""Make small archives in the manner of older exporters and of the community's forks, and record their sound.

    PYTHONPATH=. .venv-rave/bin/python tests/model_export/foreign/make.py

The layers come from `cached_conv`; the wrappers and decoders below have the traits that such files show:
figures as 0-d buffers, a model inside a model, a prior beside or inside the decoder, grouped convolutions,
nearest upsampling, signs on the latents, fewer latents than the decoder was trained with.
Each is written as `NAME.ts.xz` and `NAME.npz` (arrays as in `voices.fixtures.record_golden.py`). Seed 20.
"""

from __future__ import annotations

import lzma
import math
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Tuple  # noqa: UP035  (TorchScript reads this annotation)

import cached_conv as cc
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from voices.fixtures import rave_model, record_golden

HERE = Path(__file__).parent
BANDS, RATE, SEED = 4, 48000, 20


def conv(inputs: int, outputs: int, taps: int, dilation: int = 1, groups: int = 1) -> nn.Module:
    padding = cc.get_padding(taps, dilation=dilation, mode="causal")
    return cc.Conv1d(inputs, outputs, taps, padding=padding, dilation=dilation, groups=groups)


class Residual(nn.Module):
    """x + convolutions of x, aligned in time."""

    def __init__(self, channels: int, dilation: int, groups: int) -> None:
        super().__init__()
        inner = [nn.LeakyReLU(0.2), conv(channels, channels, 3, dilation, groups), nn.LeakyReLU(0.2)]
        branch = cc.CachedSequential(*inner, conv(channels, channels, 1))
        self.aligned = cc.AlignBranches(branch, nn.Identity(), delays=[0, 0])

    def forward(self, x: Tensor) -> Tensor:
        branch, straight = self.aligned(x)
        return branch + straight


class Nearest(nn.Module):
    """Every step repeated."""

    def __init__(self, ratio: float) -> None:
        super().__init__()
        self.ratio = ratio

    def forward(self, x: Tensor) -> Tensor:
        return functional.interpolate(x, scale_factor=self.ratio, mode="nearest")


class Decoder(nn.Module):
    """Latents to sub-bands; upsampling by transposed or by nearest-and-plain convolutions; loudness held."""

    def __init__(self, latents: int, width: int, groups: int, nearest: bool) -> None:
        super().__init__()
        layers = [conv(latents, width, 3)]
        for ratio in (4, 2):
            layers.append(nn.LeakyReLU(0.2))
            if nearest:
                layers += [Nearest(float(ratio)), conv(width, width // 2, 5)]
            else:
                layers.append(
                    cc.ConvTranspose1d(
                        width, width // 2, 2 * ratio, stride=ratio, padding=ratio // 2, groups=groups
                    )
                )
            width //= 2
            layers += [Residual(width, 1, groups), Residual(width, 3, groups)]
        self.net = cc.CachedSequential(*layers)
        self.wave = conv(width, BANDS, 7)
        self.loud = conv(width, 1, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = self.net(x)
        loud = self.loud(x)[..., ::2].repeat_interleave(2, dim=-1)
        return torch.tanh(self.wave(x)) * (2 * torch.sigmoid(loud) ** 2.3 + 1e-7)


class TraceModel(nn.Module):
    """The first generation's wrapper: every figure a 0-d buffer, latents padded or cropped on the way in."""

    def __init__(
        self, kept: int, latents: int, deterministic: bool, trained_cropped: bool, decoder: Decoder
    ) -> None:
        super().__init__()
        self.decoder = decoder
        self.bank = conv(BANDS, BANDS, 9)
        self.register_buffer("latent_size", torch.tensor(latents))
        self.register_buffer("sampling_rate", torch.tensor(RATE))
        self.register_buffer("latent_pca", torch.linalg.qr(torch.randn(latents, latents))[0])
        self.register_buffer("latent_mean", 0.3 * torch.randn(latents))
        self.register_buffer("decode_params", torch.tensor([kept, 8 * BANDS, 1, 1]))
        self.deterministic = deterministic
        self.trained_cropped = trained_cropped
        self.cropped_latent_size = kept
        self.bands = BANDS

    def padded(self, z: Tensor) -> Tensor:
        rows = int(self.latent_size.item()) - z.shape[1]
        if self.deterministic:
            rest = torch.zeros(z.shape[0], rows, z.shape[-1])
        else:
            rest = torch.randn(z.shape[0], rows, z.shape[-1])
        return torch.cat([z, rest], 1)

    @torch.jit.export
    def decode(self, z: Tensor) -> Tensor:
        if self.trained_cropped:
            kept = self.cropped_latent_size
            z = functional.conv1d(z, self.latent_pca[:kept, :kept].t().unsqueeze(-1))
            z = self.padded(z)
        else:
            z = functional.conv1d(self.padded(z), self.latent_pca.t().unsqueeze(-1))
        y = self.bank(self.decoder(z + self.latent_mean.unsqueeze(-1))) * self.bands
        return y.flip(1).permute(0, 2, 1).reshape(y.shape[0], 1, -1)

    def forward(self, z: Tensor) -> Tensor:
        return self.decode(z)


class Prior(nn.Module):
    """Guesses the next latent from the last one."""

    def __init__(self, latents: int) -> None:
        super().__init__()
        self.net = nn.Conv1d(latents, 2 * latents, 1)

    def forward(self, z: Tensor) -> Tuple[Tensor, Tensor]:  # noqa: UP006
        mean, scale = self.net(z).chunk(2, 1)
        return mean, functional.softplus(scale)


class Combined(nn.Module):
    """A model with a prior beside it."""

    def __init__(self, rave: TraceModel, latents: int) -> None:
        super().__init__()
        self._rave = rave
        self._prior = Prior(latents)
        self.register_buffer("decode_params", rave.decode_params)

    @torch.jit.export
    def decode(self, z: Tensor) -> Tensor:
        return self._rave.decode(z)

    @torch.jit.export
    def prior(self, z: Tensor) -> Tensor:
        return self._prior(z)[0]

    def forward(self, z: Tensor) -> Tensor:
        return self.decode(z)


class Wrapped(nn.Module):
    """A host's wrapper: the model is an attribute and the wrapper has no decode."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, z: Tensor) -> Tensor:
        return self.model(z)


class PriorInside(nn.Module):
    """Latents chosen by importance; the left-out ones are guessed frame by frame from the last frame."""

    def __init__(self, kept: int, latents: int, decoder: Decoder) -> None:
        super().__init__()
        self.decoder = decoder
        self.guess = Prior(latents)
        self.register_buffer("importance", torch.rand(latents))
        self.register_buffer("signs", torch.sign(torch.randn(latents)))
        self.register_buffer("last_z", torch.zeros(1, latents, 1))
        self.register_buffer("decode_params", torch.tensor([kept, 8 * BANDS, 1, 1]))
        self.register_buffer("sampling_rate", torch.tensor(RATE))
        self.latent_size = latents

    @torch.jit.export
    def decode(self, z: Tensor) -> Tensor:
        order = torch.argsort(torch.argsort(self.importance, descending=True))
        frames = []
        for frame in z.unbind(-1):
            mean, scale = self.guess(self.last_z[: z.shape[0]])
            guessed = mean + 0.1 * scale * torch.randn_like(mean)
            full = torch.cat([frame.unsqueeze(-1), guessed[:, z.shape[1] :]], 1)[:, order]
            self.last_z[: z.shape[0]].copy_(full)
            frames.append(full)
        y = self.decoder(torch.cat(frames, -1) * self.signs.unsqueeze(-1))
        return y.permute(0, 2, 1).reshape(y.shape[0], 1, -1)

    def forward(self, z: Tensor) -> Tensor:
        return self.decode(z)


class OneWay(nn.Module):
    """Only an encoder."""

    def __init__(self) -> None:
        super().__init__()
        self.net = conv(1, 4, 3)

    @torch.jit.export
    def encode(self, x: Tensor) -> Tensor:
        return self.net(x)

    def forward(self, x: Tensor) -> Tensor:
        return self.encode(x)


def models() -> dict[str, tuple[nn.Module, int]]:
    """Every foreign model by name, with the rows that its first method takes."""
    plain = TraceModel(4, 8, False, False, Decoder(8, 16, 1, False))
    grouped = TraceModel(6, 6, True, False, Decoder(6, 16, 4, False))
    return {
        "combined": (Combined(plain, 8), 4),
        "grouped_in_wrapper": (Wrapped(grouped), 6),
        "nearest_cropped": (TraceModel(4, 8, True, True, Decoder(8, 16, 1, True)), 4),
        "prior_inside": (PriorInside(3, 6, Decoder(6, 16, 2, True)), 3),
        "encoder_only": (OneWay(), 1),
    }


def louder(model: nn.Module) -> None:
    """Random layers at unit gain, so that the sound does not fade on its way."""
    for layer in model.modules():
        if isinstance(layer, nn.Conv1d | nn.ConvTranspose1d):
            nn.init.normal_(layer.weight, std=1 / math.sqrt(layer.weight[0].numel()))


def save(model: nn.Module, latents: int, path: Path) -> None:
    """Saves a model after some sound went through: caches exist from then on, dirty as in shipped files."""
    with torch.no_grad():
        model.eval()(torch.randn(1, latents, 4))
    torch.jit.script(model).save(str(path))


def record(path: Path) -> dict[str, np.ndarray]:
    """The takes of one archive, as `voices.fixtures.record_golden.record` makes them."""
    torch.manual_seed(SEED)
    dice = np.random.default_rng(SEED)
    model = torch.jit.load(str(path)).eval()
    model = model.model if hasattr(model, "model") else model
    arrays: dict[str, np.ndarray] = {}
    with torch.no_grad():
        for frames, blocks in record_golden.TAKES.items():
            latents = dice.standard_normal((blocks, 1, int(model.decode_params[0]), frames))
            take = record_golden.record_take(model, latents.astype(np.float32))
            arrays.update({f"t{frames}.{key}": value for key, value in take.items()})
    return arrays


def write_not_streaming(folder: Path) -> Path:
    """Upstream's exporter without --streaming: the file that the exporter must refuse."""
    small = ["CAPACITY=2", "RATIOS=[4, 2, 2, 2]", "LATENT_SIZE=4"]
    model = rave_model.build(["raspberry"], small, SEED).eval()
    rave_model.save_run(model, folder / "run")
    command = [str(Path(sys.executable).parent / "rave"), "export", "--run", str(folder / "run")]
    subprocess.run([*command, "--name", "plain", "--output", str(folder)], check=True, capture_output=True)
    return folder / "plain.ts"


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE
    torch.manual_seed(SEED)
    cc.use_cached_conv(True)
    for name, (model, latents) in models().items():
        louder(model)
        with tempfile.TemporaryDirectory() as scratch:
            path = Path(scratch) / f"{name}.ts"
            save(model, latents, path)
            (folder / f"{name}.ts.xz").write_bytes(lzma.compress(path.read_bytes(), preset=9))
            if hasattr(model, "decode") or hasattr(model, "model"):
                np.savez_compressed(folder / f"{name}.npz", **record(path))
    with tempfile.TemporaryDirectory() as scratch:
        path = write_not_streaming(Path(scratch))
        (folder / "not_streaming.ts.xz").write_bytes(lzma.compress(path.read_bytes(), preset=9))


if __name__ == "__main__":
    main()
