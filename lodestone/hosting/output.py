"""Where a host's sound goes besides the card: a WAV that is whole at every end, or standard output."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from files import growing_file

Audio = npt.NDArray[np.float32]


@contextlib.contextmanager
def writer(wav: Path | None, rate: int) -> Iterator[Callable[[Audio], object]]:
    """What takes every block [frames, 2]: a WAV of floats, `-` for raw floats on standard output, or nothing.

    Raises:
        FileError: the file cannot be written.
    """
    if wav is None:
        yield lambda block: None
    elif str(wav) == "-":
        yield lambda block: sys.stdout.buffer.write(block.astype("<f4").tobytes())
    else:
        import soundfile

        with (
            growing_file(wav) as place,
            soundfile.SoundFile(place, "w", rate, 2, "FLOAT", format="WAV") as file,
        ):
            yield file.write
