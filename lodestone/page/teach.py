"""Teaching on a page: hold a gesture, choose a sound, keep it.

From the page: `{"teach": "keep", "scene": NAME, "touch": [12], "latent": [Z]}`, or `forget` with the scene,
for its last pair. To the page: `{"teaching": {"sent": [words], "pairs": how many}}` or `{"trouble": words}`.
"""

from __future__ import annotations

import threading
from pathlib import Path

from errors import LodestoneError
from lodestone.page.guide import Tell, Words
from lodestone.teaching import Bring, Lesson, Pair, TeachingError


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
        scene = words.get("scene")
        if not isinstance(scene, str):
            raise TeachingError("the name of a scene", repr(scene)[:40], "choose a scene first")
        lesson = Lesson(self._file, scene, self._bring)
        if words.get("teach") == "keep":
            sent = lesson.keep(Pair.of(words.get("touch"), words.get("latent")))
        else:
            sent = lesson.forget(-1)
        return {"sent": sent, "pairs": len(lesson.pairs)}
