"""From a wish to the board that plays it: `python -m bench.teach_time [--pairs 0 11 31] [--rolls 7]`.

A simulated board with the real firmware in real time plays a voice that ships; a gesture is held and sounds
are rolled there, beside so many gestures that were taught before. Printed for each count: seconds from the
wish to the board's word that it plays the new touch (mapping, compiling and sending included), least, median
and most, of the wall's clock and of this process's own; and the bytes of the plan. Exit 1 where a median of
the wall's clock is above 3 s.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path

import numpy as np

import calibration
from lodestone.live.instrument import LiveInstrument, another
from lodestone.live.prepare import image_of, leave_settings, scenes_of, simulated_calibration, world_of
from lodestone.settings import Settings
from lodestone.teach_desk import TeachDesk
from lodestone.teach_session import LIVE, open_desk
from lodestone.teaching import Pair, taught_touch, voice_card
from model_export.compiler import compile_plan

WANTED_S = 3.0


def others(desk: TeachDesk, count: int) -> tuple[Pair, ...]:
    """Gestures thrown about and sounds for them."""
    dice, pairs, choice = np.random.default_rng(count), [], desk.choice
    for _ in range(count):
        choice, sound = choice.roll(np.zeros(choice.statistics.latents))
        pairs.append(Pair(tuple(dice.uniform(-0.6, 0.6, 12)), sound))
    return tuple(pairs)


def rolled(desk: TeachDesk, rolls: int) -> np.ndarray:
    """[rolls, 2] seconds of the wall and of this process for a roll each."""
    found = []
    for _ in range(rolls):
        begun = time.monotonic(), time.process_time()
        list(desk.obey("roll"))
        found.append((time.monotonic() - begun[0], time.process_time() - begun[1]))
    return np.array(found)


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description="From a wish of a lesson to the board that plays it.")
    parser.add_argument("--voice", default="glass")
    parser.add_argument("--mapping", default="rotate")
    parser.add_argument("--pairs", type=int, nargs="+", default=[0, 11, 31], help="taught before")
    parser.add_argument("--rolls", type=int, default=7)
    asked = parser.parse_args()
    port, slow = another(7600), False
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        scenes = scenes_of([asked.voice], asked.mapping, simulated_calibration(LIVE, 1, print))
        image = image_of(Settings(scenes=scenes), LIVE, port, ("127.0.0.1", another(port)), print)
        leave_settings(LIVE, scenes)
        made, card = calibration.load(Path(scenes[0].calibration)), voice_card(scenes[0], Path())
        print("taught  wall s: least  median    most   own s: median   plan kB")
        with LiveInstrument(image, card.sample_rate, world_of("outside", 1), port=port):
            desk = open_desk("127.0.0.1", port, Path(), True, Path("taught.json"), 1)
            list(desk.obey("hold"))
            for count in asked.pairs:
                desk.lesson.pairs = others(desk, count)
                seconds, own = rolled(desk, asked.rolls).T
                plan = compile_plan(taught_touch(made, card, scenes[0], others(desk, count + 1)))
                slow |= bool(np.median(seconds) > WANTED_S)
                wall = f"{seconds.min():14.2f} {np.median(seconds):7.2f} {seconds.max():7.2f}"
                print(f"{count:6} {wall} {np.median(own):15.2f} {len(plan) / 1000:9.1f}", flush=True)
    raise SystemExit(int(slow))


if __name__ == "__main__":
    main()
