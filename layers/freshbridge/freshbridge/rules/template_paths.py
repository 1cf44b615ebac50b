"""Which fields of an event a template reads. Pure.

The engine tells the names too, but passes over those that are sliced (`ticket.subject[:50]`), and
what it does not see would be missing when the template is filled. So the template's own words are
read: every name that is no filter, test or keyword, with the steps after it. A name in square
brackets, and a variable that a loop makes, are not followed: what stands before is then named as a
whole. More than is read may be named, never less.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from freshbridge.rules.template_language import tokens_of

Steps = tuple[str, ...]
_KEYWORDS = frozenset(
    {"and", "or", "not", "in", "if", "elif", "else", "endif", "is", "for", "endfor", "recursive",
     "true", "false", "none", "True", "False", "None", "range", "loop"}
)  # fmt: skip


def paths_in(value: Any) -> set[Steps]:
    """The paths that the templates within a value name, such as ("ticket", "subject")."""
    if isinstance(value, dict):
        return {path for one in value.values() for path in paths_in(one)}
    if isinstance(value, list):
        return {path for one in value for path in paths_in(one)}
    if not isinstance(value, str) or "{" not in value:
        return set()
    return {path for tokens in tokens_of(value) for path in _paths(tokens)}


def _paths(tokens: list[str]) -> Iterator[Steps]:
    place = 0
    while place < len(tokens):
        token, before = tokens[place], tokens[place - 1] if place else ""
        place += 1
        if not _is_name(token) or token in _KEYWORDS or before in (".", "|", "is"):
            continue
        if before == "not" and tokens[place - 3 : place - 2] == ["is"]:
            continue
        steps = [token]
        while tokens[place : place + 1] == ["."] and _is_step(tokens[place + 1 : place + 2]):
            steps.append(tokens[place + 1])
            place += 2
        yield tuple(steps[1:] if steps[0] == "event" and len(steps) > 1 else steps)


def _is_name(token: str) -> bool:
    return bool(token) and (token[0].isalpha() or token[0] == "_")


def _is_step(following: list[str]) -> bool:
    return bool(following) and _is_name(following[0])
