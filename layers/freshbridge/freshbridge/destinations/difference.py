"""What a record would become different by, field for field. Pure.

Where a record does not show a field, nothing can be said: then it differs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from freshbridge.actions.freshsales.same_record import addresses, same

_ADDRESSES = ("email", "emails")


def differing(asked: Mapping[str, Any], found: Mapping[str, Any]) -> list[str]:
    """The names of the fields that a record does not have as they were asked for."""
    return [name for name, value in asked.items() if not _holds(name, value, found)]


def unshown(asked: Mapping[str, Any], found: Mapping[str, Any]) -> bool:
    """Whether a row of a list leaves out something that was asked for."""
    return any(name not in found and name not in _ADDRESSES for name in asked)


def _holds(name: str, value: Any, found: Mapping[str, Any]) -> bool:
    if name in _ADDRESSES:
        return addresses({name: value}) <= addresses(found)
    if name not in found:
        return False
    held = found[name]
    if isinstance(value, list) and isinstance(held, list):
        # Same members, none besides: a list is replaced whole.
        return len(value) == len(held) and same(value, held)
    return same(value, held)
