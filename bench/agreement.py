"""Our engine and ONNX Runtime on every mapping at any knobs: `python -m bench.agreement [--draws N]`.

Knobs, seeds, pieces of a performance and times between frames are thrown. For each chain, over all draws:
how far the engines lie apart (sigma), that as a share of the largest latent and of what
`mapping.steepness.engines_apart` allows, and how far each lies from the graph in 64 bits. Exit 1 where the
engines are further apart than allowed.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from lodestone.mapping_show import performance
from tests.support.agreement import Apart, farthest

CHAINS = (
    "rotate", "rings", "wire", "rotate+snapshots", "rotate+terrain", "wire+bodies", "rings+memory",
    "rings+terrain+bodies+memory", "rotate+snapshots+terrain+bodies+memory",
)  # fmt: skip
HEAD = (
    "mapping                                   apart  of latent  of allowed   ours, ONNX Runtime from 64 bits"
)


def row(mapping: str, found: list[Apart]) -> tuple[str, float]:
    """A line of the table, and the largest share of what is allowed."""
    share = max(one.engines / one.allowed for one in found)
    of_latent = max(one.engines / one.largest for one in found)
    exact = [max(one.exact[side] for one in found) for side in (0, 1)]
    cells = f"{max(one.engines for one in found):8.1e} {of_latent:10.1e} {share:10.2f}"
    return f"{mapping:38} {cells}   {exact[0]:8.1e} {exact[1]:8.1e}", share


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description="Two engines on every mapping, at any knobs.")
    parser.add_argument("--draws", type=int, default=30, help="of each mapping")
    parser.add_argument("--frames", type=int, default=200)
    asked = parser.parse_args()
    played = performance(None, None, Path("out/agreement"))
    print(HEAD)
    worst = 0.0
    for mapping in CHAINS:
        draws = [
            farthest(mapping, (4, 8, 16)[seed % 3], seed, played, asked.frames, exact=True)
            for seed in range(asked.draws)
        ]
        line, share = row(mapping, draws)
        worst = max(worst, share)
        print(line, flush=True)
    raise SystemExit(int(worst > 1.0))


if __name__ == "__main__":
    main()
