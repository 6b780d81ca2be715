"""Students of one teacher beside each other, by their run folders: `python -m training.compare RUN …`.

Lays each student out as `lodestone distil` does, and prints the row of `training.fidelity` for it with the
minutes of the processor that it was taught. No PyTorch.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from graphs.card import read_card
from training import fidelity
from training.command import one_line
from training.distillation import result


@one_line
def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="training.compare", description="Students beside each other.")
    parser.add_argument(
        "runs", type=Path, nargs="+", help="of `lodestone distil` or training.from_recordings"
    )
    options = parser.parse_args()
    print(fidelity.HEADER)
    print("|" + "---|" * (fidelity.HEADER.count("|") - 1))
    for run in options.runs:
        model, found = result(run)
        name = f"{run.name}, {read_card(model).taught['minutes']:g} minutes"
        print(fidelity.row(name, found), flush=True)


if __name__ == "__main__":
    main()
