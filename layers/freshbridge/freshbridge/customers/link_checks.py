"""What is wrong with a link whose members are each of use, but not together. Pure.

Asked when a link is made or changed. A link that is kept is read without it: one that was accepted
before a check was added goes on.
"""

from __future__ import annotations

from collections.abc import Iterator

from freshbridge.customers.link import KindRules, Link, Side
from freshbridge.customers.matching import KEYS
from freshbridge.errors import FieldError


def contradictions(link: Link) -> list[FieldError]:
    """The members that work against others, with what to do."""
    found = [error for rules in link.kinds for error in _without_key(rules)]
    if link.creates and not any(map(link.may_create, link.creates)):
        side = next(iter(link.creates))
        said = (
            f"customers cannot be created on {side} while changes go {link.direction} only: "
            f"name {side.other}, or change direction"
        )
        found.append(FieldError("create", said, "invalid_value"))
    return found


def _without_key(rules: KindRules) -> Iterator[FieldError]:
    """A match by nothing that a pair carries: what is created would lack it, and be made twice."""
    keys = {key: KEYS[rules.kind][key] for key in rules.match}
    pairs = {(one.freshdesk, one.freshsales) for one in rules.fields}
    if not any((one[Side.FRESHDESK], one[Side.FRESHSALES]) in pairs for one in keys.values()):
        needed = " or ".join(
            f"{one[Side.FRESHDESK]} and {one[Side.FRESHSALES]}" for one in keys.values()
        )
        said = f"needs one of its keys among the fields: the pair of {needed}"
        yield FieldError(f"objects.{rules.kind}.match", said, "missing_field")
