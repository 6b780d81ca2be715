"""The page as one HTML file: style, modules and data inside, for a double click on any computer."""

from __future__ import annotations

import re
from pathlib import Path

from lodestone.page.errors import PageError
from lodestone.page.pack import html_text

START = "main.js"
WORKLET = "worklet.js"
STYLE = '<link rel="stylesheet" href="style.css">'
CHARSET = '<meta charset="utf-8">'
SCRIPT = f'<script type="module" src="{START}"></script>'
_IMPORT = re.compile(r"^import (?:\{[^}]*\} from )?'\./([\w-]+\.js)';\n", re.M)
_NAMED = re.compile(r"^(?:export )?(?:const|let|class|(?:async )?function\*?) (\w+)", re.M)
_EXPORT = re.compile(r"^export (?=const|let|class|function|async|default)", re.M)


def modules_in_order(site: Path, start: str) -> list[str]:
    """The modules that `start` needs, each behind those that it needs, itself last."""
    order: list[str] = []

    def visit(name: str) -> None:
        if name in order:
            return
        for needed in _IMPORT.findall((site / name).read_text("utf-8")):
            visit(needed)
        order.append(name)

    visit(start)
    return order


def joined_modules(site: Path, start: str) -> str:
    """`start` and what it needs as one script: the same text less imports and exports.

    Raises:
        PageError: two modules give the same name to something of their own.
    """
    texts, owners = [], dict[str, str]()
    for name in modules_in_order(site, start):
        text = _IMPORT.sub("", (site / name).read_text("utf-8"))
        for known in _NAMED.findall(text):
            other = owners.setdefault(known, name)
            if other != name:
                raise PageError(f"one {known} in all modules", f"one in {other}, one in {name}", "rename one")
        texts.append(f"// {name}\n" + _EXPORT.sub("", text))
    return "".join(texts)


def bundle(site: Path, packed: dict[str, bytes]) -> bytes:
    """The bytes of the one file. Its text is ASCII, in windows-1252, so that data need one byte a byte."""
    page = (site / "index.html").read_text("utf-8")
    for part in (STYLE, SCRIPT, CHARSET):
        assert page.count(part) == 1, part
    style = f"<style>\n{_css_ascii((site / 'style.css').read_text('utf-8'))}</style>"
    page = page.replace(STYLE, style).replace(CHARSET, '<meta charset="windows-1252">')
    head, tail = (_html_ascii(part) for part in page.split(SCRIPT))
    worklet = _script_ascii(joined_modules(site, WORKLET))
    main = _script_ascii(joined_modules(site, START))
    parts = [head.encode("ascii")]
    for name, data in packed.items():
        parts += [f'<script type="text/plain" id="file:{name}">'.encode(), html_text(data), b"</script>\n"]
    parts.append(f'<script type="text/plain" id="script:{WORKLET}">{worklet}</script>\n'.encode("ascii"))
    parts.append(f'<script type="module">\n{main}</script>'.encode("ascii"))
    parts.append(tail.encode("ascii"))
    return b"".join(parts)


def _html_ascii(text: str) -> str:
    return text.encode("ascii", "xmlcharrefreplace").decode()


def _script_ascii(text: str) -> str:
    assert "</script" not in text
    return re.sub(r"[^\x00-\x7f]", lambda match: f"\\u{ord(match.group()):04x}", text)


def _css_ascii(text: str) -> str:
    return re.sub(r"[^\x00-\x7f]", lambda match: f"\\{ord(match.group()):x} ", text)
