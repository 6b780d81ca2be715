"""`python -m definitions`: writes every generated header into firmware/generated/.

`python -m definitions docs` renews the generated tables of docs/NAME.md; `python -m definitions json NAME`
prints a table as JSON.
"""

from __future__ import annotations

import json
import pkgutil
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import definitions
from definitions.table import write_if_changed

ROOT = Path(definitions.__file__).parents[1]
FOLDER = ROOT / "firmware" / "generated"


def _having(function: str) -> Iterator[tuple[str, Callable[..., Any]]]:
    """Name and function of every module of this package that has it."""
    for module in pkgutil.iter_modules(definitions.__path__):
        if not module.name.startswith("_"):
            found = getattr(import_module(f"definitions.{module.name}"), function, None)
            if found is not None:
                yield module.name, found


def headers() -> None:
    """Every module of this package that has a function `header` makes the header of its name."""
    FOLDER.mkdir(exist_ok=True)
    wanted = set()
    for name, header in _having("header"):
        write_if_changed(FOLDER / f"{name}.h", header())
        wanted.add(f"{name}.h")
    for left in FOLDER.glob("*.h"):
        if left.name not in wanted:
            left.unlink()


def docs() -> None:
    """Every module that has a function `docs` renews its PAGE in docs/, or the page of its name."""
    for name, renewed in _having("docs"):
        page = ROOT / "docs" / getattr(import_module(f"definitions.{name}"), "PAGE", f"{name}.md")
        write_if_changed(page, renewed(page.read_text(encoding="utf-8")))


def main() -> None:
    """Headers; or docs; or one table as JSON."""
    asked = sys.argv[1:]
    tables = dict(_having("describe"))
    if not asked:
        headers()
    elif asked == ["docs"]:
        docs()
    elif len(asked) == 2 and asked[0] == "json" and asked[1] in tables:
        print(json.dumps(tables[asked[1]](), indent=1, ensure_ascii=False))
    else:
        print(f"wanted nothing, docs, or json and one of {', '.join(tables)}; got {asked}", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
