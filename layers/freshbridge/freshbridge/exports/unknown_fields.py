"""Fields that an export names and no record has. Pure.

The provider adds members as it likes and custom fields are each account's own, so that only the
records themselves can tell: a field is unknown that none of those looked at had, be it empty.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence

from freshbridge.exports.wanted import Record, Wanted

MOST_MEMBERS = 500
NEAR = 3


def named(wanted: Wanted) -> list[str]:
    """Every field that an export names."""
    conditions = (condition.field for condition in wanted.conditions)
    return list(dict.fromkeys([*wanted.fields, *conditions]))


def has(record: Record, path: str) -> bool:
    """Whether a record has something at a dotted path, even nothing. A name may hold dots."""
    if path in record:
        return True
    head, dot, rest = path.partition(".")
    while dot:
        inner = record.get(head)
        if isinstance(inner, Mapping) and has(inner, rest):
            return True
        step, dot, rest = rest.partition(".")
        head = f"{head}.{step}"
    return False


def members(record: Record, before: Iterable[str]) -> list[str]:
    """The paths of a record's members, two deep, besides those known before."""
    found = dict.fromkeys(before)
    for name, value in record.items():
        found[name] = None
        if isinstance(value, Mapping):
            found.update(dict.fromkeys(f"{name}.{inner}" for inner in value))
    return list(found)[:MOST_MEMBERS]


def warning(field: str, known: Sequence[str]) -> str:
    """What is said of a field that no record had, with names that are near to it."""
    of_end = {name.rpartition(".")[2]: name for name in known}
    ends = difflib.get_close_matches(field.rpartition(".")[2], of_end, n=NEAR)
    near = [*difflib.get_close_matches(field, known, n=NEAR), *(of_end[end] for end in ends)]
    some = " or ".join(list(dict.fromkeys(near))[:NEAR])
    return f"no record has a field {field[:100]}" + (f"; did you mean {some}?" if some else "")
