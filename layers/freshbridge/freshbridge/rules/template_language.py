"""What a rule's template may say: enough to write a message, too little to fill the memory. Pure.

The engine's fuel ends a loop, but counts a step that doubles a text as one. So what makes more out
of what there is stays out: `set` and macros, calls of methods, lists and objects written out, and
multiplication; filters are those named here. `if` and `for`, comparing, adding and joining stay.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

LONGEST_TEMPLATE = 20_000
MOST_FILTERS = 12
"""In one pair of braces; in the head of a `for`, a third of them."""
DEEPEST_LOOPS = 3
LONGEST_OUTPUT = 256 * 1024
MOST_PARTS = 1_000
STATEMENTS = ("if", "elif", "else", "endif", "for", "endfor")
FILTERS = frozenset(
    {"abs", "bool", "capitalize", "count", "d", "default", "dictsort", "e", "escape",
     "filesizeformat", "first", "float", "int", "items", "join", "last", "length", "lower", "map",
     "max", "min", "reject", "rejectattr", "replace", "reverse", "round", "safe", "select",
     "selectattr", "sort", "split", "striptags", "sum", "title", "tojson", "trim", "truncate",
     "unique", "upper", "urlencode"}
)  # fmt: skip
_PART = re.compile(r"\{#.*?#\}|\{\{[-+]?|\{%[-+]?", re.DOTALL)
_TOKEN = re.compile(
    r"""(?P<blank>\s+)|(?P<end>[-+]?(?:\}\}|%\}))|(?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')"""
    r"""|(?P<number>\d[\w.]*)|(?P<name>[^\W\d]\w*)|(?P<sign>\*\*|//|[=!<>]=|.)""",
    re.DOTALL,
)
_WORDS = frozenset({"and", "or", "not", "in", "if", "elif", "else", "is", "for"})


class NotAllowed(ValueError):
    """The template says what none may; `line` is where, counted from 1."""

    def __init__(self, why: str, line: int) -> None:
        super().__init__(f"{why} (line {line})")


def check_language(template: str) -> None:
    """Refuse a template that could grow without end.

    Raises:
        NotAllowed: with the reason and the line.
    """
    if len(template) > LONGEST_TEMPLATE:
        raise NotAllowed(f"is longer than {LONGEST_TEMPLATE} characters", 1)
    loops = deepest = 0
    for tokens, line in _code(template):
        _check(tokens, line)
        word = tokens[0] if tokens else ""
        loops += {"for": 1, "endfor": -1}.get(word, 0)
        deepest = max(deepest, loops)
        if deepest > DEEPEST_LOOPS:
            raise NotAllowed(f"loops are more than {DEEPEST_LOOPS} deep", line)


def tokens_of(template: str) -> Iterator[list[str]]:
    """The tokens of each pair of braces; a text in quotes is one quote."""
    for tokens, _line in _code(template):
        yield tokens


def _code(template: str) -> Iterator[tuple[list[str], int]]:
    """The tokens of each pair of braces, and the line that it begins in.

    Strings are kept as one quote; a statement begins with its word, an expression with "".
    """
    place = 0
    while part := _PART.search(template, place):
        place = part.end()
        if part[0].startswith("{#"):
            continue
        line = template.count("\n", 0, place) + 1
        tokens = [] if part[0].startswith("{%") else [""]
        while found := _TOKEN.match(template, place):
            place = found.end()
            if found.lastgroup == "end":
                break
            if found.lastgroup != "blank":
                tokens.append("'" if found.lastgroup == "text" else found[0])
        yield tokens, line


def _check(tokens: list[str], line: int) -> None:
    word = tokens[0] if tokens else ""
    if word and word not in STATEMENTS:
        raise NotAllowed(f"{{% {word[:32]} %}} is not used in rules", line)
    _check_signs(tokens, line, head=word == "for")
    filters = [after for before, after in pairwise(tokens) if before == "|"]
    for name in filters:
        if name not in FILTERS:
            raise NotAllowed(f"unknown filter: {name[:32]} is none of rules", line)
    if len(filters) > (MOST_FILTERS // 3 if word == "for" else MOST_FILTERS):
        raise NotAllowed("has too many filters", line)


def _check_signs(tokens: list[str], line: int, *, head: bool) -> None:
    calls: list[bool] = []
    for place, sign in enumerate(tokens):
        before = tokens[place - 1] if place else ""
        if why := _refused(tokens, place, head=head):
            raise NotAllowed(why, line)
        if sign in ("(", "["):
            calls.append(sign == "(" and _is_value(before))
        elif sign in (")", "]"):
            del calls[-1:]
        elif sign == "," and not (calls[-1] if calls else head):
            raise NotAllowed("lists are not written out in rules", line)


def _refused(tokens: list[str], place: int, *, head: bool) -> str:
    """Why a sign may not stand where it does; "" when it may."""
    sign, after_value = tokens[place], place > 0 and _is_value(tokens[place - 1])
    if sign in ("*", "**"):
        return "multiplying is not used in rules"
    if sign in ("{", "}"):
        return "objects are not written out in rules"
    if sign == "[" and not after_value:
        return "lists are not written out in rules"
    if sign == "(" and after_value and not _may_be_called(tokens, place - 1):
        return "only filters, tests and range are called in rules"
    return "the head of a loop joins nothing" if head and sign in ("~", "+") else ""


def _is_value(token: str) -> bool:
    return token in (")", "]", "'") or (
        bool(token) and (token[0].isalnum() or token[0] == "_") and token not in _WORDS
    )


def _may_be_called(tokens: list[str], place: int) -> bool:
    before = tokens[place - 1] if place else ""
    return before in ("|", "is") or (
        (before == "not" and tokens[place - 2 : place - 1] == ["is"])
        or (tokens[place] == "range" and before != ".")
    )


class TooLong(ValueError):
    """What a filter would give is longer than a parameter may be."""


def _within(text: str) -> str:
    if len(text) > LONGEST_OUTPUT:
        raise TooLong
    return text


def _join(values: Any, sign: Any = "", attribute: str | None = None) -> str:
    items = [value.get(attribute) if attribute else value for value in values]
    texts = [str(value) for value in items]
    if sum(map(len, texts)) + len(str(sign)) * len(texts) > LONGEST_OUTPUT:
        raise TooLong
    return str(sign).join(texts)


def _replace(text: Any, old: Any, new: Any) -> str:
    whole, old, new = str(text), str(old), str(new)
    if len(whole) + whole.count(old) * len(new) > LONGEST_OUTPUT:
        raise TooLong
    return whole.replace(old, new)


def _split(text: Any, sign: Any = None) -> list[str]:
    return str(text).split(None if sign is None else str(sign) or None, MOST_PARTS)


def _tojson(value: Any) -> str:
    return _within(json.dumps(value, ensure_ascii=False, default=str))


def _default(value: Any, other: Any = "", of_false: Any = False) -> Any:
    # The engine's own puts it in for what is missing, and lets null pass.
    return other if value is None or (of_false and not value) else value


GUARDED: dict[str, Callable[..., Any]] = {
    "d": _default,
    "default": _default,
    "join": _join,
    "replace": _replace,
    "split": _split,
    "tojson": _tojson,
}
"""Filters of the engine that could make too much of little or pass on null, as they are here."""
