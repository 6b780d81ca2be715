"""A virtual board that runs: a userland over which it writes, a real sshd on loopback, sensors on its bus."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

from lodestone.image import ROOT
from sensors.simulation import BoardServer, SimulatedBoard
from tests.support.hard_core import header_lines
from tests.virtual_board.emulation import NoBoardError, run
from tests.virtual_board.kinds import Kind
from tests.virtual_board.userland import userland

CARD_BYTES = 600 << 20
BOOT = Path(__file__).with_name("boot.sh")
BELA = Path(__file__).with_name("bela")

SSHD = """ListenAddress 127.0.0.1
HostKey /etc/ssh/board_key
AuthorizedKeysFile /etc/ssh/board_users
PermitRootLogin yes
StrictModes no
UsePAM no
PrintMotd no
SetEnv QEMU_CPU={cpu}
"""

# deploy.sh's own ssh commands, with the port and the key of this board put in; they are counted, and the one
# that LODESTONE_CUT names ("3" or "3,0.5") does not come through, or is killed after so many seconds.
SSH = """#!/bin/bash
[[ "$*" == *127.0.0.1* ]] || exit 255  # nothing leaves this machine
echo "$*" >> "{folder}/ssh.log"
call=$(wc -l < "{folder}/ssh.log")
ssh=(/usr/bin/ssh -F "{folder}/ssh_config" "$@")
[ "${{LODESTONE_CUT:-}}" = "$call" ] && exit 255
[ "${{LODESTONE_CUT%%,*}}" = "$call" ] && exec timeout -s KILL "${{LODESTONE_CUT#*,}}" "${{ssh[@]}}"
exec "${{ssh[@]}}"
"""


BUS_SPEED = "sys/bus/i2c/devices/i2c-1/of_node/clock-frequency"


class NowBoard:
    """A simulated board whose time is the clock on the wall: programs on it come and go."""

    def __init__(self, board: SimulatedBoard) -> None:
        self.board = board
        self._began = time.monotonic_ns()

    def _now_us(self) -> int:
        return (time.monotonic_ns() - self._began) // 1000

    def transfer_at(self, _: int, address: int, write: bytes, read_bytes: int) -> tuple[int, int, bytes]:
        """As SimulatedBoard's, now."""
        return self.board.transfer_at(self._now_us(), address, write, read_bytes)

    def recover_at(self, _: int) -> tuple[int, int, bytes]:
        """As SimulatedBoard's, now."""
        return self.board.recover_at(self._now_us())


def free_port(kind: socket.SocketKind) -> int:
    """A port of loopback that nobody has now."""
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class VirtualBoard:
    """One board of a kind; use as a context manager. It is off until `power_on`.

    Attributes:
        kind: which image it has.
        kindness: in what its core is kinder than Bela's, by the names of `bela/core/hardness.cpp`;
            `offline-flag`: a header of August 2020 or later; `ide-project`: nothing starts the IDE's last
            project.
        bus_hz: of its I2C bus, as its device tree has it.
        ssh_port, osc_port: on 127.0.0.1.
        folder: its files here; `run/` is its /run.
    """

    kind: Kind
    kindness: tuple[str, ...] = ()
    bus_hz: int = 400_000
    ssh_port: int = field(default_factory=lambda: free_port(socket.SOCK_STREAM))
    osc_port: int = field(default_factory=lambda: free_port(socket.SOCK_DGRAM))

    def __enter__(self) -> VirtualBoard:
        self._userland = userland(self.kind)
        self.folder = Path(tempfile.mkdtemp(prefix=f"lodestone-{self.kind.name}-"))
        for name in ("root", "card", "new", "run", "bin"):
            (self.folder / name).mkdir()
        card = self.folder / "card.ext4"
        with card.open("wb") as file:
            file.truncate(CARD_BYTES)
        run(["mkfs.ext4", "-q", "-m", "0", card])
        self.folder.chmod(0o755)
        self._process: subprocess.Popen[str] | None = None
        self._write_keys()
        self._write_bela()
        self._sensors: contextlib.AbstractContextManager[BoardServer] | None = None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.power_off()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _write_keys(self) -> None:
        etc = self.folder / "new" / "etc" / "ssh"
        etc.mkdir(parents=True)
        (etc / "board_config").write_text(SSHD.format(cpu=self.kind.cpu))
        for key in (etc / "board_key", self.folder / "user"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
        shutil.copy(self.folder / "user.pub", etc / "board_users")
        (self.folder / "ssh_config").write_text(
            f"Host *\n Port {self.ssh_port}\n IdentityFile {self.folder}/user\n IdentitiesOnly yes\n"
        )
        ssh = self.folder / "bin" / "ssh"
        ssh.write_text(SSH.format(folder=self.folder))
        ssh.chmod(0o755)

    def _write_bela(self) -> None:
        """/root/Bela with our core and make interface, and the stand-ins for systemd."""
        new = self.folder / "new"
        bela = new / "root" / "Bela"
        shutil.copytree(BELA / "core", bela / "core")
        for folder in (bela / "projects", bela / "include", new / "opt" / "Bela", new / "usr" / "bin"):
            folder.mkdir(parents=True)
        (bela / "include" / "Bela.h").write_text(header_lines(self.kindness))
        (bela / "kindness").write_text("\n".join(self.kindness))
        (new / BUS_SPEED).parent.mkdir(parents=True)
        (new / BUS_SPEED).write_bytes(self.bus_hz.to_bytes(4, "big"))
        shutil.copy(BELA / "Makefile", bela)
        shutil.copy(BELA / f"board-{self.kind.name}.mk", bela / "board.mk")
        for name, to in (
            ("systemctl", "usr/bin"),
            ("journalctl", "usr/bin"),
            ("bela_settings", "usr/bin"),
            ("bela_startup.sh", "opt/Bela"),
        ):
            shutil.copy(BELA / name, new / to)
            (new / to / name).chmod(0o755)

    def power_on(self, pressed: tuple[int, ...] = ()) -> None:
        """Boots, with an empty /run as a board has it, and waits until ssh answers.

        Args:
            pressed: pins of buttons that are held all the time.
        """
        shutil.rmtree(self.folder / "run")
        (self.folder / "run").mkdir()
        (self.folder / "run" / "pins").write_text(str(sum(1 << pin for pin in pressed)))
        world = NowBoard(SimulatedBoard("empty", seed=3, bit_rate_hz=self.bus_hz))
        self._sensors = BoardServer(world, self.folder / "run" / "sensor-bus")  # type: ignore[arg-type]
        self._sensors.__enter__()
        up_s = int(time.clock_gettime(time.CLOCK_BOOTTIME))  # since this machine's start: the board's is now
        unshare = ["unshare", "--mount", "--pid", "--uts", "--time", "--boottime", str(-up_s)]
        unshare += ["--fork", "--kill-child", "bash", str(BOOT)]
        arguments = [str(self.folder), str(self._userland), str(self.ssh_port), self.kind.cpu]
        self._process = subprocess.Popen(
            [*unshare, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        if self._process.stdout.readline() != "booted\n":
            raise NoBoardError(f"it does not boot: {self._process.communicate()[1].strip()}")
        until = time.monotonic() + 60
        while not self._ssh_answers():
            assert time.monotonic() < until, f"sshd does not answer: {self.sshd_log()}"
            time.sleep(0.2)

    def power_off(self) -> None:
        """Pulls the plug: whatever runs is gone at once, what was written stays."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None
        if self._sensors is not None:
            self._sensors.__exit__(None, None, None)
            self._sensors = None

    def _ssh_answers(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.ssh_port), 2) as probe:
            return probe.recv(4) == b"SSH-"
        return False

    def sshd_log(self) -> str:
        """What sshd has said."""
        path = self.folder / "sshd.log"
        return path.read_text() if path.exists() else ""

    def _first_process(self) -> str:
        """As this machine numbers it."""
        assert self._process is not None
        return Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split()[0]

    def steps_at_work(self) -> int:
        """How many processes of connections and of what deploy.sh runs there are on the board."""
        ours, found = os.readlink(f"/proc/{self._first_process()}/ns/pid"), 0
        for process in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                inside = os.readlink(process / "ns" / "pid") == ours
                words = (process / "cmdline").read_bytes().replace(b"\0", b" ")
                listens = b"[listener]" in words
                connection = words.endswith(b" -R ") or (words.startswith(b"sshd: ") and not listens)
                found += inside and (b"bash -s " in words or connection)
        return found

    def do(self, script: str) -> str:
        """Runs a shell script on the board, without ssh; its output."""
        inner = self._first_process()
        enter = ["nsenter", "--target", inner, "--mount", "--pid", "--uts", "chroot", f"{self.folder}/root"]
        done = subprocess.run(
            [*enter, "/bin/bash", "-c", script],
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            env={"PATH": "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "QEMU_CPU": self.kind.cpu},
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.strip()

    def environment(self, **more: str) -> dict[str, str]:
        """What deploy.sh needs to find this board, and nothing else of its settings."""
        path = f"{self.folder / 'bin'}:{os.environ['PATH']}"
        return {**os.environ, "PATH": path, "BBB_ADDRESS": "127.0.0.1", **more}

    def deploy(self, *arguments: str | Path, **more: str) -> subprocess.CompletedProcess[str]:
        """deploy.sh against this board."""
        (self.folder / "ssh.log").write_text("")
        command = [str(ROOT / "deploy.sh"), *(str(a) for a in arguments)]
        return subprocess.run(
            command, capture_output=True, text=True, env=self.environment(**more), timeout=1800
        )

    def calls(self) -> list[str]:
        """The ssh calls of the last deploy."""
        return (self.folder / "ssh.log").read_text().splitlines()


@contextlib.contextmanager
def running(kind: Kind) -> Iterator[VirtualBoard]:
    """A board of that kind, switched on."""
    with VirtualBoard(kind) as board:
        board.power_on()
        yield board
