"""Start a wide voice from a narrow trained one: the same latents, at first the same sound, and room to grow.

Every hidden channel becomes n equal copies whose outgoing weights sum to the old ones, so the wide network
computes what the narrow one did (Net2WiderNet: Chen, Goodfellow, Shlens, ICLR 2016). Copies that stay equal
learn nothing, so noise is added to the outgoing weights with its mean over the n copies taken away: as long
as the copies are equal it cancels, and from the first step on it teaches each of them something else. Its
spread makes the weights as large as a network of that width would have them from the start.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import rave
import torch

from voices import record_golden
from voices.errors import VoiceError

AXES = ("latent_pca", "latent_mean", "fidelity")
"""What upstream's exporter needs of the latent space: with equal axes a latent means the same in both."""


def copies(wide: int, narrow: int) -> int:
    """How often each of `narrow` channels is heard in `wide`.

    Raises:
        VoiceError: when it is no whole number.
    """
    if wide % narrow != 0:
        raise VoiceError(
            f"a multiple of {narrow} channels", str(wide), "double CAPACITY of the voice begun from"
        )
    return wide // narrow


def widen(weight: torch.Tensor, shape: tuple[int, ...], inputs: int) -> torch.Tensor:
    """The weight of a wider convolution that maps repeated channels as `weight` maps single ones.

    `inputs` is the dimension of the input channels: 1 in a convolution, 0 in a transposed one. Channel c of
    the narrow network is heard as the channels c, c + narrow, c + 2 narrow, … of the wide one.
    """
    outputs = 1 - inputs
    repeats = [1, 1, 1]
    repeats[outputs] = copies(shape[outputs], weight.shape[outputs])
    count = copies(shape[inputs], weight.shape[inputs])
    part = weight.repeat(repeats) / count
    noise = torch.randn(count, *part.shape) * part.square().mean().sqrt() * count**0.5
    noise = noise - noise.mean(0)
    return torch.cat(list(part + noise), dim=inputs)


def set_weight(module: torch.nn.Module, weight: torch.Tensor) -> None:
    """Gives a convolution this weight, through its weight normalisation if it has one."""
    if hasattr(module, "weight_g"):
        module.weight_v.copy_(weight)
        module.weight_g.copy_(torch.norm_except_dim(weight, 2, 0))
    else:
        module.weight.copy_(weight)


@torch.no_grad()
def begin_from(model: rave.RAVE, archive: Path, seed: int) -> None:
    """Fills a fresh RAVE from a shipped voice: its encoder and latent axes as they are, its decoder widened.

    Raises:
        VoiceError: when the two have different layers or widths that are no multiples.
    """
    trained: Mapping[str, torch.Tensor] = record_golden.load(archive).state_dict()
    torch.manual_seed(seed)
    for part in ("encoder", "decoder"):
        for name, module in getattr(model, part).named_modules():
            if not isinstance(module, torch.nn.Conv1d | torch.nn.ConvTranspose1d):
                continue
            key = f"{part}.{name}"
            if f"{key}.weight" not in trained:
                raise VoiceError(f"a layer {key} in {archive.name}", "none", "take the same configs in both")
            inputs = 0 if isinstance(module, torch.nn.ConvTranspose1d) else 1
            set_weight(module, widen(trained[f"{key}.weight"], tuple(module.weight.shape), inputs))
            if module.bias is not None:
                bias = trained[f"{key}.bias"]
                module.bias.copy_(bias.repeat(copies(len(module.bias), len(bias))))
    for name in AXES:
        getattr(model, name).copy_(trained[name])
