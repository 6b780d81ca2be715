"""Physical models that render sound to learn from: NAME -> function of a generator, seconds and rate.

Everything here is written for this project and MIT as it is; each take is another instrument and another
hand.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from training.errors import TrainingError
from training.models import air, choir, glass, metal, water

Audio = npt.NDArray[np.float32]
Model = Callable[[np.random.Generator, float, int], npt.NDArray[np.float64]]

MODELS: dict[str, Model] = {
    "rubbed_glass": glass.rubbed,
    "struck_glass": glass.struck,
    "bowed_plate": metal.bowed_plate,
    "bells": metal.bells,
    "gong": metal.gong,
    "bars": metal.bars,
    "membranes": metal.membranes,
    "breath": air.breath,
    "friction": air.friction,
    "whistle": air.whistle,
    "wind": water.wind_take,
    "drops": water.drops_take,
    "brook": water.brook_take,
    "rain": water.rain_take,
    "choir": choir.choir,
}


def render(name: str, take: int, seconds: float, rate: int = 44100) -> Audio:
    """Take number `take` of a model, mono, peak 0.5, always the same.

    Raises:
        TrainingError: for a name that is not in `MODELS`.
    """
    if name not in MODELS:
        raise TrainingError(
            f"one of {', '.join(sorted(MODELS))}", f"model:{name}", "correct the [[sound]] entry"
        )
    sound = MODELS[name](np.random.default_rng([*name.encode(), take]), seconds, rate)[: int(seconds * rate)]
    return np.asarray(0.5 * sound / (np.abs(sound).max() + 1e-9), np.float32)
