"""Bulk uploads: a batch of actions, told as a job of Open Connectors."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from freshbridge import timestamps
from freshbridge.bulk.change import cancel
from freshbridge.bulk.progress import Phase, RowState
from freshbridge.bulk.table import UnknownBulkAction
from freshbridge.exports.job import Progress

if TYPE_CHECKING:
    from freshbridge.bulk.parts import Bulk
    from freshbridge.bulk.progress import Progress as Counts
    from freshbridge.exports.job import Job


class Uploads:
    """The uploads of one stack."""

    def __init__(self, bulk: Bulk) -> None:
        self._bulk = bulk

    def progress(self, job: Job, record_state: str, message: str) -> Progress:
        """Where an upload stands; `record_state` is its action's, `message` why that failed."""
        found = self._bulk.store.find(job.action_id)
        if found is None:
            if record_state in ("failed", "dead"):
                return Progress("ABORTED", message)
            return Progress("STARTED" if record_state == "running" else "CREATED")
        finished = ""
        if found.finished_at:
            finished = timestamps.to_text(timestamps.from_epoch(found.finished_at))
        status = _status(found, record_state)
        said = found.sentence() if found.phase is Phase.FINISHED else ""
        return Progress(
            status,
            message if status == "ABORTED" else said,
            found.rows,
            finished=finished,
            failed=found.failed,
        )

    def errors(self, job: Job, *, after: int, limit: int) -> list[dict[str, Any]]:
        """The records behind the one of this number that were not created, and why."""
        failed = (
            {
                "recordNumber": row.number,
                "message": f"{row.code}: {row.message}",
                "line": row.line or None,
            }
            for row in self._bulk.store.rows(job.action_id, after=after)
            if row.state is RowState.FAILED
        )
        return list(islice(failed, limit))

    def cancel(self, job: Job) -> None:
        """End the records that have not begun; one that is over stays as it is."""
        try:
            cancel(self._bulk, job.action_id, timestamps.epoch())
        except UnknownBulkAction:
            # It failed before it had any.
            return


def _status(found: Counts, record_state: str) -> str:
    if found.phase is Phase.FINISHED:
        return "CANCELLED" if found.cancelled_whole else "COMPLETED"
    if record_state in ("failed", "dead"):
        return "ABORTED"
    if found.cancelling:
        return "CANCELLATION_PENDING"
    return "STARTED" if found.phase in (Phase.QUEUED, Phase.READING) else "RUNNING"
