"""A Pure Data patch (vanilla, 0.52 or newer): hears a board, keeps it, sounds with sines or with nn~."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from graphs.card import Card

STREAMS = ("latent", "touch", "status", "error", "knobs")
PARTIALS_HZ = (110.0, 165.0, 220.0, 330.0)


class PdPatch:
    """Boxes and cords as Pd's file has them; boxes are numbered as they come."""

    def __init__(self) -> None:
        self._boxes: list[str] = []
        self._cords: list[str] = []

    def box(self, kind: str, x: int, y: int, text: str) -> int:
        """A box (obj, msg, text), and its number."""
        self._boxes.append(f"#X {kind} {x} {y} {_escaped(text)};")
        return len(self._boxes) - 1

    def cord(self, source: int, outlet: int, target: int, inlet: int = 0) -> None:
        """From an outlet to an inlet."""
        self._cords.append(f"#X connect {source} {outlet} {target} {inlet};")

    def chain(self, *boxes: int) -> None:
        """Each box's first outlet to the next one's first inlet."""
        for source, target in pairwise(boxes):
            self.cord(source, 0, target)

    def text(self) -> str:
        """The file."""
        return "\n".join(["#N canvas 60 60 1000 720 12;", *self._boxes, *self._cords, ""])


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("$", "\\$").replace(",", " \\,").replace(";", "\\;")


def pd_patch(voice: str = "", card: Card | None = None, words: Sequence[str] = ()) -> str:
    """The patch; with a voice's name and card also `nn~`, wired for its latents."""
    patch = PdPatch()
    patch.box("text", 20, 10, "Lodestone: hears the board and keeps it. Made by lodestone patch --pd")
    streams = _hear(patch)
    _speak(patch)
    left = _plain(patch, streams["touch"])
    if card is not None:
        left = _neural(patch, voice, card, streams["latent"], words)
    level = patch.box("obj", 420, 600, "*~ 0.5")
    patch.cord(left, 0, level)
    out, meter = patch.box("obj", 420, 660, "dac~"), patch.box("obj", 540, 640, "env~ 4096")
    patch.cord(level, 0, out, 0)
    patch.cord(level, 0, out, 1)
    patch.chain(level, meter, patch.box("obj", 540, 670, "s lodestone-level"))
    dsp = patch.box("obj", 700, 600, "loadbang")
    patch.chain(dsp, patch.box("msg", 700, 630, "; pd dsp 1"))
    return patch.text()


def pd_help() -> str:
    """The help patch: the plain patch as an object, everything that it is told and tells."""
    patch = PdPatch()
    patch.box("text", 20, 10, "lodestone - hears a Lodestone board, keeps it, sounds with four sines")
    patch.box("obj", 20, 50, "lodestone")
    patch.box("text", 20, 90, "1. where the board is: the USB cable, or lodestone live on this machine")
    asks = [
        (120, ("lodestone-connect connect 192.168.7.2 7564", "lodestone-connect connect 127.0.0.1 7564")),
        (200, ("lodestone-mode host", "lodestone-mode onboard", "lodestone-mode both")),
        (280, ("lodestone-scene 0", "lodestone-scene water")),
        (360, ("lodestone-knob entanglement 1", "lodestone-knob reach 8")),
        (440, ("lodestone-mute 1", "lodestone-mute 0", "lodestone-rest bang")),
    ]
    for y, messages in asks:
        x = 20
        for message in messages:
            patch.box("msg", x, y, f"; {message}")
            x += 40 + 8 * len(message)
    patch.box("text", 20, 170, "2. who sounds: host is this patch, for as long as its heart beats")
    patch.box("text", 20, 250, "3. a scene by its number or name")
    patch.box("text", 20, 330, "4. a knob by its name: lodestone knob lists them")
    patch.box("text", 20, 410, "5. silence; a rest takes the empty board as it stands")
    patch.box("text", 20, 500, "what the board tells, for your own patch: lists at these receives")
    for place, name in enumerate((*STREAMS, "level")):
        take = patch.box("obj", 20 + 180 * place, 530, f"r lodestone-{name}")
        if name in ("status", "error"):
            patch.chain(take, patch.box("obj", 20 + 180 * place, 560, f"print {name}"))
    return patch.text()


def _hear(patch: PdPatch) -> dict[str, int]:
    """Packets of the board, sorted by address; each stream's outlet is that of a box of its own."""
    begin, listen = patch.box("obj", 20, 40, "loadbang"), patch.box("msg", 20, 70, "listen 7563")
    asked = patch.box("obj", 150, 70, "r lodestone-listen")
    receive, parse = patch.box("obj", 20, 100, "netreceive -u -b"), patch.box("obj", 20, 130, "oscparse")
    trim = patch.box("obj", 20, 160, "list trim")
    route = patch.box("obj", 20, 190, "route " + " ".join(STREAMS))
    patch.chain(begin, listen, receive, parse, trim, route)
    patch.cord(asked, 0, receive)
    found = {}
    for place, name in enumerate(STREAMS):
        found[name] = patch.box("obj", 20 + 180 * place, 230, f"s lodestone-{name}")
        patch.cord(route, place, found[name])
    heard = enumerate(STREAMS)
    return {name: patch.box("obj", 20 + 180 * place, 280, f"r lodestone-{name}") for place, name in heard}


def _speak(patch: PdPatch) -> None:
    """To the board: where it is, hello once a second, a heartbeat ten times a second, and any command."""
    send, trim = patch.box("obj", 420, 190, "netsend -u -b"), patch.box("obj", 420, 160, "list trim")
    whole = patch.box("obj", 420, 130, "list prepend send")
    patch.chain(whole, trim, send)
    begin = patch.box("obj", 560, 40, "loadbang")
    usb = patch.box("msg", 560, 70, "connect 192.168.7.2 7564")
    here = patch.box("msg", 560, 100, "connect 127.0.0.1 7564")
    # Who is connected already must let go first.
    again, leave = (
        patch.box("obj", 560, 160, "trigger anything bang"),
        patch.box("msg", 640, 190, "disconnect"),
    )
    patch.cord(begin, 0, usb)
    for source in (usb, here, patch.box("obj", 560, 130, "r lodestone-connect")):
        patch.cord(source, 0, again)
    patch.cord(again, 1, leave)
    patch.cord(leave, 0, send)
    patch.cord(again, 0, send)
    for period, message, x in ((1000, "hello", 760), (100, "heartbeat", 880)):
        start, metro = patch.box("obj", x, 40, "loadbang"), patch.box("obj", x, 70, f"metro {period}")
        form = patch.box("obj", x, 130, f"oscformat {message}")
        patch.chain(start, metro)
        if message == "hello":
            port = patch.box("obj", x, 100, "float 7563")
            told = patch.box("obj", x - 60, 100, "r lodestone-port")
            patch.cord(told, 0, port, 1)
            patch.chain(metro, port, form)
        else:
            patch.chain(metro, form)
        patch.cord(form, 0, whole)
    for place, command in enumerate(("mode", "scene", "mute", "rest")):
        take = patch.box("obj", 560 + 110 * place, 330, f"r lodestone-{command}")
        listed = patch.box("obj", 560 + 110 * place, 360, "list append")
        form = patch.box("obj", 560 + 110 * place, 390, f"oscformat {command}")
        patch.chain(take, listed, form)
        patch.cord(form, 0, whole)
    _knobs(patch, whole)
    what = "send to these from anywhere: mode host, scene water, knob reach 8, mute 1, rest bang"
    patch.box("text", 560, 300, what)


def _knobs(patch: PdPatch, whole: int) -> None:
    """`reach 8` becomes /knob/reach 8: the address first, then the value."""
    take, listed = patch.box("obj", 1000, 330, "r lodestone-knob"), patch.box("obj", 1000, 360, "list append")
    twice = patch.box("obj", 1000, 390, "trigger list list")
    name, value = patch.box("obj", 1060, 420, "list split 1"), patch.box("obj", 1000, 420, "list split 1")
    patch.chain(take, listed, twice, value)
    patch.cord(twice, 1, name)
    form = patch.box("obj", 1000, 510, "oscformat knob")
    patch.chain(
        name,
        patch.box("obj", 1060, 450, "list prepend set knob"),
        patch.box("obj", 1060, 480, "list trim"),
        form,
    )
    patch.cord(value, 1, form)
    patch.cord(form, 0, whole)


def _plain(patch: PdPatch, touch: int) -> int:
    """Four sines that the four sensors make louder and bend: sounds without any other library."""
    values = patch.box("obj", 20, 320, "unpack" + " f" * 12)
    patch.cord(touch, 0, values)
    products: list[int] = []
    for sensor, pitch in enumerate(PARTIALS_HZ):
        x = 20 + 110 * sensor
        bend = patch.box("obj", x, 360, f"expr {pitch} * pow(2, $f1 / 2)")
        loud = patch.box("obj", x, 400, "expr sqrt($f1 * $f1 + $f2 * $f2 + $f3 * $f3) * 0.15")
        for axis in (2, 1, 0):  # the leftmost inlet last: it makes the expression speak
            patch.cord(values, 3 * sensor + axis, loud, axis)
        patch.cord(values, 3 * sensor, bend)
        packed, line = patch.box("obj", x, 430, "pack f 20"), patch.box("obj", x, 460, "line~")
        tone, product = patch.box("obj", x + 50, 460, "osc~"), patch.box("obj", x, 500, "*~")
        patch.chain(loud, packed, line, product)
        patch.cord(bend, 0, tone)
        patch.cord(tone, 0, product, 1)
        products.append(product)
    total = patch.box("obj", 420, 540, "+~")
    for product in products:  # several cords into one inlet are added
        patch.cord(product, 0, total)
    return total


def _neural(patch: PdPatch, voice: str, card: Card, latent: int, words: Sequence[str]) -> int:
    """`nn~`, a glide of 20 ms before each of its inlets, at rest until the board speaks."""
    values = patch.box("obj", 20, 580, "unpack" + " f" * card.latents)
    patch.cord(latent, 0, values)
    voiced = patch.box("obj", 20, 680, f"nn~ {voice} decode 2048")
    rest: Sequence[float] = card.latent.mean.tolist() if card.latent is not None else [0.0] * card.latents
    sigma = card.latent.std.tolist() if card.latent is not None else [1.0] * card.latents
    begin = patch.box("obj", 20, 560, "loadbang")
    for place in range(card.latents):
        x = 20 + 60 * place
        packed, line = patch.box("obj", x, 620, "pack f 20"), patch.box("obj", x, 650, "line~")
        still = patch.box("msg", x, 600, f"{rest[place]:.4g}")
        patch.cord(begin, 0, still)
        patch.cord(still, 0, line)
        patch.cord(values, place, packed)
        patch.cord(packed, 0, line)
        patch.cord(line, 0, voiced, place)
        about = f"latent {place + 1}: {rest[place]:.2g}, mostly within {2 * sigma[place]:.2g} of it"
        about += f": {words[place]}" if words else ""
        patch.box("text", 20, 720 + 20 * place, about)
    return voiced
