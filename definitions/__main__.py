"""`python -m definitions`: writes every generated header into firmware/generated/."""

from __future__ import annotations

import pkgutil
from importlib import import_module
from pathlib import Path

import definitions
from definitions.table import write_if_changed

FOLDER = Path(definitions.__file__).parents[1] / "firmware" / "generated"


def main() -> None:
    """Every module of this package that has a function `header` makes the header of its name."""
    FOLDER.mkdir(exist_ok=True)
    wanted = set()
    for module in pkgutil.iter_modules(definitions.__path__):
        if module.name.startswith("_"):
            continue
        header = getattr(import_module(f"definitions.{module.name}"), "header", None)
        if header is not None:
            write_if_changed(FOLDER / f"{module.name}.h", header())
            wanted.add(f"{module.name}.h")
    for left in FOLDER.glob("*.h"):
        if left.name not in wanted:
            left.unlink()


if __name__ == "__main__":
    main()
