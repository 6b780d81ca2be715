"""deploy.sh over real ssh to an emulated board, whose own clang and make build the image, which then plays.

Everything on Bela's v0.5 image; test_virtual_gem.py: what depends on it. The tests go in order: each leaves
the board playing, and the next begins with that. A whole build takes minutes: each test changes little.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time

import pytest

from lodestone.image import ROOT
from tests.virtual_board.flashed import PERIOD, FlashedBoard

pytestmark = [pytest.mark.slow, pytest.mark.timeout(2400)]


def test_the_first_flash_builds_on_the_board_and_plays(bela: FlashedBoard) -> None:
    done = bela.flash("first")
    assert done.returncode == 0, done.stderr
    assert "The board is at 127.0.0.1: Bela\n" in done.stderr
    assert "first" in done.stdout  # the status that deploy.sh prints
    assert bela.installed() == "first"
    status = bela.status()
    assert (status.scene_name, status.asked, status.trouble) == ("first", "onboard", "")
    assert status.sensor_flags == (0, 0, 0, 0)  # four chips answered on its I2C bus
    started = f"Running /root/Bela/projects/lodestone/lodestone -p {PERIOD}"
    assert started in bela.machine.deploy("--logs").stdout
    log = bela.machine.do("cat /root/lodestone/build.log")
    assert "Building render.cpp" in log
    assert "warning" not in log


def test_it_plays_when_the_board_is_switched_on(bela: FlashedBoard) -> None:
    bela.machine.power_off()
    bela.machine.power_on()
    assert bela.plays() == "first"


def test_new_plans_are_not_compiled_and_the_version_before_is_kept(bela: FlashedBoard) -> None:
    built = "stat -c %y /root/lodestone/build.log"
    before = bela.machine.do(built)
    done = bela.flash("second")
    assert done.returncode == 0, done.stderr
    assert bela.plays() == bela.installed() == "second"
    assert bela.machine.do(built) == before
    assert len(bela.machine.do("ls -d /root/lodestone/ready.*").split()) == 2


def test_rollback_and_back_again(bela: FlashedBoard) -> None:
    for name in ("first", "second"):
        done = bela.machine.deploy("--rollback")
        assert done.returncode == 0, done.stderr
        assert bela.plays() == bela.installed() == name


def test_asking_changes_nothing(bela: FlashedBoard) -> None:
    own = "-not -path '*/state/*' -not -path '*/log/*'"  # what the board writes by itself
    look = f"find /root/lodestone /root/Bela/projects /opt/Bela -type f {own} | sort | xargs ls -l"
    before = bela.machine.do(look)
    with bela.undisturbed():
        dry = bela.machine.deploy("--dry-run", "--image", bela.image("third"))
        assert dry.returncode == 0, dry.stderr
        assert "Would copy" in dry.stderr
        status = bela.machine.deploy("--status")
        assert "scene = 0 second" in status.stdout
        assert "ready." in status.stdout.splitlines()[1]
        assert "Linking" in bela.machine.deploy("--logs").stdout
    assert bela.machine.do(look) == before


def test_stop_and_no_boot(bela: FlashedBoard) -> None:
    assert bela.machine.deploy("--stop").returncode == 0
    assert bela.plays(patience_s=2) == ""
    done = bela.flash("third", "--no-boot")
    assert done.returncode == 0, done.stderr
    assert bela.plays() == "third"
    bela.machine.power_off()
    bela.machine.power_on()
    assert bela.plays(patience_s=3) == ""
    assert bela.flash("fourth").returncode == 0
    assert bela.plays() == bela.installed() == "fourth"


def test_one_changed_source_is_compiled_alone(bela: FlashedBoard) -> None:
    done = bela.flash("fifth", source="// a remark\n")
    assert done.returncode == 0, done.stderr
    assert bela.plays() == "fifth"
    log = bela.machine.do("cat /root/lodestone/build.log")
    assert [line for line in log.splitlines() if "Building" in line] == ["Building render.cpp..."]


def test_an_image_for_another_board(bela: FlashedBoard) -> None:
    with bela.undisturbed():
        done = bela.flash("foreign", board="bela-gem")
    assert (done.returncode, "wanted an image for a Bela, got one for a Gem" in done.stderr) == (1, True)


def test_a_source_that_does_not_compile(bela: FlashedBoard) -> None:
    with bela.undisturbed():
        done = bela.flash("broken", source="int Broken() { return nonsense; }\n")
    assert done.returncode == 1
    assert done.stderr.endswith("does not compile there, see --logs; the board plays what it played before\n")
    assert "undeclared identifier 'nonsense'" in bela.machine.deploy("--logs").stdout


def test_a_self_test_that_fails(bela: FlashedBoard) -> None:
    with bela.undisturbed():
        done = bela.flash(
            "untested", source="// a remark\n", rate=48000
        )  # a voice that this board cannot play
    assert done.returncode == 1
    assert "the self-test failed, see --logs; the board plays what it played before" in done.stderr
    assert "unable to initialise audio" in bela.machine.deploy("--logs").stdout


# Aborts before main() wherever there is audio hardware to play with.
CRASH = """
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
struct Crash {
  Crash() {
    std::ifstream file("/proc/self/cmdline");
    const std::string line((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    if (line.find("Batch") == std::string::npos) std::abort();
  }
} crash;
"""


def test_a_program_that_crashes_when_it_plays(bela: FlashedBoard) -> None:
    """The self-test cannot see it, and systemd starts it again and again."""
    before = bela.plays()
    done = bela.flash("crashing", source=CRASH, patience=8)
    assert done.returncode == 1
    assert "it started and did not play, see --logs; the board has gone back" in done.stderr
    assert bela.plays() == bela.installed() == before
    assert "Aborted" in bela.machine.deploy("--logs").stdout


def test_a_program_that_never_says_that_it_plays(bela: FlashedBoard) -> None:
    before = bela.plays()
    made = bela.image("silent")
    conf = made / "board.conf"
    conf.write_text(conf.read_text().replace("/run/lodestone.status", "/nowhere/status"))
    bela.sign(made)
    done = bela.machine.deploy("--image", made, LODESTONE_PATIENCE="8")
    assert (done.returncode, bela.plays(), bela.installed()) == (1, before, before)


FILL = "fallocate -l $(($(df -Pk /root | awk 'NR == 2 { print $4 }') - %d))K /root/filler"


def test_a_card_that_is_full(bela: FlashedBoard) -> None:
    bela.machine.do(FILL % 150_000)
    try:
        with bela.undisturbed():
            done = bela.flash("refused")
            assert (done.returncode, "wanted 195 MB free on the board" in done.stderr) == (1, True)
    finally:
        bela.machine.do("rm /root/filler")


@pytest.mark.parametrize(
    "moment",
    [
        "/root/lodestone/incoming.*/firmware",
        "/root/Bela/projects/lodestone-trial/build/firmware/engine",
    ],
    ids=["copying", "compiling"],
)
def test_a_card_that_fills_up_meanwhile(bela: FlashedBoard, moment: str) -> None:
    room = bela.room()
    bela.machine.do(f"(until ls -d {moment}; do sleep 0.05; done; {FILL % 40}) >/dev/null 2>&1 &")
    try:
        with bela.undisturbed():
            done = bela.flash("swollen", source="// another remark\n")
            assert done.returncode == 1
            assert done.stderr.endswith("the board plays what it played before\n")
    finally:
        bela.machine.do("rm /root/filler")
    assert bela.room() > room - 5000  # nothing of it stays


def test_a_connection_that_is_lost_at_any_step(bela: FlashedBoard) -> None:
    """Each ssh call in turn does not come through, or is killed half a second after it began."""
    assert bela.flash("whole").returncode == 0
    steps = len(bela.machine.calls())
    assert steps == 7
    for step in range(1, steps + 1):
        for cut in (f"{step}", f"{step},0.5"):
            before = bela.plays()
            done = bela.flash(f"cut-{cut.replace(',0.', '-')}", cut=cut)
            bela.settle()
            if done.returncode == 0:  # it was faster than the cut
                assert cut.endswith(",0.5"), cut
                assert bela.plays() == bela.installed() != before, cut
            elif step < 6:
                assert (done.returncode, bela.plays(), bela.installed()) == (1, before, before), cut
                assert len(done.stderr.splitlines()[-1]) > 20, cut  # it says so
            else:  # the board goes on by itself
                assert bela.plays() == bela.installed(), cut
    done = bela.flash("after")
    assert done.returncode == 0, done.stderr
    assert bela.plays() == bela.installed() == "after"
    assert (
        bela.machine.do("ls -d /root/lodestone/incoming.* /root/Bela/projects/*-trial 2>/dev/null || true")
        == ""
    )


def test_a_deploy_after_one_that_lost_its_connection_takes_its_place(bela: FlashedBoard) -> None:
    """The first goes on compiling all of the firmware there, and knows nothing of it."""
    header = "firmware/engine/engine.h"
    made = bela.image("orphan")
    with (made / header).open("a") as file:
        file.write("// a remark that reaches nearly every source\n")
    bela.sign(made)
    with bela.undisturbed():
        lost = bela.machine.deploy("--image", made, LODESTONE_CUT="5,6")
        assert (lost.returncode, "the connection broke off" in lost.stderr) == (1, True)
        bela.machine.do("until [ -d /root/Bela/projects/lodestone-trial/build ]; do sleep 0.1; done")
    done = bela.flash("heir")
    assert done.returncode == 0, done.stderr
    assert bela.plays() == bela.installed() == "heir"
    assert "orphan" not in bela.machine.do("cat /root/lodestone/ready.*/board.conf")


@pytest.mark.parametrize("step", ["Copying", "Building", "Switching"])
def test_control_c(bela: FlashedBoard, step: str) -> None:
    before, name = bela.plays(), f"interrupted-{step.lower()}"
    command = [ROOT / "deploy.sh", "--image", bela.image(name, source=f"// {step}\n")]
    with subprocess.Popen(
        command,
        env=bela.machine.environment(),
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # however the tests were started
    ) as process:
        assert process.stderr is not None
        while step not in process.stderr.readline():
            assert process.poll() is None
        time.sleep(0.5)
        os.killpg(process.pid, signal.SIGINT)
        said = process.stderr.read()
    assert process.returncode == 1
    bela.settle()
    if step == "Switching":  # what has arrived there needs us no more, what has not does nothing
        assert "what has begun there goes on without us" in said
        assert bela.plays() == bela.installed()
        assert bela.plays() in (before, name)
    else:
        assert "broken off; the board plays what it played before" in said
        assert bela.plays() == bela.installed() == before


@pytest.mark.parametrize("after_s", [0.2, 1.0, 2.0, 4.0])
def test_a_power_cut_while_it_switches_over(bela: FlashedBoard, after_s: float) -> None:
    before, name = bela.plays(), f"power-{after_s:.0f}"
    command = [ROOT / "deploy.sh", "--image", bela.image(name)]
    with subprocess.Popen(
        command, env=bela.machine.environment(), stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        while "Switching over" not in process.stderr.readline():
            assert process.poll() is None
        time.sleep(after_s)
        bela.machine.power_off()
        process.communicate(timeout=60)
    bela.machine.power_on()
    assert bela.plays() == bela.installed()
    assert bela.plays() in (before, name)


def test_a_board_that_does_not_know_the_time_is_told(bela: FlashedBoard) -> None:
    """It has no clock of its own; make compares times."""
    told = "/run/time-was-told"
    stuck = f"""#!/bin/bash
case "$*" in
  "-u -s @"*) echo "$*" > {told} ;;
  "-u +%s") [ -e {told} ] && exec /bin/date "$@" || echo 1000000000 ;;
  *) exec /bin/date "$@" ;;
esac
"""
    bela.machine.do(f"cat >/usr/local/bin/date <<'END'\n{stuck}END\nchmod 755 /usr/local/bin/date")
    try:
        assert bela.flash("timed").returncode == 0
        _, _, told_s = bela.machine.do(f"cat {told}").partition("@")
        assert abs(int(told_s) - time.time()) < 600
    finally:
        bela.machine.do("rm /usr/local/bin/date")
