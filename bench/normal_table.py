"""Prints firmware/engine/normal_table.h: quantiles of the normal distribution in steps of 2^-21."""

from __future__ import annotations

from statistics import NormalDist

OCTAVES, STEPS = 31, 32


def quantile(octave: int, step: int) -> int:
    """Size of the deviate with a one-sided tail of 2^-(octave + 2) (1 + step / STEPS)."""
    tail = 2.0 ** -(octave + 2) * (1 + step / STEPS)
    return round(-NormalDist().inv_cdf(tail) * 2**21) if tail < 0.5 else 0


def table(name: str, shift: int) -> str:
    """The quantiles as a C++ array of this name, read `shift` steps on."""
    values = [quantile(octave, step + shift) for octave in range(OCTAVES) for step in range(STEPS)]
    lines = [", ".join(map(str, values[i : i + 12])) for i in range(0, len(values), 12)]
    return f"static constexpr int32_t {name}[{len(values)}] = {{\n    " + ",\n    ".join(lines) + "};\n"


if __name__ == "__main__":
    print("// Quantiles of the normal distribution; printed by bench/normal_table.py.\n#pragma once\n")
    print("#include <cstdint>\n\nnamespace lodestone {\n")
    print("// Entry 32 * octave + step: tail probability 2^-(octave + 2) (1 + step / 32), in steps of 2^-21.")
    print(table("kNormalTable", 0))
    print("// The same, one step further on: the other end of the straight line.")
    print(table("kNormalTableEnd", 1))
    print("}  // namespace lodestone")
