"""A take of the page as it sounded there: the page's own instrument again, by the same inputs, to the bit."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from firmware import PageInstrument
from lodestone.takes.take_file import Take, TakeError

Audio = npt.NDArray[np.float32]
SENSORS, AXES = 4, 3


@dataclass(frozen=True)
class PageSetup:
    """What the instrument of a page was made of.

    Attributes:
        rate: Hz.
        block, prefill: frames of a call, and of the voice kept ready.
        noise_mt, count_mt: of a chip's readings, mT; the latter [3].
        first: scene that sounded first.
        field: [12] mT that stood when it began, or empty.
        scenes: name, and CRC-32 of the plans of touch and voice.
        start, frames: where the take begins, in frames since the sound began, and how long it is.
    """

    rate: int
    block: int
    prefill: int
    noise_mt: float
    count_mt: tuple[float, ...]
    first: int
    field: tuple[float, ...]
    scenes: tuple[tuple[str, int, int], ...]
    start: int
    frames: int


def page_setup(take: Take) -> PageSetup | None:
    """Of a take that a page kept with all its inputs; None of any other.

    Raises:
        TakeError: it says so, but wrongly.
    """
    told = take.info.get("page")
    if told is None:
        return None
    try:
        scenes = tuple((str(name), int(touch), int(voice)) for name, touch, voice in told["scenes"])
        return PageSetup(
            rate=int(told["rate"]),
            block=int(told["block"]),
            prefill=int(told["prefill"]),
            noise_mt=float(told["noise_mt"]),
            count_mt=tuple(map(float, told["count_mt"])),
            first=int(told["first"]),
            field=tuple(map(float, told["field"])),
            scenes=scenes,
            start=int(told["from"]),
            frames=int(told["frames"]),
        )
    except (KeyError, TypeError, ValueError) as wrong:
        do = "record it again, or give --voice to play its latents"
        raise TakeError("the inputs of a page in the take", f"{wrong}"[:80], do) from None


def plans_of(setup: PageSetup, folder: Path) -> dict[str, tuple[bytes, bytes]] | None:
    """Plans of touch and voice by scene, found in a folder by what they hold; None where one is missing."""
    known = {zlib.crc32(data): data for data in (path.read_bytes() for path in folder.glob("*.plan"))}
    wanted = {name: (known.get(touch), known.get(voice)) for name, touch, voice in setup.scenes}
    found = {name: (t, v) for name, (t, v) in wanted.items() if t is not None and v is not None}
    return found if len(found) == len(wanted) else None


def page_blocks(take: Take, setup: PageSetup, plans: Mapping[str, tuple[bytes, bytes]]) -> Iterator[Audio]:
    """The sound of the take [frames, 2], block by block, to the bit what the page played.

    Raises:
        TakeError: the instrument cannot be made of these plans, or an input is none.
    """
    do = "record it again, or give --voice to play its latents"
    page = PageInstrument(setup.rate, setup.block, setup.prefill, setup.noise_mt, setup.count_mt)
    for name, _, _ in setup.scenes:
        if trouble := page.add_scene(name, *plans[name]):
            raise TakeError(f"the scene {name} of the page", trouble, do)
    if setup.field:
        page.set_field(setup.field)
    page.begin(setup.first)
    inputs = [event for event in take.events if event.address in ("/page/field", "/page/osc")]
    end, at = setup.start + setup.frames, 0
    for frame in range(0, end, setup.block):
        while at < len(inputs) and int(inputs[at].values[0]) <= frame:
            _give(page, inputs[at].address, inputs[at].values[1:], do)
            at += 1
        block = page.render()
        if frame + setup.block > setup.start:
            yield block.T[max(setup.start - frame, 0) : end - frame]


def _give(page: PageInstrument, address: str, values: tuple[Any, ...], do: str) -> None:
    try:
        if address == "/page/field":
            page.set_field(tuple(map(float, values)))
        else:
            page.hear(base64.b64decode(values[0], validate=True))
    except (IndexError, TypeError, ValueError) as wrong:
        raise TakeError("an input of a page", str(wrong)[:80], do) from None
