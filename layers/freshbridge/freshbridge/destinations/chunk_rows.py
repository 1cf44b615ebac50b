"""The records of a chunk: read from the run, made fit, decided upon, and moved on with their rows.

What is found out of the account costs one search for a hundred records.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

from freshbridge.actions.earlier import ALLOWANCE, created_at
from freshbridge.bulk.inputs import piece_of
from freshbridge.bulk.progress import Progress, RowState
from freshbridge.bulk.row_item import RowItem
from freshbridge.destinations import finding
from freshbridge.destinations.decision import Decision, decided
from freshbridge.destinations.model import DestinationSettings, Template
from freshbridge.destinations.preparation import InvalidRecord, Prepared, folded_key, key_value
from freshbridge.destinations.record_rows import Prepare
from freshbridge.timestamps import from_epoch

if TYPE_CHECKING:
    from freshbridge.actions.context import Context
    from freshbridge.freshsales.client import FreshsalesClient

_PIECES = 16
"""Pieces of the run's input that are kept: those of the chunks that are under way at once."""


@dataclass
class ChunkRow:
    """A row, its record as it would be sent, and what is to become of it."""

    item: RowItem
    ready: Prepared
    fields: dict[str, Any] = field(repr=False)
    decision: Decision


class ChunkRows:
    """The rows of one run, a chunk at a time."""

    def __init__(
        self,
        context: Context[FreshsalesClient],
        settings: DestinationSettings,
        prepare: Prepare,
        known: finding.KnownIds,
        *,
        dry: bool,
    ) -> None:
        """`known`: the ids of records that values stand for."""
        self._client = context.client
        self._clock = context.clock
        self._settings = settings
        self._prepare = prepare
        self._known = known
        self._dry = dry
        self._bulk = context.services.bulk
        self._pieces: dict[int, dict[int, dict[str, Any]]] = {}

    def following(
        self, progress: Progress, first: int, *, busy: set[int], size: int
    ) -> list[RowItem]:
        """Up to `size` rows from `first` on that have not ended and are not under way."""
        found: list[RowItem] = []
        # By their numbers, which have no gaps: a query reads on to the end of its page.
        while len(found) < size and first <= progress.rows:
            last = min(first + size - 1, progress.rows)
            wanted = [number for number in range(first, last + 1) if number not in busy]
            found += self.held(progress, wanted)
            first = last + 1
        return found[:size]

    def held(self, progress: Progress, numbers: Sequence[int]) -> list[RowItem]:
        """Those of these rows that have not ended, as they are now."""
        rows = self._bulk.store.rows_at(progress.action_id, numbers)
        return [row for row in rows if not row.state.settled]

    def readied(self, progress: Progress, item: RowItem) -> ChunkRow:
        """The row with its record as it would be sent; settled where that is not possible."""
        ready = self.prepared(progress, item.number)
        fields, decision = dict(ready.fields), Decision("upserted")
        try:
            ready.refuse()
            fields = self._known.resolved(self._client, fields, now=self._clock().timestamp())
        except InvalidRecord as error:
            said = "; ".join(str(one) for one in error.fields)
            decision = Decision("invalid", True, True, error.code, said, fields=error.fields)
        return ChunkRow(item, ready, fields, decision)

    def prepared(self, progress: Progress, number: int) -> Prepared:
        """A row's record, made fit."""
        return self._prepare(self._input(progress, number)["record"])

    def decide(self, rows: list[ChunkRow], since: float | None) -> None:
        """Say what is to become of each; `since`: when they were sent once, and no answer came."""
        settings = self._settings
        open_rows = [row for row in rows if not row.decision.settled]
        lost = since is not None
        compares = settings.compare or settings.mode != "upsert" or self._dry or lost
        key = settings.key if settings.template.matches else _unique_key(settings)
        found = None
        if compares and key and settings.type.searched and open_rows:
            values = [_key_of(row, key) for row in open_rows]
            wanted = [value for value in values if value not in (None, "")]
            found = finding.by_keys(self._client, settings.type, key, wanted)
        by_resolution = settings.key not in settings.type.bulk_keys
        for row in open_rows:
            records = None
            if found is not None:
                value = _key_of(row, key)
                records = found.get(folded_key(value), []) if value not in (None, "") else []
            elif settings.template is Template.CREATE and not settings.type.unique:
                records = []
            row.decision = decided(settings, row.ready, row.fields, records, compare=compares)
            if since is not None and records and row.decision.outcome == "unchanged":
                row.decision = replace(row.decision, outcome=_made_lately(records[0], since))
            if records is None and by_resolution and not self._dry:
                # Only a search tells whether it is there; singly it is told, too.
                row.item = replace(row.item, code="singly")

    def bulk_item(self, row: ChunkRow) -> dict[str, Any] | None:
        """The record as a bulk upsert takes it; None where that has no identifier for it."""
        if row.item.code == "singly":
            return None
        if row.decision.record_id is not None:
            return {"id": str(row.decision.record_id), "data": row.fields}
        for name in self._settings.type.bulk_keys:
            value = row.ready.key if name == self._settings.key else key_value(name, row.fields)
            if value not in (None, ""):
                return {name: str(value), "data": row.fields}
        return None

    def settle(self, progress: Progress, rows: list[ChunkRow]) -> None:
        """End rows as was decided."""
        pairs = []
        for row in rows:
            decision = row.decision
            outcome = decision.outcome
            named = json.dumps([asdict(one) for one in decision.fields]) if decision.fields else ""
            state = RowState.FAILED if decision.failed else RowState.SUCCEEDED
            message = decision.message or (f"Would be {outcome}" if self._dry else "")
            ended = row.item.ended(state, decision.code, message, named, outcome=outcome)
            pairs.append((row.item, ended))
        self._bulk.store.move(progress.action_id, pairs)

    def let_go(self, progress: Progress, numbers: Sequence[int]) -> None:
        """Leave rows to be sent singly."""
        self.move(progress, self.held(progress, numbers), RowState.WAITING)

    def move(self, progress: Progress, rows: list[RowItem], state: RowState) -> None:
        """Give rows a state that ends none of them."""
        pairs = [(row, replace(row, state=state, code="")) for row in rows]
        self._bulk.store.move(progress.action_id, pairs)

    def _input(self, progress: Progress, number: int) -> dict[str, Any]:
        piece = piece_of(number)
        if piece not in self._pieces:
            while len(self._pieces) >= _PIECES:
                del self._pieces[next(iter(self._pieces))]
            self._pieces[piece] = self._bulk.inputs.read(progress.action_id, piece)
        return self._pieces[piece][number]


def _unique_key(settings: DestinationSettings) -> str:
    """By what the account would know a new record already; "" where it would not."""
    names = settings.type.unique if settings.template is Template.CREATE else ()
    return names[0] if names else ""


def _key_of(row: ChunkRow, key: str) -> Any:
    return row.ready.key if row.ready.key is not None else key_value(key, row.fields)


def _made_lately(record: Mapping[str, Any], sent_at: float) -> str:
    """What a record that is as it should be owes to a request whose answer got lost."""
    made = created_at(dict(record))
    since = from_epoch(sent_at) - ALLOWANCE
    return "created" if made is not None and made >= since else "upserted"
