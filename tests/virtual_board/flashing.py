"""deploy.sh over real ssh to an emulated board, whose own clang and make build the image, which then plays.

The tests go in order, in a file of its own for each board: each leaves it playing, the next begins with that.
A whole build takes minutes: each test changes little.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from typing import ClassVar

import pytest

from lodestone.image import ROOT
from tests.support.tiny import scene
from tests.virtual_board.flashed import PERIOD, FlashedBoard
from tests.virtual_board.kinds import GEM, Kind

CALLED = {"bela": "Bela", "gem": "Bela Gem"}
ARGUMENTS = {"bela": f"-p {PERIOD}", "gem": f"-p {PERIOD} -r 44100"}

FILL = "fallocate -l $(($(df -Pk /root | awk 'NR == 2 { print $4 }') - %d))K /root/filler"

# In render.cpp: aborts before main() of the program that plays.
CRASH = """
#include <cstdlib>
struct Crash {
  Crash() { std::abort(); }
} crash;
"""

BUTTON = 3

# A project of the player's own, which was last open in the IDE.
TUNE = """
mkdir -p /root/Bela/projects/tune /root/Bela/IDE
cat >/root/Bela/projects/tune/render.cpp <<'END'
#include <Bela.h>
#include <stdio.h>
bool setup(BelaContext*, void*) {
  FILE* file = fopen("/run/tune-plays", "w");
  fputs("yes", file);
  return fclose(file) == 0;
}
void render(BelaContext*, void*) {}
void cleanup(BelaContext*, void*) {}
END
printf '{\\n  "project": "tune"\\n}\\n' >/root/Bela/IDE/settings.json
"""

# A clock that stands still until it is told the time.
TOLD = "/run/time-was-told"
STUCK_CLOCK = f"""#!/bin/bash
case "$*" in
  "-u -s @"*) echo "$*" > {TOLD} ;;
  "-u +%s") [ -e {TOLD} ] && exec /bin/date "$@" || echo 1000000000 ;;
  *) exec /bin/date "$@" ;;
esac
"""


@pytest.mark.slow
@pytest.mark.timeout(2400)
class Flashing:
    """Every way to flash a board, and every way in which that can fail; `kind` is the board's."""

    kind: ClassVar[Kind]

    def test_the_first_flash_builds_on_the_board_and_plays(self, board: FlashedBoard) -> None:
        """A project of the player's own that has our name steps aside."""
        board.machine.do("mkdir /root/Bela/projects/lodestone && touch /root/Bela/projects/lodestone/mine")
        done = board.flash("first")
        assert done.returncode == 0, done.stderr
        assert f"The board is at 127.0.0.1: {CALLED[self.kind.name]}\n" in done.stderr
        assert "first" in done.stdout  # the status that deploy.sh prints
        assert board.installed() == "first"
        status = board.status()
        assert (status.scene_name, status.asked) == ("first", "onboard")
        # emulation on a busy machine may not give the frames
        assert status.trouble == "" or status.trouble.startswith("wanted 50 sensor frames a second")
        assert status.sensor_flags == (0, 0, 0, 0)  # four chips answered on its I2C bus
        started = f"Running /root/Bela/projects/lodestone/lodestone {ARGUMENTS[self.kind.name]}\n"
        assert started in board.machine.deploy("--logs").stdout
        assert board.machine.do("ls /root/Bela/projects/lodestone-before-lodestone") == "mine"
        log = board.machine.do("cat /root/lodestone/build.log")
        assert "Building render.cpp" in log
        assert "warning" not in log

    def test_a_report_compares_what_it_measures_with_what_was_predicted(self, board: FlashedBoard) -> None:
        out = board.folder / "report"
        command = [sys.executable, "-m", "lodestone", "board", "report", "127.0.0.1"]
        options = ["--image", str(board.folder / "first" / "image"), "--out", str(out), "--json"]
        environment = board.machine.environment()
        done = subprocess.run([*command, *options], capture_output=True, text=True, env=environment)
        assert done.returncode == 0, done.stderr
        rows = {row["what"]: row for row in json.loads(done.stdout)}
        voice = rows["a block of tiny-512, scene first"]
        assert voice["measured"] > 0.0
        assert voice["predicted"][0] > 0.0
        assert rows["speed of the sensors' bus"]["measured"] == 400.0
        assert rows["memory of the program"]["measured"] > 1.0
        assert rows["mode switches of touch"]["measured"] == 1.0  # it has called Linux for its bus
        assert rows["mode switches of voice"]["measured"] == 0.0
        for task in ("touch", "control", "files"):
            assert rows[f"{task} wakes up late, most"]["measured"] >= 0.0
        layers = json.loads((out / "report.json").read_text())["layers"]
        assert len(layers) > 3
        assert all(row["predicted"] and row["measured"] > 0.0 for row in layers[:3])
        assert (out / "report.png").stat().st_size > 1000

    def test_the_load_is_told_though_linux_sees_nothing_of_it(self, board: FlashedBoard) -> None:
        """Its voice runs under the real-time kernel, where the clock of Linux stands still for it."""
        until = time.monotonic() + 60
        while float(board.figures()["voice_load"]) < 0.001:
            assert time.monotonic() < until
            time.sleep(1)

    def test_it_plays_when_the_board_is_switched_on(self, board: FlashedBoard) -> None:
        board.machine.power_off()
        board.machine.power_on()
        assert board.plays() == "first"
        until = time.monotonic() + 60
        while "sounded_s" not in (figures := board.figures()):
            assert time.monotonic() < until
            time.sleep(0.5)
        assert 0.0 < float(figures["sounded_s"]) < 120.0  # from power to sound

    def test_new_plans_are_not_compiled_and_the_version_before_is_kept(self, board: FlashedBoard) -> None:
        built = "stat -c %y /root/lodestone/build.log"
        before = board.machine.do(built)
        done = board.flash("second")
        assert done.returncode == 0, done.stderr
        assert board.plays() == board.installed() == "second"
        assert board.machine.do(built) == before
        assert len(board.machine.do("ls -d /root/lodestone/ready.*").split()) == 2

    def test_rollback_and_back_again(self, board: FlashedBoard) -> None:
        for name in ("first", "second"):
            done = board.machine.deploy("--rollback")
            assert done.returncode == 0, done.stderr
            assert board.plays() == board.installed() == name

    def test_asking_changes_nothing(self, board: FlashedBoard) -> None:
        own = "-not -path '*/state/*' -not -path '*/log/*'"  # what the board writes by itself
        look = f"find /root/lodestone /root/Bela/projects /opt/Bela -type f {own} | sort | xargs ls -l"
        before = board.machine.do(look)
        with board.undisturbed():
            dry = board.machine.deploy("--dry-run", "--image", board.image("third"))
            assert dry.returncode == 0, dry.stderr
            assert "Would copy" in dry.stderr
            status = board.machine.deploy("--status")
            assert "scene = 0 second" in status.stdout
            assert "ready." in status.stdout.splitlines()[1]
            assert "Linking" in board.machine.deploy("--logs").stdout
        assert board.machine.do(look) == before

    def test_stop_and_no_boot(self, board: FlashedBoard) -> None:
        assert board.machine.deploy("--stop").returncode == 0
        assert board.plays(patience_s=2) == ""
        done = board.flash("third", "--no-boot")
        assert done.returncode == 0, done.stderr
        assert board.plays() == "third"
        board.machine.power_off()
        board.machine.power_on()
        assert board.plays(patience_s=3) == ""
        assert board.flash("fourth").returncode == 0
        assert board.plays() == board.installed() == "fourth"

    def test_a_button_that_is_held_at_power_on_is_a_safe_start(self, board: FlashedBoard) -> None:
        safe = scene(board.folder / "safe", "plain")
        done = board.flash("held", button_pin=BUTTON, safe=safe)
        assert done.returncode == 0, done.stderr
        board.machine.power_off()
        board.machine.power_on(pressed=(BUTTON,))
        assert board.figures()["scene"] == "0 safe"
        assert "the button was held at the start" in board.figures()["trouble"]
        board.machine.power_off()
        board.machine.power_on()
        assert board.plays() == "held"

    def test_the_ides_last_project_does_not_take_its_place(self, board: FlashedBoard) -> None:
        """The board's settings tool starts it at power-on, over what the service plays."""
        board.machine.do(TUNE)
        board.machine.power_off()
        board.machine.power_on()
        until = time.monotonic() + 60
        while not board.machine.do("cat /run/tune-plays 2>/dev/null || true"):
            assert time.monotonic() < until
            time.sleep(0.5)
        assert board.plays(patience_s=2) == ""  # so it was
        done = board.flash("after-tune")
        assert done.returncode == 0, done.stderr
        board.machine.power_off()
        board.machine.power_on()
        assert board.plays() == "after-tune"
        assert board.machine.do("cat /run/tune-plays 2>/dev/null || true") == ""
        board.machine.do("rm -r /root/Bela/IDE /root/Bela/projects/tune")

    def test_one_changed_source_is_compiled_alone(self, board: FlashedBoard) -> None:
        done = board.flash("fifth", source="// a remark\n")
        assert done.returncode == 0, done.stderr
        assert board.plays() == "fifth"
        log = board.machine.do("cat /root/lodestone/build.log")
        # and the check is linked anew, from its one file and the objects that are there
        built = [line for line in log.splitlines() if "Building" in line]
        assert built == ["Building render.cpp...", "Building check.cpp..."]

    def test_a_gems_image_is_not_for_a_bela(self, board: FlashedBoard) -> None:
        """Its program would not take the rate that a Gem is told. The other way round nothing is amiss."""
        if self.kind is GEM:
            assert board.flash("foreign", board="bela").returncode == 0
            assert board.plays() == board.installed() == "foreign"
            return
        with board.undisturbed():
            done = board.flash("foreign", board="bela-gem")
        assert (done.returncode, "wanted an image for a Bela, got one for a Gem" in done.stderr) == (1, True)

    def test_a_board_without_rsync(self, board: FlashedBoard) -> None:
        board.machine.do("mv /usr/bin/rsync /usr/bin/rsync.away")
        try:
            with board.undisturbed():
                done = board.flash("unsent")
            assert (done.returncode, "wanted rsync on the board, found none" in done.stderr) == (1, True)
        finally:
            board.machine.do("mv /usr/bin/rsync.away /usr/bin/rsync")

    def test_a_source_that_does_not_compile(self, board: FlashedBoard) -> None:
        with board.undisturbed():
            done = board.flash("broken", source="int Broken() { return nonsense; }\n")
        assert done.returncode == 1
        assert done.stderr.endswith(
            "does not compile there, see --logs; the board plays what it played before\n"
        )
        assert "undeclared identifier 'nonsense'" in board.machine.deploy("--logs").stdout

    def test_a_self_test_that_fails(self, board: FlashedBoard) -> None:
        with board.undisturbed():
            done = board.flash(
                "untested", source="// a remark\n", rate=48000
            )  # a voice that this board cannot play
        assert done.returncode == 1
        assert "the self-test failed, see --logs; the board plays what it played before" in done.stderr
        wanted = "refused: scene untested: the voice wants 48000 Hz, the board runs at 44100: set its rate"
        assert f"deploy: {wanted}\n" in done.stderr
        assert wanted in board.machine.deploy("--logs").stdout

    def test_a_program_that_crashes_when_it_plays(self, board: FlashedBoard) -> None:
        """The self-test cannot see it, and systemd starts it again and again."""
        before = board.plays()
        done = board.flash("crashing", source=CRASH, patience=8)
        assert done.returncode == 1
        assert "it started and did not play, see --logs; the board has gone back" in done.stderr
        assert board.plays() == board.installed() == before
        assert "Aborted" in board.machine.deploy("--logs").stdout

    def test_a_program_that_never_says_that_it_plays(self, board: FlashedBoard) -> None:
        before = board.plays()
        made = board.image("silent")
        conf = made / "board.conf"
        conf.write_text(conf.read_text().replace("/run/lodestone.status", "/nowhere/status"))
        board.sign(made)
        done = board.machine.deploy("--image", made, LODESTONE_PATIENCE="8")
        assert (done.returncode, board.plays(), board.installed()) == (1, before, before)

    def test_a_card_that_is_full(self, board: FlashedBoard) -> None:
        board.machine.do(FILL % 150_000)
        try:
            with board.undisturbed():
                done = board.flash("refused")
                assert (done.returncode, "wanted 195 MB free on the board" in done.stderr) == (1, True)
        finally:
            board.machine.do("rm /root/filler")

    @pytest.mark.parametrize(
        "moment",
        [
            "/root/lodestone/incoming.*/firmware",
            "/root/Bela/projects/lodestone-trial/build/firmware/engine",
        ],
        ids=["copying", "compiling"],
    )
    def test_a_card_that_fills_up_meanwhile(self, board: FlashedBoard, moment: str) -> None:
        room = board.room()
        board.machine.do(f"(until ls -d {moment}; do sleep 0.05; done; {FILL % 40}) >/dev/null 2>&1 &")
        try:
            with board.undisturbed():
                done = board.flash("swollen", source="// another remark\n")
                assert done.returncode == 1
                assert done.stderr.endswith("the board plays what it played before\n")
        finally:
            board.machine.do("rm /root/filler")
        assert board.room() > room - 5000  # nothing of it stays

    def test_a_connection_that_is_lost_at_any_step(self, board: FlashedBoard) -> None:
        """Each ssh call in turn does not come through; on the Bela it is also killed after half a second."""
        assert board.flash("whole").returncode == 0
        steps = len(board.machine.calls())
        assert steps == 7
        for step in range(1, steps + 1):
            for cut in (f"{step}",) if self.kind is GEM else (f"{step}", f"{step},0.5"):
                before = board.plays()
                done = board.flash(f"cut-{cut.replace(',0.', '-')}", cut=cut)
                board.settle()
                if done.returncode == 0:  # it was faster than the cut
                    assert cut.endswith(",0.5"), cut
                    assert board.plays() == board.installed() != before, cut
                elif step < 6:
                    assert (done.returncode, board.plays(), board.installed()) == (1, before, before), cut
                    assert len(done.stderr.splitlines()[-1]) > 20, cut  # it says so
                else:  # the board goes on by itself
                    assert board.plays() == board.installed(), cut
        done = board.flash("after")
        assert done.returncode == 0, done.stderr
        assert board.plays() == board.installed() == "after"
        assert (
            board.machine.do(
                "ls -d /root/lodestone/incoming.* /root/Bela/projects/*-trial 2>/dev/null || true"
            )
            == ""
        )

    def test_a_deploy_after_one_that_lost_its_connection_takes_its_place(self, board: FlashedBoard) -> None:
        """The first goes on compiling all of the firmware there, and knows nothing of it."""
        header = "firmware/engine/engine.h"
        made = board.image("orphan")
        with (made / header).open("a") as file:
            file.write("// a remark that reaches nearly every source\n")
        board.sign(made)
        with board.undisturbed():
            lost = board.machine.deploy("--image", made, LODESTONE_CUT="5,6")
            assert (lost.returncode, "the connection broke off" in lost.stderr) == (1, True)
            board.machine.do("until [ -d /root/Bela/projects/lodestone-trial/build ]; do sleep 0.1; done")
        done = board.flash("heir")
        assert done.returncode == 0, done.stderr
        assert board.plays() == board.installed() == "heir"
        assert "orphan" not in board.machine.do("cat /root/lodestone/ready.*/board.conf")

    @pytest.mark.parametrize("step", ["Copying", "Building", "Switching"])
    def test_control_c(self, board: FlashedBoard, step: str) -> None:
        before, name = board.plays(), f"interrupted-{step.lower()}"
        command = [ROOT / "deploy.sh", "--image", board.image(name, source=f"// {step}\n")]
        with subprocess.Popen(
            command,
            env=board.machine.environment(),
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
        board.settle()
        if step == "Switching":  # what has arrived there needs us no more, what has not does nothing
            assert "what has begun there goes on without us" in said
            assert board.plays() == board.installed()
            assert board.plays() in (before, name)
        else:
            assert "broken off; the board plays what it played before" in said
            assert board.plays() == board.installed() == before

    @pytest.mark.parametrize("after_s", [0.2, 1.0, 2.0, 4.0])
    def test_a_power_cut_while_it_switches_over(self, board: FlashedBoard, after_s: float) -> None:
        before, name = board.plays(), f"power-{after_s:.0f}"
        command = [ROOT / "deploy.sh", "--image", board.image(name)]
        with subprocess.Popen(
            command, env=board.machine.environment(), stderr=subprocess.PIPE, text=True
        ) as process:
            assert process.stderr is not None
            while "Switching over" not in process.stderr.readline():
                assert process.poll() is None
            time.sleep(after_s)
            board.machine.power_off()
            process.communicate(timeout=60)
        board.machine.power_on()
        assert board.plays() == board.installed()
        assert board.plays() in (before, name)

    def test_a_board_that_does_not_know_the_time_is_told(self, board: FlashedBoard) -> None:
        """It has no clock of its own; make compares times."""
        board.machine.do(f"cat >/usr/local/bin/date <<'END'\n{STUCK_CLOCK}END\nchmod 755 /usr/local/bin/date")
        try:
            assert board.flash("timed").returncode == 0
            _, _, told_s = board.machine.do(f"cat {TOLD}").partition("@")
            assert abs(int(told_s) - time.time()) < 600
        finally:
            board.machine.do("rm /usr/local/bin/date")
