"""How many records may vanish from the copy before a person is asked.

Pure. An API key with a narrower scope sees fewer records, and the provider says of the others what
it says of deleted ones. So where very many would vanish at once, none does until somebody says that
it is right, for one run: `release_removals` of POST …/sync. Of each object `config.sync` may say:

    most_removed        how many records may vanish in one run; 1,000 unless told
    most_removed_share  or this part of those held, if that is more; 0.05
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

ENTRIES = ("most_removed", "most_removed_share")


@dataclass(frozen=True)
class Brake:
    """Holds where more than `rows` records and more than the part `share` of all would vanish."""

    rows: int = 1_000
    share: float = 0.05
    released: bool = False

    def holds(self, vanishing: int, held: int) -> bool:
        """Whether so many of those held are too many."""
        return not self.released and vanishing > max(self.rows, self.share * held)


def brake_of(config: Mapping[str, Any], object_name: str, *, released: bool = False) -> Brake:
    """The instance's for an object; `released`: somebody has said for this run that it is right."""
    chosen = config.get("sync")
    given = chosen.get(object_name) if isinstance(chosen, Mapping) else {}
    entries = given if isinstance(given, Mapping) else {}
    return Brake(
        _rows(entries.get(ENTRIES[0]), Brake.rows),
        _share(entries.get(ENTRIES[1]), Brake.share),
        released,
    )


def brake_errors(entries: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What is wrong with those of an object's entries: their names, and what to write instead."""
    rows, share = (entries.get(name) for name in ENTRIES)
    wrong = []
    if rows is not None and _rows(rows, -1) < 0:
        wrong.append((ENTRIES[0], "must be a whole number, 0 or more"))
    if share is not None and _share(share, -1.0) < 0:
        wrong.append((ENTRIES[1], "must be a number from 0 to 1"))
    return wrong


def _rows(value: object, usual: int) -> int:
    is_count = isinstance(value, int) and not isinstance(value, bool) and value >= 0
    return int(str(value)) if is_count else usual


def _share(value: object, usual: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return usual
    return float(value) if 0 <= value <= 1 else usual
