"""The Max patch by the rules of Max's own files, read without Max: every box and every cord is possible."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphs.card import Card, LatentStatistics
from lodestone.image import ROOT
from lodestone.patches.max import OBJECTS, UI, max_patch
from lodestone.patches.pd import STREAMS

PATCH = ROOT / "host" / "max" / "lodestone.maxpat"
MAXCLASSES = {"newobj", "message", "comment", *UI}


def card(latents: int) -> Card:
    mean = np.linspace(-0.5, 0.5, latents).astype(np.float32)
    sigma = np.ones(latents, np.float32)
    return Card("voice", "v", latents, latent=LatentStatistics("made up", mean, sigma, None, None))


def opened(text: str) -> tuple[dict[str, dict[str, Any]], list[tuple[str, int, str, int]]]:
    patcher = json.loads(text)["patcher"]
    assert patcher["fileversion"] == 1
    assert patcher["appversion"]["major"] >= 8
    boxes = [entry["box"] for entry in patcher["boxes"]]
    lines = [entry["patchline"] for entry in patcher["lines"]]
    cords = [(*line["source"], *line["destination"]) for line in lines]
    assert len({box["id"] for box in boxes}) == len(boxes)
    return {box["id"]: box for box in boxes}, cords


@pytest.mark.parametrize("text", [max_patch(), max_patch("glass", card(8)), max_patch("mono", card(1))])
def test_every_box_and_cord_is_one_that_max_opens(text: str) -> None:
    boxes, cords = opened(text)
    for box in boxes.values():
        assert box["maxclass"] in MAXCLASSES
        assert len(box["patching_rect"]) == 4
        assert len(box.get("outlettype", [])) == box["numoutlets"]
        assert ("text" in box) == (box["maxclass"] not in UI)
        kind = box["text"].split()[0] if box["maxclass"] == "newobj" else box["maxclass"]
        if kind in OBJECTS and kind != "expr":
            assert (box["numinlets"], tuple(box.get("outlettype", ()))) == OBJECTS[kind]
    assert len(set(cords)) == len(cords)
    for source, outlet, target, inlet in cords:
        assert 0 <= outlet < boxes[source]["numoutlets"], boxes[source]
        assert 0 <= inlet < boxes[target]["numinlets"], boxes[target]
        signal = boxes[source]["outlettype"][outlet] == "signal"
        if signal:  # a signal goes to what takes one
            kind = boxes[target].get("text", boxes[target]["maxclass"]).split()[0]
            assert kind.endswith("~")


def followed(text: str, start: str) -> set[str]:
    """Every object that a message of the box with this text reaches; `send NAME` reaches `receive NAME`."""
    boxes, cords = opened(text)
    todo = [name for name, box in boxes.items() if box.get("text") == start]
    assert todo, start
    seen: set[str] = set()
    while todo:
        name = todo.pop()
        if name in seen:
            continue
        seen.add(name)
        todo += [target for source, _, target, _ in cords if source == name]
        told = boxes[name].get("text", "")
        if told.startswith("send "):
            todo += [n for n, box in boxes.items() if box.get("text") == told.replace("send", "receive", 1)]
    return {boxes[name].get("text", boxes[name]["maxclass"]) for name in seen}


def test_what_comes_in_sounds_and_what_is_said_goes_out() -> None:
    text = max_patch()
    assert {"ezdac~", *(f"send lodestone-{name}" for name in STREAMS)} <= followed(text, "udpreceive 7563")
    for word in ("/hello 7563", "/heartbeat", "host 127.0.0.1", "receive lodestone-mode", "/rest"):
        assert "udpsend 192.168.7.2 7564" in followed(text, word)
    assert {"/hello 7563", "/heartbeat"} <= followed(text, "loadmess 1")


def test_a_patch_for_a_voice_has_an_inlet_for_each_latent() -> None:
    boxes, cords = opened(max_patch("glass", card(3)))
    voice = next(name for name, box in boxes.items() if box.get("text") == "nn~ glass decode 2048")
    assert sorted(inlet for _, _, target, inlet in cords if target == voice) == [0, 1, 2]
    assert {"ezdac~"} <= followed(max_patch("glass", card(3)), "receive lodestone-latent")
    assert {f"loadmess {value:.4g}" for value in (-0.5, 0.0, 0.5)} <= {
        box.get("text", "") for box in boxes.values()
    }


def test_the_patch_in_the_repository_is_what_the_command_writes(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "lodestone", "patch", "--max", "-o", str(tmp_path / "a.maxpat")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "a.maxpat").read_text() == PATCH.read_text(), "run `lodestone patch --max -o …`"
    done = subprocess.run([*command, "--sc"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "wanted one of --pd, --sc and --max, got --sc and --max" in done.stderr
