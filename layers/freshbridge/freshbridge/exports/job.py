"""A bulk job, a download or an upload, as Open Connectors' clients know it. Pure.

Statuses are theirs: CREATED, STARTED, RUNNING, COMPLETED, ERROR (the provider's side), ABORTED
(this side), CANCELLATION_PENDING, CANCELLED. Nobody but this side takes part in a download from
the copy, so that ERROR is never told.
Source: https://help.openconnectors.ext.hana.ondemand.com, "Bulk"
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from freshbridge import timestamps
from freshbridge.exports.state import ExportState, Phase
from freshbridge.exports.wanted import Format

DOWNLOAD, UPLOAD = "bulk_download", "bulk_upload"
"""The origins of a job's action request."""
OPEN = ("CREATED", "STARTED", "RUNNING", "CANCELLATION_PENDING")


@dataclass(frozen=True)
class Job:
    """One bulk job. `asked_as` is the object's name as the client wrote it.

    `criteria` is what was asked for: `{"q"}`, or the body of `/bulk/download`, which is `version`
    3. `created_at` is in seconds since the epoch.
    """

    job_id: str
    instance_id: str
    action_id: str
    object: str
    asked_as: str
    formats: tuple[Format, ...]
    criteria: dict[str, Any]
    created_at: float
    fields: tuple[str, ...] = ()
    callback_url: str = ""
    version: int = 2
    origin: str = DOWNLOAD

    def to_json(self) -> dict[str, Any]:
        """As it is kept."""
        return asdict(self)

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> Job:
        """As it was kept."""
        formats = tuple(Format(one) for one in kept["formats"])
        return cls(**{**kept, "formats": formats, "fields": tuple(kept["fields"])})


@dataclass(frozen=True)
class Progress:
    """Where a job stands; `message` says why it ended as it did, `failed` counts records."""

    status: str = "CREATED"
    message: str = ""
    rows: int = 0
    as_of: str = ""
    warnings: list[str] = field(default_factory=list)
    finished: str = ""
    failed: int = 0


def progress_of(
    state: ExportState | None, record_state: str, code: str, message: str, *, cancelling: bool
) -> Progress:
    """Where a job stands by its export's state and its action's record.

    `record_state` is queued, waiting, running, succeeded, failed or dead; `code` and `message` say
    why it failed. `cancelling`: somebody wants it to end.
    """
    phase = state.phase if state else None
    if phase is Phase.DONE:
        status, message = "COMPLETED", "; ".join(state.unknown) if state else ""
    elif phase is Phase.CANCELLED or code == "cancelled":
        status, message = "CANCELLED", "it was cancelled"
    elif record_state in ("failed", "dead"):
        status = "ABORTED"
    elif cancelling:
        status, message = "CANCELLATION_PENDING", ""
    elif state is not None:
        status, message = "RUNNING", ""
    else:
        status, message = "STARTED" if record_state == "running" else "CREATED", ""
    if state is None:
        return Progress(status, message)
    return Progress(status, message, state.rows, state.as_of, state.warnings, state.finished)


def created_view(job: Job) -> dict[str, Any]:
    """The answer to `/bulk/query`."""
    return {"id": job.job_id, "instanceId": _number(job.instance_id), "status": "CREATED"}


def status_view(job: Job, found: Progress) -> dict[str, Any]:
    """The body of `/bulk/{id}/status`, and of the callback when it has ended."""
    failed = found.failed or (1 if found.status == "ABORTED" else 0)
    beside = {"asOf": found.as_of or None, "warnings": found.warnings}
    if job.version == 2:
        return {
            **created_view(job),
            "status": found.status,
            "objectName": job.asked_as,
            "recordsCount": found.rows,
            "recordsFailedCount": failed,
            "statusMessage": found.message,
            "createdDate": _date(job.created_at),
            **beside,
        }
    done = timestamps.from_text(found.finished) if found.finished else None
    return {
        "id": job.job_id,
        "instanceId": _number(job.instance_id),
        "recordCount": found.rows,
        "objectName": job.asked_as,
        "metaData": job.criteria.get("metaData"),
        "jobDirection": "DOWNLOAD",
        "jobStatus": found.status,
        # What official clients read of a callback's body.
        "status": found.status,
        "statusMessage": found.message,
        "createdDate": round(job.created_at * 1000),
        "vendorJobId": job.action_id,
        "errorCount": failed,
        "notificationUrl": job.callback_url or None,
        "defaultSelectFields": ",".join(job.fields) or None,
        "completionTime": None if done is None else round(done.timestamp() * 1000),
        "fileFormat": job.formats[0].upper(),
        "jobCriteria": job.criteria,
        "native": False,
        **beside,
    }


def listed_view(job: Job, found: Progress) -> dict[str, Any]:
    """An entry of `/bulkloader`."""
    return {
        "id": job.job_id,
        "jobId": job.job_id,
        "groupName": job.asked_as,
        "instanceId": _number(job.instance_id),
        "status": found.status,
        "recordsCount": found.rows,
        "createdDate": _date(job.created_at),
    }


def errors_of(found: Progress) -> list[dict[str, Any]]:
    """What `/bulk/{id}/errors` lists of a job that failed as a whole."""
    if found.status != "ABORTED":
        return []
    return [{"recordNumber": None, "message": found.message, "line": None}]


def _number(instance_id: str) -> int | str:
    return int(instance_id) if instance_id.isdecimal() else instance_id


def _date(seconds: float) -> str:
    return timestamps.to_text(timestamps.from_epoch(seconds))
