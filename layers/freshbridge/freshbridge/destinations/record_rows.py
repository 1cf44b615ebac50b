"""Records of a run as rows: each checked before the first is sent, and told apart from its twins.

Of records with one key the first is sent, or the last, or all, as the destination says. Keys are
remembered as eight bytes of their hash: a hundred thousand take a few megabytes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict
from typing import Any

from freshbridge.bulk.checked_rows import CheckedRow, runnable
from freshbridge.bulk.progress import RowState
from freshbridge.bulk.row_item import OPEN, RowItem
from freshbridge.bulk.rows import Row
from freshbridge.destinations.model import DestinationSettings, Template
from freshbridge.destinations.preparation import Prepared, folded_key, key_value
from freshbridge.destinations.quarantine import mended
from freshbridge.errors import FieldError

ACTION = "send_record"
INVALID = "invalid_record"
Prepare = Callable[[Mapping[str, Any]], Prepared]


class RecordChecker:
    """Checks one record after the other; `parent` is the run's id."""

    def __init__(
        self, parent: str, destination_id: str, settings: DestinationSettings, prepare: Prepare
    ) -> None:
        """Knows no record yet."""
        self._parent = parent
        self._destination_id = destination_id
        self._settings = settings
        self._prepare = prepare
        self._chosen: dict[int, int] = {}
        self.duplicates = 0

    def look_ahead(self, rows: Iterable[Row]) -> None:
        """Learn which record of each key is the last; only where that is the one to send."""
        for row in rows:
            if not row.problems:
                for key in self._keys(self._prepare(mended(row.values))):
                    self._chosen[key] = row.number

    def check(self, row: Row) -> CheckedRow:
        """The row as waiting, or as invalid with every field that is wrong."""
        item = RowItem(row.number, RowState.WAITING, action=ACTION, line=row.line, outcome=OPEN)
        record = mended(row.values)
        parameters = {"destination_id": self._destination_id, "record": record}
        if row.problems:
            return CheckedRow(_refused(item, row.problems), parameters, kept=True)
        ready = self._prepare(record)
        if ready.problems:
            return CheckedRow(_refused(item, ready.problems), parameters, kept=True)
        twin = self._twin(ready, row.number)
        if twin:
            self.duplicates += 1
            problem = FieldError("", f"the same key as row {twin}, which is sent", "duplicate")
            return CheckedRow(_refused(item, (problem,)), parameters, kept=True)
        return CheckedRow(runnable(self._parent, item), parameters, kept=True)

    @property
    def looks_ahead(self) -> bool:
        """Whether `look_ahead` has to be told of all records first."""
        return self._settings.duplicates == "last"

    def _twin(self, ready: Prepared, number: int) -> int:
        """The number of the record that is sent instead, 0 for none."""
        if self._settings.duplicates == "send":
            return 0
        chosen = [self._chosen.setdefault(key, number) for key in self._keys(ready)]
        return next((one for one in chosen if one != number), 0)

    def _keys(self, ready: Prepared) -> Iterator[int]:
        settings = self._settings
        if settings.template is Template.MANUAL:
            return
        if settings.template.matches:
            if ready.key not in (None, ""):
                yield _hash(settings.key, ready.key)
            return
        for name in settings.type.unique:
            value = key_value(name, ready.fields)
            if value not in (None, ""):
                yield _hash("emails" if name == "email" else name, value)


def _hash(name: str, value: Any) -> int:
    text = f"{name}\x1f{folded_key(value)}".encode(errors="surrogatepass")
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big")


def _refused(item: RowItem, problems: tuple[FieldError, ...]) -> RowItem:
    said = "; ".join(str(problem) for problem in problems)
    named = json.dumps([asdict(problem) for problem in problems])
    return item.ended(RowState.FAILED, INVALID, said, named, outcome="invalid")
