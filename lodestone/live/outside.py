"""What surrounds a live board: a sound card or a file takes its sound and paces it; hosts move its world."""

from __future__ import annotations

import contextlib
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt

from files import growing_file
from lodestone.live.pace import Pace
from lodestone.live.world_commands import WorldCommands
from lodestone.speaker import LiveSpeaker

Audio = npt.NDArray[np.float32]


class LiveOutside:
    """The `Outside` of a board that is played live. Use as a context manager.

    Args:
        commands: hears what is said to the world.
        pace: when the next block is due.
        channels: of the board's output.
        speaker: plays it; None: silent.
        wav: also written there, 32-bit floats.
    """

    def __init__(
        self,
        commands: WorldCommands,
        pace: Pace,
        rate: int,
        channels: int,
        speaker: LiveSpeaker | None = None,
        wav: Path | None = None,
    ) -> None:
        self._commands, self._pace, self._channels, self._speaker = commands, pace, channels, speaker
        self._file: Any = None
        self._open = contextlib.ExitStack()
        self.frames = 0
        if wav is not None:
            import soundfile

            place = self._open.enter_context(growing_file(wav))
            wanted = soundfile.SoundFile(place, "w", rate, channels, "FLOAT", format="WAV")
            self._file = self._open.enter_context(wanted)

    def datagram_out(self, now_us: int, data: bytes) -> None:
        """A packet to the simulated world."""
        self._commands.hear(data)

    def datagram_in(self, now_us: int) -> bytes | None:
        """What the world says to everybody."""
        return self._commands.say(now_us)

    def audio(self, now_us: int, block: Audio) -> Audio:
        """Takes a block and returns when the next is due; silence comes in."""
        shaped = block.reshape(-1, self._channels)
        self.frames += len(shaped)
        if self._file is not None:
            self._file.write(shaped)
        if self._speaker is None:
            self._pace.wait(len(shaped))
        else:
            self._speaker.offer(shaped)
            if self._speaker.started:
                self._pace.wait(len(shaped), self._speaker.fill, self._speaker.target)
        return np.zeros_like(block)

    def digital_in(self, now_us: int) -> int:
        """No button."""
        return 0

    def digital_out(self, now_us: int, levels: int) -> None:
        """No LED."""

    def __enter__(self) -> LiveOutside:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()  # whatever ended it: what sounded until then is kept
