"""What a voice says about its own latents: the only place where a model's statistics enter the mapping."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mapping.errors import MappingError

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class LatentStatistics:
    """How a voice's latents are spread over its corpus.

    Attributes:
        mean, std: [Z].
        probabilities: [P] ascending in 0..1, or None when only mean and std are known.
        quantiles: [Z, P], ascending along P, or None.
        voice: its name.
    """

    mean: Array
    std: Array
    probabilities: Array | None
    quantiles: Array | None
    voice: str = ""

    @property
    def latents(self) -> int:
        """Z."""
        return len(self.mean)


def latent_statistics(card: Any) -> LatentStatistics:
    """Reads the statistics from a voice card (a `Card` or its JSON dictionary).

    Raises:
        MappingError: lengths differ, a value is not finite, quantiles fall.
    """
    latent = _field(card, "latent")
    if latent is None:
        raise MappingError(
            "a voice card with latent statistics", "a card without them", "export the voice again"
        )
    mean = np.asarray(_field(latent, "mean"), dtype=np.float64).ravel()
    std = np.asarray(_field(latent, "std"), dtype=np.float64).ravel()
    probabilities, quantiles = _field(latent, "probabilities"), _field(latent, "quantiles")
    has_quantiles = probabilities is not None and len(probabilities) > 1 and quantiles is not None
    statistics = LatentStatistics(
        mean=mean,
        std=std,
        probabilities=np.asarray(probabilities, dtype=np.float64) if has_quantiles else None,
        quantiles=np.asarray(quantiles, dtype=np.float64) if has_quantiles else None,
        voice=str(_field(card, "name") or ""),
    )
    _check(statistics)
    return statistics


def _field(source: Any, name: str) -> Any:
    if isinstance(source, Mapping):
        return source.get(name)
    return getattr(source, name, None)


def _check(statistics: LatentStatistics) -> None:
    def refuse(wanted: str, got: str) -> MappingError:
        return MappingError(wanted, got, "export the voice again")

    if statistics.latents < 1 or statistics.std.shape != statistics.mean.shape:
        raise refuse(
            "a mean and a spread per latent", f"{statistics.latents} means and {len(statistics.std)} spreads"
        )
    if not (np.isfinite(statistics.mean).all() and np.isfinite(statistics.std).all()):
        raise refuse("finite latent statistics", "values that are not numbers")
    if (statistics.std < 0).any():
        raise refuse("spreads of zero or more", f"a spread of {statistics.std.min():.3g}")
    if statistics.quantiles is None or statistics.probabilities is None:
        return
    if statistics.quantiles.shape != (statistics.latents, len(statistics.probabilities)):
        wanted = (
            f"quantiles for {statistics.latents} latents at {len(statistics.probabilities)} probabilities"
        )
        raise refuse(wanted, f"a table of {statistics.quantiles.shape}")
    if not np.isfinite(statistics.quantiles).all() or (np.diff(statistics.quantiles, axis=1) < 0).any():
        raise refuse("quantiles that rise", "quantiles that fall or are not numbers")
    if (np.diff(statistics.probabilities) <= 0).any():
        raise refuse("probabilities that rise", "probabilities that fall or repeat")
