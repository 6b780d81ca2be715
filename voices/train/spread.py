"""Keep every latent moving: unit variance along each, no correlation between them, over many short crops.

A small corpus is told apart by two or three latents, and the rest fall asleep: their means start far below
the posterior's noise of 0.7 and never grow. A player has twelve axes to move, so the means are held near unit
variance and uncorrelated, as in VICReg (Bardes, Ponce, LeCun, ICLR 2022), here by the log of the deviation,
which pulls from both sides.
"""

from __future__ import annotations

import torch

CROPS = 16
FRAMES = 8
USED_FRAMES = 4
"""Of every crop the last frames, which the causal encoder hears with some past."""


def penalty(means: torch.Tensor) -> torch.Tensor:
    """Mean squared log deviation plus mean squared correlation of latents [B, L, T]."""
    z = means[..., -USED_FRAMES:].permute(0, 2, 1).flatten(0, 1)
    z = z - z.mean(0)
    deviation = torch.sqrt((z * z).mean(0) + 1e-6)
    correlation = (z / deviation).T @ (z / deviation) / len(z)
    others = correlation - torch.diag(torch.diag(correlation))
    size = len(deviation)
    return torch.log(deviation).square().mean() + others.square().sum() / (size * (size - 1))
