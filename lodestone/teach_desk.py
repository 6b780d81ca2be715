"""Teaching at the terminal and by OSC: one line is one wish, whoever says it.

    hold              the gesture under your hand now, and the sound that is played there
    roll              another sound for it, at random; heard at once
    reroll            other sounds for all taught gestures but what is near
    encode tap.wav 2  the sound of a recording, all of it or around a second, where the voice has an encoder
    nudge 3 0.5       latent 3 by half a sigma; or a word of the atlas: nudge brightness -0.5
    keep              the gesture and its sound into the file
    list, forget 2, undo
    freeze 3, free 3, range 3 0.5, seed 7

Sounds that are only tried are gone with `hold`, `undo` or the end.
"""

from __future__ import annotations

import difflib
import shlex
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from errors import LodestoneError
from lodestone.options import LARGEST_SEED
from lodestone.sound_choice import Choice
from lodestone.teaching import Lesson, Pair, TeachingError

Now = Callable[[], Pair]
Axes = Callable[[str], int]
Encode = Callable[[str, float | None], Sequence[float]]
VERBS = ("hold", "roll", "reroll", "encode", "nudge", "keep", "list", "forget", "undo", "freeze", "free",
         "range", "seed")  # fmt: skip


def no_encoder(file: str, second: float | None) -> Sequence[float]:
    """Of a voice without one."""
    do = "export it with --encoder, or say `roll`"
    raise TeachingError(f"a voice with its encoder for {file}", "one without", do)


@dataclass
class TeachDesk:
    """Obeys one line after another.

    Attributes:
        lesson: the pairs, and the way to the board.
        choice: how sounds are drawn.
        now: touch and latents at this moment.
        axis: the number of the latent, from 1, that moves a word of the atlas most.
        encode: the latents [Z] of a recording, all of it or around a second.
        held: the gesture, and the sound that is tried there.
        tried: the board plays a sound that is not kept.
        lock: one wish after another, whoever says it; held by the caller of `obey`.
    """

    lesson: Lesson
    choice: Choice
    now: Now
    axis: Axes
    encode: Encode = no_encoder
    held: Pair | None = None
    tried: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)

    def obey(self, line: str) -> Iterator[str]:
        """What came of a wish, in words.

        Raises:
            LodestoneError: one of its family; what plays plays on.
        """
        try:
            verb, *words = shlex.split(line, comments=True) or [""]
        except ValueError as error:
            raise TeachingError("a wish", f"{line!r} ({error})", "close the quotes") from None
        if not verb:
            return
        if verb not in VERBS:
            close = difflib.get_close_matches(verb, VERBS, 1)
            do = f"did you mean {close[0]}?" if close else "say one of them"
            raise TeachingError(f"one of {', '.join(VERBS)}", verb, do)
        try:
            yield from getattr(self, f"_{verb}")(*words)
        except TypeError:
            wanted = f"`{next(row for row in (__doc__ or '').split(chr(10)) if verb in row).strip()}`"
            raise TeachingError(wanted, line.strip(), "see `lodestone teach --help`") from None

    def leave(self) -> Iterator[str]:
        """What was only tried goes back."""
        if self.tried:
            self.tried = False
            yield from self.lesson.try_out(self.lesson.pairs)

    def _hold(self) -> Iterator[str]:
        yield from self.leave()
        self.held = self.now()
        strongest = int(np.abs(self.held.touch).argmax())
        yield f"held: sensor {strongest // 3 + 1} is touched most ({self.held.touch[strongest]:+.2f})"

    def _gesture(self) -> Pair:
        if self.held is None:
            raise TeachingError("a gesture", "none that is held", "say `hold` with a marble on the board")
        return self.held

    def _try(self, sound: tuple[float, ...]) -> Iterator[str]:
        held = Pair(self._gesture().touch, sound)
        yield from self.lesson.try_out([*self.lesson.pairs, held])
        self.held, self.tried = held, True
        yield "sound: " + " ".join(f"{value:.3g}" for value in sound)

    def _roll(self) -> Iterator[str]:
        choice, sound = self.choice.roll(self._gesture().latent)
        yield from self._try(sound)
        self.choice = choice

    def _encode(self, file: str, second: str = "") -> Iterator[str]:
        held = self._gesture().latent
        found = self.encode(file, _real(second) if second else None)
        yield from self._try(self.choice.found(held, found))

    def _reroll(self) -> Iterator[str]:
        choice, pairs, count = self.choice.roll_far(self.lesson.pairs, self._gesture().touch)
        if count == 0:
            raise TeachingError("a taught gesture that is not near", "none", "teach some, and hold another")
        yield from self.lesson.change(pairs)
        self.choice, self.tried = choice, False
        yield f"{count} of {len(pairs)} sounds are new"

    def _nudge(self, axis: str, amount: str = "0.5") -> Iterator[str]:
        number = _whole(axis) if axis.isdigit() else self.axis(axis)
        sound = self.choice.nudge(self._gesture().latent, number, _real(amount))
        yield f"latent {number} by {_real(amount):+g} sigma"
        yield from self._try(sound)

    def _keep(self) -> Iterator[str]:
        yield from self.lesson.keep(self._gesture())
        self.tried = False
        yield f"kept as {len(self.lesson.pairs)}"

    def _list(self) -> Iterator[str]:
        for number, pair in enumerate(self.lesson.pairs, 1):
            sounds = " ".join(f"{value:.3g}" for value in pair.latent)
            at = int(np.abs(pair.touch).argmax())
            yield f"{number:3}  sensor {at // 3 + 1} {pair.touch[at]:+.2f}   {sounds}"
        frozen = ", ".join(str(z + 1) for z in sorted(self.choice.frozen)) or "none"
        yield f"{len(self.lesson.pairs)} taught; seed {self.choice.seed}; frozen: {frozen}"

    def _forget(self, number: str) -> Iterator[str]:
        yield from self.lesson.forget(_whole(number))
        self.tried = False

    def _undo(self) -> Iterator[str]:
        if self.tried:
            yield from self.leave()
            yield "the sound that was tried is gone"
            return
        yield from self.lesson.undo()
        yield f"{len(self.lesson.pairs)} taught"

    def _freeze(self, number: str) -> Iterator[str]:
        self.choice = self.choice.freeze(_whole(number))
        yield f"latent {number} stays as it is"

    def _free(self, number: str) -> Iterator[str]:
        self.choice = self.choice.freeze(_whole(number), False)
        yield f"latent {number} moves again"

    def _range(self, number: str, sigma: str) -> Iterator[str]:
        self.choice = self.choice.rein(_whole(number), _real(sigma))
        yield f"latent {number} within {_real(sigma):g} sigma"

    def _seed(self, seed: str = "") -> Iterator[str]:
        if seed:
            number = _whole(seed)
            if not 0 <= number <= LARGEST_SEED:
                raise TeachingError(f"a seed of 0 to {LARGEST_SEED}", seed, "choose in between")
            self.choice = Choice(self.choice.statistics, number, 0, self.choice.frozen, self.choice.ranges)
        yield f"seed {self.choice.seed}, {self.choice.draws} drawn"


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise TeachingError("a whole number", repr(text), "say it again") from None


def _real(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not np.isfinite(value):
        raise TeachingError("a number", repr(text), "say it again")
    return value


def obeyed(desk: TeachDesk, line: str) -> list[str]:
    """What came of a wish; a refusal as its one line."""
    told: list[str] = []
    with desk.lock:
        try:
            told.extend(desk.obey(line))
        except LodestoneError as error:
            told.append(str(error))
    return told
