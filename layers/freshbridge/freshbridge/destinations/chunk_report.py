"""What became of a bulk upsert's rows, as its job tells it.

A job that has run may have left rows undone. Those that it names have failed, in its words; where
it counts more failures than it names, nobody knows which, and all others are sent singly.
Source: https://developers.freshworks.com/crm/api/#bulk_upsert_contact
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from freshbridge.bulk.progress import Progress, RowState
from freshbridge.destinations import finding
from freshbridge.destinations.chunk_state import RunningJob
from freshbridge.destinations.preparation import folded_key, key_value

if TYPE_CHECKING:
    from freshbridge.actions.context import Context
    from freshbridge.destinations.chunk_rows import ChunkRows
    from freshbridge.destinations.model import DestinationSettings
    from freshbridge.freshsales.bulk import Job
    from freshbridge.freshsales.client import FreshsalesClient


class ChunkReport:
    """Settles the rows of jobs that are over."""

    def __init__(
        self, context: Context[FreshsalesClient], settings: DestinationSettings, rows: ChunkRows
    ) -> None:
        """`rows` are the run's."""
        self._client = context.client
        self._store = context.services.bulk.store
        self._settings = settings
        self._rows = rows

    def settle(self, progress: Progress, job: RunningJob, told: Job) -> None:
        """End the job's rows as it tells, or leave them to be sent singly."""
        rows = {row.number: row for row in self._rows.held(progress, job.numbers)}
        reasons = {_folded(one.identifier): one.reason for one in told.failures}
        failed: dict[int, str] = {}
        if reasons:
            for number in rows:
                if reason := self._reason(progress, number, job, reasons):
                    failed[number] = reason
        unnamed = max(told.failed or 0, len(told.failures)) > len(failed)
        pairs = []
        for number, row in rows.items():
            if number in failed:
                ended = row.ended(RowState.FAILED, "rejected", failed[number], outcome="rejected")
            elif unnamed:
                ended = row.ended(RowState.WAITING)
            else:
                outcome = job.outcome_of(number)
                ended = row.ended(
                    RowState.SUCCEEDED, message="Done by a bulk upsert", outcome=outcome
                )
            pairs.append((row, ended))
        self._store.move(progress.action_id, pairs)

    def _reason(
        self, progress: Progress, number: int, job: RunningJob, reasons: Mapping[str, str]
    ) -> str:
        ready = self._rows.prepared(progress, number)
        names = [
            ready.key if self._settings.key == name else key_value(name, ready.fields)
            for name in self._settings.type.bulk_keys
        ]
        found = next((reasons[_folded(one)] for one in names if _folded(one) in reasons), "")
        if found or job.outcome_of(number) != "updated" or self._settings.key == "id":
            return found
        # It went under the id that was found for its key.
        records = finding.by_keys(
            self._client, self._settings.type, self._settings.key, [ready.key]
        )
        ids = [str(one.get("id")) for one in (records or {}).get(folded_key(ready.key), [])]
        return next((reasons[one] for one in ids if one in reasons), "")


def _folded(value: Any) -> str:
    return folded_key(value) if value not in (None, "") else ""
