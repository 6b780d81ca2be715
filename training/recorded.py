"""A step of a training as a CUDA graph: recorded once, played again as a whole."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

WARM_CALLS = 3
"""Calls that run as they are before one is recorded: libraries choose their kernels in them, optimisers make
their memories."""


class Recorded:
    """A function of tensors. On a CPU it is called as it is; on a GPU it is recorded at its fourth call.

    A step of a small network is some thousand kernels of a few microseconds: started one by one by Python,
    they take ten times as long.

    Args:
        function: of tensors whose shapes never change, to a tensor. What else it changes it changes in place,
            and it reads nothing back to the CPU.
        device: of all of them.
    """

    def __init__(self, function: Callable[..., Tensor], device: str) -> None:
        self.function = function
        self.stream = torch.cuda.Stream(device) if torch.device(device).type == "cuda" else None
        self.calls = 0
        self.graph: torch.cuda.CUDAGraph | None = None
        self.given: tuple[Tensor, ...] = ()
        self.result = torch.zeros(())

    def __call__(self, *given: Tensor) -> Tensor:
        """The function's value for tensors of the same shapes every time."""
        if self.stream is None:
            return self.function(*given)
        caller = torch.cuda.current_stream()
        self.stream.wait_stream(caller)
        with torch.cuda.stream(self.stream):
            result = self._warm(*given) if self.calls < WARM_CALLS else self._played(*given)
        caller.wait_stream(self.stream)
        return result

    def _warm(self, *given: Tensor) -> Tensor:
        self.calls += 1
        return self.function(*given)

    def _played(self, *given: Tensor) -> Tensor:
        if self.graph is None:
            self.given = tuple(each.clone() for each in given)
            self.graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(self.graph, stream=self.stream):
                self.result = self.function(*self.given)
        for kept, new in zip(self.given, given, strict=True):
            kept.copy_(new)
        self.graph.replay()
        return self.result.clone()
