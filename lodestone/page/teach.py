"""Teaching on a page: hold a gesture, choose a sound, keep it.

From the page: `{"teach": "keep", "scene": NAME, "touch": [12], "latent": [Z]}`, or `forget` with the scene,
for its last pair. To the page: `{"teaching": {"sent": [words], "pairs": how many}}` or `{"trouble": words}`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from errors import LodestoneError
from lodestone.page.guide import Tell, Words
from lodestone.teaching import MOST_PAIRS, Pair, TeachingError, load_taught, save_taught

Bring = Callable[[str, Sequence[Pair]], Iterator[str]]


class Teacher:
    """Keeps the pairs in a file, and brings them to the board; one wish after another.

    Args:
        file: of the pairs.
        bring: sends the pairs of a scene to the board, and tells in words what happened.
    """

    def __init__(self, file: Path, bring: Bring) -> None:
        self._file, self._bring = file, bring
        self._one = threading.Lock()

    def hear(self, words: Words, tell: Tell) -> threading.Thread:
        """A wish, which is seen to in a thread of its own; `tell` (any thread) hears what came of it."""

        def work() -> None:
            with self._one:
                try:
                    tell(self._done(words))
                except LodestoneError as error:
                    tell({"trouble": str(error)})

        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        return thread

    def _done(self, words: Words) -> Words:
        """The board first: what it refuses is not kept."""
        taught = load_taught(self._file)
        scene = words.get("scene")
        if not isinstance(scene, str):
            raise TeachingError("the name of a scene", repr(scene)[:40], "choose a scene first")
        pairs = list(taught.get(scene, ()))
        if words.get("teach") == "keep":
            if len(pairs) >= MOST_PAIRS:
                raise TeachingError(f"at most {MOST_PAIRS} gestures", "one more", "forget one")
            pairs.append(Pair.of(words.get("touch"), words.get("latent")))
        elif not pairs:
            raise TeachingError("a gesture to forget", "none in this scene", "teach one first")
        else:
            pairs.pop()
        sent = list(self._bring(scene, pairs))
        save_taught(self._file, {**taught, scene: tuple(pairs)})
        return {"sent": sent, "pairs": len(pairs)}
