"""The designs that synthetic.py makes decoders of: v2, the other published configurations, and low hops."""

from __future__ import annotations

from dataclasses import dataclass, replace

from tests.support.synthetic_noise import NoiseBranch


@dataclass(frozen=True)
class Topology:
    """What tells the configurations apart.

    Attributes:
        stages: ratio of each upsampling, and the dilations of the residual units behind it; with a ratio of
            1, a convolution of three taps stands in its place.
        capacity: channels behind the last stage; each upsampling halves them.
        first_taps: of the convolution that hears the latents.
        second_taps: of the second convolution in a residual unit.
        snake: Snake in front of upsamplings and of the last convolution, instead of leaky rectifiers.
        loudness: v1's envelope, a sigmoid to the power of 2.3, instead of v2's amplitude modulation.
        noise: filtered noise beside the waveform.
        filter_taps: of the filter bank, in samples of a band: 33 for 70 dB, 9 for 40.
    """

    stages: tuple[tuple[int, tuple[int, ...]], ...]
    capacity: int = 96
    first_taps: int = 3
    second_taps: int = 1
    snake: bool = False
    loudness: bool = False
    noise: NoiseBranch | None = None
    filter_taps: int = 33

    @property
    def channels(self) -> int:
        """In front of the first stage."""
        return self.capacity * 2 ** sum(ratio > 1 for ratio, _ in self.stages)


V2 = Topology(((2, (1, 3)), (4, (1, 3, 9)), (4, (1, 3, 9)), (4, (1, 3, 9))))
_FEW = ((1, 3, 9), (1, 3, 9), (1, 3, 9))
_FAR = ((3, 9, 27, 36),) * 4
LOW_HOP = {
    "hop512": Topology(tuple(zip((2, 4, 4), _FEW, strict=True)), filter_taps=9),
    "hop256": Topology(tuple(zip((2, 2, 4), _FEW, strict=True)), filter_taps=9),
    "hop128": Topology(tuple(zip((2, 2, 2), _FEW, strict=True)), filter_taps=9),
    "brave128": Topology(tuple(zip((2, 2, 2, 1), _FAR, strict=True)), second_taps=3, filter_taps=9),
}
"""For voices that answer fast: three stages and a short filter bank, and one as BRAVE has it, whose dilations
look half a second back."""
_V1_STAGES = tuple((ratio, (1, 3, 5)) for ratio in (4, 4, 4, 2))
PUBLISHED = {
    "v1": Topology(
        _V1_STAGES,
        64,
        first_taps=7,
        second_taps=3,
        loudness=True,
        noise=NoiseBranch((4, 4, 4), 5, doubled=False),
    ),
    "v2_small": Topology(
        ((2, (1, 3)), (2, (1, 3, 9)), (2, (1, 3, 9)), (4, (1, 3, 9))),
        48,
        noise=NoiseBranch((2, 2, 2), 32, hidden=64),
    ),
    "v3": replace(V2, snake=True),
}
