"""What the board keeps on its card, spoiled: memory, touch plans that came, the count of starts, the log.

The cases are made and judged by `tests/cpp/state_fuzz.cpp`, which starts from such a folder.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.support.attacks.plans import ROOT, sanitized
from tests.support.tiny import touch_plan, voice_plan

PLAIN = ROOT / "build" / "tests" / "state_fuzz"
"""As every build makes it; `sanitizing` is stricter and must be made first."""


def sanitizing() -> Path:
    """The same program with the sanitizers. Raises CalledProcessError."""
    platform = ROOT / "firmware" / "platform"
    parts = ["event_log", "files", "memory_store", "plan_scenes", "start_guard", "status_file"]
    instrument = ROOT / "firmware" / "instrument"
    sources = [
        *(platform / f"{part}.cpp" for part in [*parts, "touch_shelf"]),
        *(instrument / f"{part}.cpp" for part in ("engine_stages", "staged_voice", "plan_inbox")),
    ]
    return sanitized("state_fuzz", sources)


def image(folder: Path) -> Path:
    """A folder with the plans that the program wants."""
    folder.mkdir(parents=True, exist_ok=True)
    plans = {"touch": touch_plan(), "fresh": touch_plan(first=2), "other": touch_plan(3)}
    for name, plan in {**plans, "voice": voice_plan()}.items():
        (folder / f"{name}.plan").write_bytes(plan)
    return folder


def attack(program: Path, folder: Path, rounds: int, seed: int) -> tuple[int, int, int]:
    """Memories taken and refused, and starts with a touch plan that came. AssertionError where one fails."""
    command = [str(program), str(image(folder / "image")), str(folder / "work"), str(rounds), str(seed)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=3600, check=False)
    assert done.returncode == 0, f"{' '.join(command)}: {done.returncode}\n{done.stderr[-2000:]}"
    taken, refused, came = (int(part.split()[0]) for part in done.stdout.split(", "))
    return taken, refused, came
