"""What upstream's validation writes into a RAVE: mean, principal axes and fidelity of its latents."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import rave
import torch
from sklearn.decomposition import PCA

from voices.errors import VoiceError
from voices.train.corpus import Audio


@torch.no_grad()
def encode(model: rave.RAVE, takes: Iterable[Audio], hop: int) -> list[torch.Tensor]:
    """Posterior means [L, frames] of every take (cut to whole frames)."""
    means = []
    for take in takes:
        length = len(take) // hop * hop
        if length == 0:
            continue
        z = model.encode(torch.from_numpy(take[:length]).reshape(1, 1, -1))
        means.append(z.chunk(2, 1)[0][0])
    return means


@torch.no_grad()
def fit_axes(model: rave.RAVE, takes: Iterable[Audio], hop: int) -> torch.Tensor:
    """Fills `latent_mean`, `latent_pca` and `fidelity` as upstream's validation does, over all takes.

    Returns the latents [frames, L] along the principal axes.
    """
    z = torch.cat(encode(model, takes, hop), 1).T
    model.latent_mean.copy_(z.mean(0))
    z = z - model.latent_mean
    pca = PCA(z.shape[-1]).fit(z.numpy())
    model.latent_pca.copy_(torch.from_numpy(pca.components_).to(z))
    share = pca.explained_variance_ / np.sum(pca.explained_variance_)
    model.fidelity.copy_(torch.from_numpy(np.cumsum(share)).to(model.fidelity))
    return z @ model.latent_pca.T


def export_fidelity(fidelity: torch.Tensor, latents: int) -> float:
    """The `--fidelity` with which upstream's exporter keeps `latents` dimensions.

    It keeps 2^ceil(log2(index of the first cumulative share above the given one)), given .999 at most.

    Raises:
        VoiceError: when fewer dimensions carry .999 of the variance.
    """
    shares = fidelity.numpy()
    for wanted in (0.9, 0.95, 0.98, 0.99, 0.995, 0.999):
        kept = 2 ** int(np.ceil(np.log2(max(int(np.argmax(shares > wanted)), 1))))
        if kept == latents:
            return wanted
    raise VoiceError(
        f"{latents} live latents",
        f"cumulative shares of variance {np.round(shares, 4)}",
        "train longer, or raise spread in the settings",
    )
