"""Guided calibration on a page: steps, what is shown of them, verdict, the way to the board and back."""

from __future__ import annotations

import queue
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import calibration
from calibration import Calibration
from calibration.capture.one_spot_step import record_one_spot
from calibration.capture.sources import open_simulated
from calibration.capture.steps import GivenUp, OpenStep
from calibration.judging.verdict import READY, Verdict
from lodestone.page.bridge import Bridge
from lodestone.page.guide import Guide, PageWatcher, Place
from lodestone.teaching import Pair, load_taught
from tests.support.chromium import Chromium, Tab
from tests.support.plain_board import plain_calibration
from tests.support.served_bridge import Served
from tests.support.spoken_board import SpokenBoard

SHORT_PLAY_S = 14.0
LARGE = "document.getElementById('verdict').textContent"
ADVICE = "document.getElementById('guide-advice').textContent"


KEEP_TOLD = """
window.guideTold = [];
const hear = lodestone.guide.hear;
lodestone.guide.hear = function (words) { guideTold.push(words); hear.call(this, words); };
"""


class Far:
    """Where a calibration goes in these tests: keeps what was sent."""

    def __init__(self, file: Path, open_step: OpenStep | None = None) -> None:
        self.sent: list[Calibration] = []
        self.turned: list[int] = []
        self.taught: list[tuple[str, int]] = []
        taught = file.with_name("taught.json")
        steps = open_step or open_simulated(3)
        self.place = Place(steps, file, self._send, self._turn, taught, self._teach, "here")

    def _send(self, made: Calibration) -> Iterator[str]:
        self.sent.append(made)
        yield "scene evening has it"

    def _teach(self, scene: str, pairs: Sequence[Pair]) -> Iterator[str]:
        self.taught.append((scene, len(pairs)))
        yield f"scene {scene} knows {len(pairs)} gestures"

    def _turn(self, way: int) -> Iterator[str]:
        self.turned.append(way)
        yield "on the board: evening"


class Hand:
    """Hears what a guide tells, and answers."""

    def __init__(self, guide: Guide) -> None:
        self.guide, self.told = guide, queue.Queue[dict[str, Any]]()

    def say(self, wish: str, **more: Any) -> None:
        self.guide.hear(self, {"calibrate": wish, **more}, self.told.put)

    def until(self, key: str) -> dict[str, Any]:
        """The next message that has this key."""
        while True:
            words = self.told.get(timeout=60)
            if key in words:
                return words


def test_giving_up_leaves_the_old_one(tmp_path: Path) -> None:
    far = Far(tmp_path / "board.json")
    hand = Hand(Guide(far.place))
    for answers in ((), ("go",), ("go", "go")):
        hand.say("start")
        for answer in answers:
            while "go" not in hand.until("wait")["wait"]:
                pass
            hand.say(answer)
        while "stop" not in hand.until("wait")["wait"]:
            pass
        hand.say("stop")
        assert "the old one stays in force" in hand.until("trouble")["trouble"]
        hand.guide.wait()
        assert not far.place.file.exists()


def test_odd_wishes_disturb_no_calibration(tmp_path: Path) -> None:
    hand = Hand(Guide(Far(tmp_path / "board.json").place))
    hand.say("start")
    for odd in ([1], {}, None, 7, 1e999):
        hand.say(odd)  # type: ignore[arg-type]
    hand.until("step")
    hand.say("stop")
    assert "the old one stays in force" in hand.until("trouble")["trouble"]


def test_one_ball_on_one_spot_is_offered_and_judged_anew(tmp_path: Path) -> None:
    hand = Hand(Guide(Far(tmp_path / "board.json").place))
    hand.say("start", seconds=SHORT_PLAY_S)
    while "offer" not in (words := hand.until("wait")):
        if words["wait"]:
            hand.say("go")
    assert "one ball on one spot" in words["offer"]
    hand.say("go")
    step = hand.until("step")
    assert (step["step"]["name"], step["step"]["place"]) == ("one ball on one spot", (-65.0, 0.0))
    hand.say("go")
    assert hand.until("part")["advice"] == "the ball is on its mark"
    verdict = hand.until("verdict")["verdict"]
    assert (verdict["level"], verdict["unchecked"]) == (READY, "")


def test_the_one_spot_is_left_out_or_ends_all_of_it() -> None:
    """Who gives up there, or goes away, has no calibration that nobody saw."""

    def answering(*answers: str) -> PageWatcher:
        left = list(answers)
        return PageWatcher(lambda words: watcher.answer(left.pop(0)) if words.get("wait") else None)

    made = plain_calibration()
    watcher = answering("skip", "skip")
    assert watcher.offer_spot(Verdict(READY, (), "a mirror")) is False
    assert record_one_spot(open_simulated(3), watcher, made, 15.0) is None
    watcher = answering("stop")
    with pytest.raises(GivenUp, match="the old one stays in force"):
        watcher.offer_spot(Verdict(READY, (), "a mirror"))
    watcher = answering("go", "stop")
    assert watcher.offer_spot(Verdict(READY, (), "a mirror"))
    with pytest.raises(GivenUp, match="the old one stays in force"):
        record_one_spot(open_simulated(3), watcher, made, 15.0)


def test_a_page_that_leaves_ends_its_own_calibration_only(tmp_path: Path) -> None:
    guide = Guide(Far(tmp_path / "board.json").place)
    hand, other = Hand(guide), Hand(guide)
    hand.say("start")
    hand.until("wait")
    other.say("start")
    assert "another calibration" in other.until("busy")["busy"]
    other.say("stop")
    guide.left(other)
    assert guide.busy
    guide.left(hand)
    guide.wait()
    assert not guide.busy


@pytest.mark.parametrize("ball", [0, 1e9, float("nan"), "large", None, True])
def test_a_ball_that_is_none_is_refused_in_one_line(tmp_path: Path, ball: object) -> None:
    hand = Hand(Guide(Far(tmp_path / "board.json").place))
    hand.say("start", spots=True, ball_mm=ball)
    assert "wanted ball_mm from 3 to 40" in hand.until("trouble")["trouble"]


def test_undo_and_redo_turn_board_and_file(tmp_path: Path) -> None:
    far = Far(tmp_path / "board.json")
    hand = Hand(Guide(far.place))
    earlier, later = (replace(plain_calibration(), board=name) for name in ("old", "new"))
    for made in (earlier, later):
        calibration.save(made, far.place.file)
    hand.say("undo")
    assert hand.until("sent")["sent"][-1].endswith("previous one again")
    hand.guide.wait()
    assert calibration.checksum(calibration.load(far.place.file)) == calibration.checksum(earlier)
    hand.say("redo")
    hand.until("sent")
    assert far.turned == [-1, 1]
    assert calibration.checksum(calibration.load(far.place.file)) == calibration.checksum(later)


@pytest.fixture
def served(page_file: Path, tmp_path: Path) -> Iterator[tuple[Served, Far]]:
    far = Far(tmp_path / "board.json")
    with SpokenBoard() as board:
        bridge = Bridge(page_file.parent / "page", ("127.0.0.1", board.port), place=far.place)
        with Served(bridge) as running:
            yield running, far


def press(tab: Tab, words: str) -> None:
    """Presses the guide's button of these words, once it is there."""
    finds = (
        f"[...document.querySelectorAll('#guide-buttons button')].find((b) => b.textContent === '{words}')"
    )
    tab.until(finds)
    tab.js(f"{finds}.click()")


def test_the_page_leads_through_it(browser: Chromium, served: tuple[Served, Far]) -> None:
    bridge, far = served
    tab = bridge.opened(browser)
    tab.until("!document.getElementById('calibrate').hidden")
    tab.js(KEEP_TOLD)
    tab.click("#calibrate")
    tab.js("lodestone.guide.hear({ offer: 'a mirror is not told', wait: ['go', 'skip', 'stop'] })")
    assert tab.js(LARGE) == "One ball on one spot?"
    offered = "[...document.querySelectorAll('#guide-buttons button')].map((b) => b.textContent).join()"
    assert tab.js(offered) == "Go on,Skip,Give up"
    tab.js("lodestone.guide.open()")
    press(tab, "With known spots")
    tab.until(f"{LARGE}.startsWith('Take every magnet and both hands away')")
    press(tab, "Ready")
    press(tab, "Go on")
    tab.until(f"{LARGE}.startsWith('For 12 s roll one marble alone')")
    press(tab, "Ready")
    tab.until(f"{LARGE}.startsWith('Then play with everything')")
    tab.until("document.querySelectorAll('#goals .side').length === 32")
    tab.until(f"{ADVICE} === 'everywhere visited'")
    tab.until("document.getElementById('guide-part').value > 0.9")
    press(tab, "Go on")
    for number in range(1, 17):
        tab.until(f"document.getElementById('more').textContent === 'known spot {number} of 16'")
        if number == 1:
            assert tab.js(
                "[...document.querySelectorAll('#goals .goal')].map((c) => c.getAttribute('cx'))"
            ) == [
                "-65",
                "-65",
            ]
        press(tab, "Ready")
    tab.until(f"{LARGE} === 'Ready.'")
    press(tab, "Send to the board")
    tab.until("document.getElementById('guide-list').textContent.includes('scene evening has it')")
    assert calibration.checksum(far.sent[0]) == calibration.checksum(calibration.load(far.place.file))
    press(tab, "Close")
    assert tab.js("document.getElementById('guide').hidden") is True
    told = tab.js("guideTold")
    places = [words["step"]["place"] for words in told if words.get("step", {}).get("place")]
    assert len(places) == 16
    parts = [words for words in told if "part" in words]
    play = [words for words in parts if words["cells"]]
    assert sum(map(sum, play[-1]["cells"])) > 20 > sum(map(sum, play[0]["cells"]))
    assert sum(words["advice"] == "the ball is on its mark" for words in parts) > 4
    assert tab.faults == []


def test_a_sound_is_taught_where_a_gesture_was_held(browser: Chromium, served: tuple[Served, Far]) -> None:
    bridge, far = served
    tab = bridge.opened(browser)
    tab.until(
        "!document.getElementById('teach').hidden && lodestone.latentRaw.length && lodestone.panel.status"
    )
    tab.click("#teach")
    press(tab, "Hold")
    held = tab.js("lodestone.teach.touch")
    assert tab.js(LARGE) == "Now find its sound."
    press(tab, "Keep")
    tab.until(f"{LARGE} === 'Kept.'")
    [pair] = load_taught(far.place.taught)["evening"]
    assert pair.touch == pytest.approx(held)
    assert len(pair.latent) == 8
    press(tab, "Teach another")
    press(tab, "Forget the last")
    tab.until(f"{LARGE} === 'Forgotten.'")
    press(tab, "Teach another")
    press(tab, "Forget the last")
    tab.until(f"{LARGE} === 'Not kept.'")
    press(tab, "Close")
    assert far.taught == [("evening", 1), ("evening", 0)]
    assert tab.faults == []


def test_a_lost_bridge_ends_it_in_one_sentence(browser: Chromium, page_file: Path, tmp_path: Path) -> None:
    far = Far(tmp_path / "board.json")
    with SpokenBoard() as board:
        with Served(Bridge(page_file.parent / "page", ("127.0.0.1", board.port), place=far.place)) as bridge:
            tab = bridge.opened(browser)
            tab.until("!document.getElementById('calibrate').hidden")
            tab.click("#calibrate")
            press(tab, "Begin")
            tab.until("lodestone.guide.step")
        tab.until("lodestone.guide.sentences[0] === 'The calibration has ended.'")
    assert not far.place.file.exists()


def test_the_one_file_says_with_what_it_plays(browser: Chromium, page_file: Path) -> None:
    tab = browser.tab()
    tab.open(page_file.as_uri())
    tab.ready()
    tab.click("#calibrate")
    assert "with a calibration of its own" in tab.js(LARGE)
    assert "lodestone page --board" in tab.js("document.getElementById('more').textContent")
    press(tab, "Close")
    assert tab.faults == []
