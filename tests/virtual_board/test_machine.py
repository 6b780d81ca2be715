"""The virtual board itself: it ends with whoever started it, and is the processor that it says."""

from __future__ import annotations

import socket
import subprocess
import sys
import time

import pytest

from lodestone.image import ROOT
from tests.virtual_board.flashed import FlashedBoard
from tests.virtual_board.machine import free_port

pytestmark = [pytest.mark.slow, pytest.mark.timeout(2400)]

OWNER = """
import sys
from tests.virtual_board.kinds import GEM
from tests.virtual_board.machine import VirtualBoard
with VirtualBoard(GEM, ssh_port=int(sys.argv[1])) as board:
    board.power_on()
    print(board.folder, flush=True)
    sys.stdin.read()
"""


def test_it_ends_when_its_owner_is_killed(gem: FlashedBoard) -> None:
    port = free_port(socket.SOCK_STREAM)
    with subprocess.Popen(
        [sys.executable, "-c", OWNER, str(port)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as owner:
        assert owner.stdout is not None
        folder = owner.stdout.readline().strip()
        socket.create_connection(("127.0.0.1", port), 10).close()
        owner.kill()
    for _ in range(100):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                break
        time.sleep(0.1)
    else:
        pytest.fail("sshd still listens")
    subprocess.run(["rm", "-rf", folder], check=True)


def test_its_processor_and_tools_are_the_boards(gem: FlashedBoard) -> None:
    kind = gem.machine.kind
    source = "/root/Bela/core/options.cpp"
    flags = "-O3 -mcpu=cortex-a53 -ffast-math -std=c++14 -I/root/Bela/core"
    for compiler in ("/usr/local/bin/clang++", "/usr/bin/clang++"):
        gem.machine.do(
            f"cd /run && {compiler} {flags} -c {source} -o $(basename $(dirname $(dirname {compiler}))).o"
        )
    gem.machine.do("cmp /run/local.o /run/usr.o")
    shared = "/usr/local/bin/clang++ -shared -Wl,--build-id=none"
    gem.machine.do(f"cd /run && {shared} local.o -o native.so")
    gem.machine.do(f"cd /run && {shared} -fuse-ld=/emulated/aarch64-linux-gnu-ld.bfd local.o -o emulated.so")
    gem.machine.do("cmp /run/native.so /run/emulated.so")
    assert gem.machine.do("uname -m") == kind.machine
    assert f"clang version {kind.clang}." in gem.machine.do("clang --version")
