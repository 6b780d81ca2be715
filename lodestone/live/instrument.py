"""A living instrument: `with LiveInstrument(image, 44100, world) as live: live.world.move(1, 0.0, 65.0)`."""

from __future__ import annotations

import socket
import subprocess
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

from errors import LodestoneError
from lodestone.live.outside import LiveOutside
from lodestone.live.pace import Pace
from lodestone.live.world_commands import WorldCommands
from lodestone.places import SIMULATOR
from lodestone.speaker import LiveSpeaker
from sensors.simulation import BoardServer, SimulatedBoard
from sensors.simulation.faults import FaultSchedule
from sensors.simulation.live_world import LiveWorld

CHANNELS = 2
PERIOD = 128
FOR_EVER_S = 100_000


class LiveError(LodestoneError):
    """The living instrument could not be started, or has died."""


class LiveInstrument:
    """The real firmware against a simulated board, in real time, over real UDP. Use as a context manager.

    Args:
        image: a folder that `build_image` made; OSC port and targets are those of its settings.
        rate: sample rate of its voices.
        world: what the board stands in; three marbles and no hand where None.
        port: where the image's board listens, to tell early that it is taken.
        speaker, wav: where the sound goes; nowhere where both are None.
        seed: of the simulated board's noise.
        state: what the board keeps over a power cut; None: as long as it lives.

    Attributes:
        world: to be moved from any thread.
        board: the simulated board.

    Raises:
        LiveError: the port is taken, or the firmware does not start.
    """

    def __init__(
        self,
        image: Path,
        rate: int,
        world: LiveWorld,
        *,
        port: int = 7564,
        speaker: LiveSpeaker | None = None,
        wav: Path | None = None,
        seed: int = 1,
        state: Path | None = None,
    ) -> None:
        require_free(port)
        self.world = world
        faults = FaultSchedule(())
        self.board = SimulatedBoard(world, seed=seed, faults=faults)
        self.pace = Pace(rate)
        self.commands = WorldCommands(self.board, world, faults)
        self.outside = LiveOutside(self.commands, self.pace, rate, CHANNELS, speaker, wav)
        self._image, self._rate, self._state = image, rate, state
        self._stack = ExitStack()
        self.process: subprocess.Popen[str] | None = None
        self.began_s = self.began_cpu_s = 0.0

    def __enter__(self) -> LiveInstrument:
        folder = self._stack.enter_context(tempfile.TemporaryDirectory(prefix="lodestone-"))
        path = Path(folder) / "board.sock"
        self._stack.enter_context(self.outside)
        self._stack.enter_context(BoardServer(self.board, path, self.outside))
        command = [str(SIMULATOR), str(self._image), "--live", "--bus", f"sim:{path}"]
        command += ["--seconds", str(FOR_EVER_S), "--rate", str(self._rate), "--period", str(PERIOD)]
        command += ["--state", str(self._state or Path(folder) / "state")]
        command += ["--inputs", str(CHANNELS), "--outputs", str(CHANNELS)]
        self.process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True
        )
        self.began_s, self.began_cpu_s = time.monotonic(), time.process_time()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait()
            if self.process.stderr is not None:
                self.process.stderr.close()
        self._stack.close()

    def wait(self, seconds: float) -> None:
        """Returns after so long, or raises LiveError as soon as the firmware has died."""
        assert self.process is not None
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return
        said = (self.process.stderr.read() if self.process.stderr else "").strip().splitlines()
        got = said[-1] if said else f"exit {self.process.returncode}"
        raise LiveError("a firmware that lives", got, "look at the image in " + str(self._image))


def require_free(port: int) -> None:
    """Raises LiveError where somebody has the UDP port; says who, where the system tells."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind(("", port))
        except OSError as error:
            got = f"it is taken by {owner(port)}" if owner(port) else error.strerror or str(error)
            do = f"end that, or take --port {another(port)}, which is free"
            raise LiveError(f"the UDP port {port}", got, do) from None


def another(port: int) -> int:
    """The next UDP port above that nobody has; whatever the system gives where there is none."""
    for candidate in [*range(port + 1, min(port + 100, 65536)), 0]:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            try:
                probe.bind(("", candidate))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    return 0


def owner(port: int) -> str:
    """Name and number of the process that has a UDP port, as Linux tells it; empty where it does not."""
    try:
        rows = [line.split() for line in Path("/proc/net/udp").read_text().splitlines()[1:]]
    except OSError:
        return ""
    inodes = {row[9] for row in rows if int(row[1].split(":")[1], 16) == port}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            sockets = {_target(handle) for handle in (process / "fd").iterdir()}
            if any(f"socket:[{inode}]" in sockets for inode in inodes):
                return f"{(process / 'comm').read_text().strip()} ({process.name})"
        except OSError:
            continue
    return ""


def _target(handle: Path) -> str:
    """What a file descriptor points at; nothing when it has been closed meanwhile."""
    try:
        return handle.readlink().name
    except OSError:
        return ""
