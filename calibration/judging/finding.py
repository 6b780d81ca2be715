"""One reason of a verdict."""

from __future__ import annotations

from dataclasses import dataclass

READY, CARE, STOP = "ready", "play with care", "do not play"


@dataclass(frozen=True)
class Finding:
    """How grave (CARE or STOP), which figure, the cause and the remedy in words."""

    level: str
    figure: str
    cause: str
    remedy: str
