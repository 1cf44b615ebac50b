"""The documentation as tests read it: the front page, the pages behind it, their links.

A page is addressed by its path from the project's root, such as ``docs/lake.md``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FRONT = "README.md"
PAGES = (FRONT, *sorted(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md")))

_FENCED = re.compile(r"(?ms)^ *```.*?^ *```$")
_LINK = re.compile(r"(?<!!)\[[^\]\n]*(?:\n[^\]\n]*)?\]\(([^)\s]+)\)")
_HEADING = re.compile(r"(?m)^#{1,6} +(.+?) *$")
_TABLE = re.compile(r"(?:^\|.*\|$\n?)+", re.MULTILINE)


def page(name: str) -> str:
    """The text of one page."""
    return (ROOT / name).read_text(encoding="utf-8")


def everything() -> str:
    """All pages, for what has to be named somewhere."""
    return "\n".join(page(name) for name in PAGES)


def links(text: str) -> list[str]:
    """Where a page's text leads to, as written; what looks like a link in an example is none."""
    return _LINK.findall(_prose(text))


def anchors(text: str) -> set[str]:
    """The names that a page's headings can be linked by, as GitHub makes them."""
    found: list[str] = []
    for heading in _HEADING.findall(_prose(text)):
        words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
        name = re.sub(r"[^\w\- ]", "", words).replace(" ", "-")
        found.append(f"{name}-{found.count(name)}" if name in found else name)
    return set(found)


def tables(text: str) -> list[list[dict[str, str]]]:
    """A text's tables: rows, by the heading of the column; an empty heading is a column as well."""
    found = []
    for block in _TABLE.findall(_prose(text)):
        head, _rule, *rows = (_cells(line) for line in block.splitlines())
        found.append([dict(zip(head, row, strict=True)) for row in rows])
    return found


def target(name: str, link: str) -> tuple[str, str]:
    """The page or file, from the project's root, and the anchor that a page's link names."""
    path, _, anchor = link.partition("#")
    if not path:
        return name, anchor
    return (ROOT / name).parent.joinpath(path).resolve().relative_to(ROOT).as_posix(), anchor


def reachable(texts: Mapping[str, str], start: str) -> set[str]:
    """The pages that a reader gets to by links from ``start``."""
    seen = {start}
    todo = [start]
    while todo:
        name = todo.pop()
        led_to = {target(name, link)[0] for link in links(texts[name]) if is_ours(link)}
        new = (led_to & texts.keys()) - seen
        seen |= new
        todo += new
    return seen


def is_ours(link: str) -> bool:
    """Whether a link stays within the project."""
    return not re.match(r"[a-z]+:", link)


def _prose(text: str) -> str:
    return _FENCED.sub("", text)


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]
