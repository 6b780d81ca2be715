"""The second stage's judge: small networks over spectra of three sizes, trained against the decoder.

Each sees logarithmic magnitudes and gives a map of verdicts; the decoder learns to pass them (hinge loss) and
to call up the same features within them as the recording does (feature matching).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from training.losses import FLOOR, magnitudes

SIZES = (2048, 512, 128)


class Judge(nn.Module):
    """One size of spectrum: [B, N] to features, the last of which is the verdict."""

    def __init__(self, size: int, width: int = 16) -> None:
        super().__init__()
        self.size = size
        self.layers = nn.ModuleList(
            [
                nn.Conv2d(1, width, (7, 3), (2, 1), (3, 1)),
                nn.Conv2d(width, width, (5, 3), (2, 1), (2, 1)),
                nn.Conv2d(width, 2 * width, (5, 3), (2, 2), (2, 1)),
                nn.Conv2d(2 * width, 1, (3, 3), 1, 1),
            ]
        )

    def forward(self, x: Tensor) -> list[Tensor]:
        """Sound [B, N] to the features of every layer, the verdict last."""
        y = torch.log(magnitudes(x, self.size) + FLOOR)[:, None]
        features = []
        for layer in self.layers:
            y = layer(y)
            features.append(y)
            y = functional.leaky_relu(y, 0.2)
        return features


class Discriminator(nn.Module):
    """Judges of `SIZES`."""

    def __init__(self) -> None:
        super().__init__()
        self.judges = nn.ModuleList(Judge(size) for size in SIZES)

    def own_loss(self, real: Tensor, made: Tensor) -> Tensor:
        """Hinge: recordings above 1, what the decoder made below -1."""
        total = real.new_zeros(())
        for judge in self.judges:
            total = (
                total
                + functional.relu(1 - judge(real)[-1]).mean()
                + functional.relu(1 + judge(made.detach())[-1]).mean()
            )
        return total

    def decoder_loss(self, real: Tensor, made: Tensor) -> tuple[Tensor, Tensor]:
        """(what the verdicts ask of the decoder, distance of features)."""
        verdict, matching = real.new_zeros(()), real.new_zeros(())
        for judge in self.judges:
            with torch.no_grad():
                wanted = judge(real)
            got = judge(made)
            verdict = verdict - got[-1].mean()
            for a, b in zip(wanted[:-1], got[:-1], strict=True):
                matching = matching + (a - b).abs().mean() / (a.abs().mean() + 1e-4)
        return verdict / len(self.judges), matching / len(self.judges)
