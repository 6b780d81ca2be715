"""Make an export small enough to ship: weights rounded, caches silent, packed by xz.

    .venv-rave/bin/python -m voices.compact NAME_streaming.ts -o NAME.ts.xz

What upstream's exporter writes is mostly caches of 64 rows, which hold leftovers of its tests, and weights
whose last bits nobody hears. Silent caches vanish in the packed file, and so do the bits below
`SIGNIFICANT_BITS` (as many as half precision has); what is unpacked is a TorchScript file of the same classes
and code, saved by PyTorch.
"""

from __future__ import annotations

import argparse
import lzma
from pathlib import Path

import numpy as np
import torch

from voices import record_golden
from voices.errors import one_line

SIGNIFICANT_BITS = 11
FRAMES = 64
FILTERS = [
    # Weights are words of four bytes: each byte is told by its place in the word.
    {"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME, "lc": 2, "lp": 2, "pb": 2}
]


def rounded(values: torch.Tensor, bits: int = SIGNIFICANT_BITS) -> torch.Tensor:
    """The nearest values of so many significant bits."""
    mantissa, exponent = torch.frexp(values)
    return torch.ldexp(torch.round(mantissa * 2.0**bits) / 2.0**bits, exponent)


@torch.no_grad()
def round_networks(model: torch.jit.ScriptModule) -> None:
    """Rounds the weights of encoder and decoder in place and silences every cache."""
    record_golden.zero_states(model)
    for name, value in model.state_dict().items():
        network = name.startswith(("encoder.", "decoder.")) and not name.endswith(record_golden.STATE_NAMES)
        if network and value.is_floating_point():
            value.copy_(rounded(value))


@torch.no_grad()
def played(model: torch.jit.ScriptModule, spread: np.ndarray) -> np.ndarray:
    """What it plays from silence for seeded latents of the standard deviations `spread` [Z]."""
    torch.manual_seed(1)
    rng = np.random.default_rng(1)
    return record_golden.record_take(model, record_golden.draw_latents(model, FRAMES, 1, spread, rng))[
        "audio"
    ]


def compact(exported: Path, archive: Path, spread: np.ndarray = record_golden.UNIT_SPREAD) -> float:
    """Writes `archive` (`NAME.ts.xz`) from an export; returns what rounding left: signal to noise, in dB."""
    model = record_golden.load(exported)
    exact = played(model, spread)
    round_networks(model)
    noise = played(model, spread) - exact
    record_golden.zero_states(model)
    plain = archive.with_suffix("")  # PyTorch names the folder within the archive after it
    model.save(str(plain))
    archive.write_bytes(lzma.compress(plain.read_bytes(), filters=FILTERS))
    plain.unlink()
    return float(10 * np.log10(np.square(exact).sum() / np.square(noise).sum()))


@one_line
def main() -> None:
    parser = argparse.ArgumentParser(
        prog="voices.compact", description="Make an export small enough to ship."
    )
    parser.add_argument("exported", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True, help="NAME.ts.xz")
    options = parser.parse_args()
    left = compact(options.exported, options.output)
    print(f"{options.output}: {options.output.stat().st_size} bytes, rounded at {left:.1f} dB")


if __name__ == "__main__":
    main()
