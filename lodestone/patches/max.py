"""A Max patch (8 or newer), as its JSON: hears a board, keeps it, sounds with sines or with nn~."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from definitions.osc import knobs
from graphs.card import Card
from lodestone.patches.pd import PARTIALS_HZ, STREAMS

SIGNAL = "signal"
# Inlets, and the type of each outlet, of the objects whose number of them is always the same.
OBJECTS: dict[str, tuple[int, tuple[str, ...]]] = {
    "udpreceive": (1, ("",)),
    "udpsend": (1, ()),
    "loadmess": (1, ("",)),
    "metro": (2, ("bang",)),
    "prepend": (1, ("",)),
    "receive": (0, ("",)),
    "send": (1, ()),
    "cycle~": (2, (SIGNAL,)),
    "*~": (2, (SIGNAL,)),
    "line~": (2, (SIGNAL, "bang")),
    "ezdac~": (2, ()),
    "expr": (3, ("",)),
}
UI = ("ezdac~",)


class MaxPatch:
    """Boxes and cords as Max's file has them."""

    def __init__(self) -> None:
        self._boxes: list[dict[str, Any]] = []
        self._lines: list[dict[str, Any]] = []

    def box(self, x: float, y: float, text: str, ports: tuple[int, Sequence[str]] | None = None) -> str:
        """An object, and its name. `ports`: inlets and outlets where the table does not tell them."""
        kind = text.split()[0]
        inlets, outlets = OBJECTS[kind] if ports is None else ports
        width = max(22.0, 8.0 + 6.5 * len(text))
        if kind in UI:
            return self._add(kind, x, y, 45.0, inlets, outlets, {})
        return self._add("newobj", x, y, width, inlets, outlets, {"text": text})

    def message(self, x: float, y: float, text: str) -> str:
        """A message box."""
        return self._add("message", x, y, 8.0 + 6.5 * len(text), 2, ("",), {"text": text})

    def comment(self, x: float, y: float, text: str) -> None:
        """A comment."""
        self._add("comment", x, y, 8.0 + 6.5 * len(text), 1, (), {"text": text})

    def cord(self, source: str, outlet: int, target: str, inlet: int = 0) -> None:
        """From an outlet to an inlet."""
        self._lines.append({"patchline": {"destination": [target, inlet], "source": [source, outlet]}})

    def chain(self, *boxes: str) -> None:
        """Each box's first outlet to the next one's first inlet."""
        for source, target in pairwise(boxes):
            self.cord(source, 0, target)

    def text(self) -> str:
        """The file."""
        version = {"major": 8, "minor": 0, "revision": 0, "architecture": "x64", "modernui": 1}
        patcher = {
            "fileversion": 1,
            "appversion": version,
            "classnamespace": "box",
            "rect": [60.0, 100.0, 1100.0, 760.0],
            "default_fontsize": 12.0,
            "default_fontname": "Arial",
            "boxes": self._boxes,
            "lines": self._lines,
        }
        return json.dumps({"patcher": patcher}, indent=1, ensure_ascii=False) + "\n"

    def _add(
        self, kind: str, x: float, y: float, width: float, inlets: int, outlets: Sequence[str], more: Any
    ) -> str:
        name = f"obj-{len(self._boxes) + 1}"
        box = {"id": name, "maxclass": kind, "numinlets": inlets, "numoutlets": len(outlets)}
        if outlets:
            box["outlettype"] = list(outlets)
        box["patching_rect"] = [float(x), float(y), float(round(width)), 45.0 if kind in UI else 22.0]
        self._boxes.append({"box": {**box, **more}})
        return name


def max_patch(voice: str = "", card: Card | None = None, words: Sequence[str] = ()) -> str:
    """The patch; with a voice's name and card also `nn~`, wired for its latents."""
    patch = MaxPatch()
    patch.comment(20, 10, "Lodestone: hears the board and keeps it. Made by lodestone patch --max")
    streams = _hear(patch)
    _speak(patch)
    sound = (
        _plain(patch, streams["touch"])
        if card is None
        else _neural(patch, voice, card, streams["latent"], words)
    )
    level, out = patch.box(420, 640, "*~ 0.5"), patch.box(420, 690, "ezdac~")
    patch.cord(sound, 0, level)
    patch.cord(level, 0, out, 0)
    patch.cord(level, 0, out, 1)
    patch.comment(475, 700, "click to hear")
    return patch.text()


def _hear(patch: MaxPatch) -> dict[str, str]:
    """Packets of the board, sorted by address, each to a `receive` of its own."""
    port = patch.box(20, 50, "udpreceive 7563")
    asked = patch.box(150, 20, "receive lodestone-listen")
    words = " ".join(f"/{name}" for name in STREAMS)
    route = patch.box(20, 90, f"route {words}", (len(STREAMS) + 1, ("",) * (len(STREAMS) + 1)))
    patch.cord(asked, 0, port)
    patch.cord(port, 0, route)
    found = {}
    for place, name in enumerate(STREAMS):
        patch.cord(route, place, patch.box(20 + 160 * place, 130, f"send lodestone-{name}"))
        found[name] = patch.box(20 + 160 * place, 300, f"receive lodestone-{name}")
    return found


def _speak(patch: MaxPatch) -> None:
    """To the board: where it is, hello once a second, a heartbeat ten times a second, and any command."""
    send = patch.box(600, 260, "udpsend 192.168.7.2 7564")
    usb, here = patch.message(600, 60, "host 192.168.7.2"), patch.message(740, 60, "host 127.0.0.1")
    for source in (usb, here, patch.box(860, 60, "receive lodestone-connect")):
        patch.cord(source, 0, send)
    start = patch.box(600, 100, "loadmess 1")
    for period, message, x in ((1000, "/hello 7563", 600), (100, "/heartbeat", 740)):
        metro = patch.box(x, 140, f"metro {period}")
        patch.chain(start, metro, patch.message(x, 180, message), send)
    for place, command in enumerate(("mode", "scene", "mute", "rest")):
        take = patch.box(600 + 130 * place, 380, f"receive lodestone-{command}")
        x = 600 + 130 * place
        form = (
            patch.message(x, 410, "/rest") if command == "rest" else patch.box(x, 410, f"prepend /{command}")
        )
        patch.chain(take, form, send)
    for place, knob in enumerate(knobs()):
        take = patch.box(600, 460 + 30 * place, f"receive lodestone-knob-{knob.name}")
        patch.chain(take, patch.box(800, 460 + 30 * place, f"prepend /knob/{knob.name}"), send)
    patch.comment(600, 350, "send to these from anywhere: mode host, knob-reach 8, mute 1, rest bang")


def _plain(patch: MaxPatch, touch: str) -> str:
    """Four sines that the four sensors make louder and bend: sounds without any other package."""
    values = patch.box(20, 340, "unpack" + " 0." * 12, (1, ("float",) * 12))
    patch.cord(touch, 0, values)
    products = []
    for sensor, pitch in enumerate(PARTIALS_HZ):
        x = 20 + 140 * sensor
        bend = patch.box(x, 400, f"expr {pitch:g} * pow(2.\\, $f1 / 2.)", (1, ("",)))
        loud = patch.box(x, 440, "expr sqrt($f1*$f1 + $f2*$f2 + $f3*$f3) * 0.15")
        for axis in (2, 1, 0):  # the leftmost inlet last: it makes the expression speak
            patch.cord(values, 3 * sensor + axis, loud, axis)
        patch.cord(values, 3 * sensor, bend)
        glide, line = patch.message(x, 480, "$1 20"), patch.box(x, 510, "line~")
        tone, product = patch.box(x + 60, 510, "cycle~"), patch.box(x, 560, "*~")
        patch.chain(loud, glide, line, product)
        patch.cord(bend, 0, tone)
        patch.cord(tone, 0, product, 1)
        products.append(product)
    total = patch.box(420, 600, "*~ 1.")
    for product in products:  # several signals into one inlet are added
        patch.cord(product, 0, total)
    return total


def _neural(patch: MaxPatch, voice: str, card: Card, latent: str, words: Sequence[str]) -> str:
    """`nn~`, a glide of 20 ms before each of its inlets, at rest until the board speaks."""
    values = patch.box(20, 340, "unpack" + " 0." * card.latents, (1, ("float",) * card.latents))
    patch.cord(latent, 0, values)
    signals = (SIGNAL,) * max(card.channels, 1)
    voiced = patch.box(20, 580, f"nn~ {voice} decode 2048", (card.latents, signals))
    mean = [0.0] * card.latents if card.latent is None else card.latent.mean.tolist()
    sigma = [1.0] * card.latents if card.latent is None else card.latent.std.tolist()
    for place in range(card.latents):
        x = 20 + 70 * place
        rest = patch.box(x, 400, f"loadmess {mean[place]:.4g}")
        glide, line = patch.message(x, 450, "$1 20"), patch.box(x, 490, "line~")
        patch.cord(values, place, glide)
        patch.cord(rest, 0, glide)
        patch.cord(glide, 0, line)
        patch.cord(line, 0, voiced, place)
        about = f"latent {place + 1}: {mean[place]:.2g}, mostly within {2 * sigma[place]:.2g} of it"
        about += f": {words[place]}" if words else ""
        patch.comment(20, 620 + 20 * place, about)
    return voiced
