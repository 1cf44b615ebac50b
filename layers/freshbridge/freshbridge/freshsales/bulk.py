"""Upserting a hundred records with one call, and reading what became of them. Pure: no I/O.

The call is answered with the address of a job. Its state says whether the job has run, not whether
the rows went well: those that did not are in `data`, which is JSON in a text. Two rows of one
identifier in one call have no defined outcome; `unique` keeps the last.

Facts: https://developers.freshworks.com/crm/api/#bulk_upsert_contact
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from freshbridge.errors import FieldError, InvalidRequest, mask_emails

MOST_ITEMS = 100
IDENTIFIERS = ("id", "emails", "name")
_JOB = re.compile(r"/job_statuses/([0-9]{1,19})(?:\.json)?/?(?:\?.*)?$")
_FAILED = re.compile(r"FAIL|ERROR|ABORT|CANCEL", re.IGNORECASE)
_POLLS_S = (1.0, 2.0, 4.0, 8.0)
LONGEST_POLL_S = 15.0


class JobState(StrEnum):
    """Where a job stands."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class FailedRow:
    """A row that the job could not do: how it was named, and why, in the provider's words."""

    identifier: str
    reason: str


@dataclass(frozen=True, slots=True)
class Job:
    """A job as it was told. `succeeded` and `failed` count rows, None while that is not known."""

    state: JobState
    status: str
    progress: int | None
    succeeded: int | None = None
    failed: int | None = None
    failures: tuple[FailedRow, ...] = ()


def bulk_body(collection: str, items: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The body of a bulk upsert.

    Raises:
        InvalidRequest: too many items or none, one without identifier, or one given twice.
    """
    wrong = []
    if not 1 <= len(items) <= MOST_ITEMS:
        wrong.append(FieldError(collection, f"give 1 to {MOST_ITEMS} records", "invalid_value"))
    seen: set[tuple[str, str]] = set()
    for index, item in enumerate(items[:MOST_ITEMS]):
        place = f"{collection}.{index}"
        named = identifier_of(item)
        if named is None:
            said = f"give one of {', '.join(IDENTIFIERS)}, and data"
            wrong.append(FieldError(place, said, "missing_field"))
        elif named in seen:
            wrong.append(FieldError(place, "its identifier is another's too", "duplicate"))
        else:
            seen.add(named)
    if wrong:
        raise InvalidRequest("The bulk upsert cannot be sent", where=collection, fields=wrong)
    return {collection: [dict(item) for item in items]}


def identifier_of(item: Mapping[str, Any]) -> tuple[str, str] | None:
    """By which of its identifiers an item is matched, and that one's value; None for none."""
    for name in IDENTIFIERS:
        value = item.get(name)
        if value not in (None, "") and isinstance(value, str | int) and "data" in item:
            return name, str(value).strip().casefold()
    return None


def unique(items: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The items with one of each identifier, the last, in the order of their first ones."""
    kept: dict[tuple[str, str] | int, Mapping[str, Any]] = {}
    for index, item in enumerate(items):
        kept[identifier_of(item) or index] = item
    return list(kept.values())


def job_id_in(data: Any) -> int | None:
    """The job's id, cut out of its address; None when there is none."""
    url = data.get("job_status_url") if isinstance(data, dict) else None
    found = _JOB.search(url) if isinstance(url, str) else None
    return int(found[1]) if found else None


def read_job(body: Any) -> Job | None:
    """What a job's reply tells; None when it tells no status.

    A status that is not known is one of a job that runs: give it a deadline.
    """
    inner = body.get("job_status", body) if isinstance(body, dict) else None
    inner = inner if isinstance(inner, dict) else body if isinstance(body, dict) else {}
    status = inner.get("status")
    if not isinstance(status, str):
        return None
    told = _data(inner.get("data"))
    counts = told.get("record_status")
    counts = counts if isinstance(counts, dict) else {}
    failures = _failures(told.get("detailed_failure_report"))
    failed = _count(counts.get("failed"))
    return Job(
        state=_state(status),
        status=status[:64],
        progress=_count(inner.get("progress")),
        succeeded=_count(counts.get("succeeded")),
        failed=len(failures) if failed is None and told else failed,
        failures=failures,
    )


def next_poll_s(polls: int) -> float:
    """How long to wait after so many looks at a job: each costs a call of the account's limit."""
    return _POLLS_S[polls] if polls < len(_POLLS_S) else LONGEST_POLL_S


def _state(status: str) -> JobState:
    if status.upper() in ("SUCCESS", "SUCCEEDED", "COMPLETED"):
        return JobState.DONE
    return JobState.FAILED if _FAILED.search(status) else JobState.RUNNING


def _data(value: Any) -> dict[str, Any]:
    """The report, which comes as JSON in a text, or as it is, or not at all."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return {}
    return value if isinstance(value, dict) else {}


def _failures(listed: Any) -> tuple[FailedRow, ...]:
    rows = [row for row in listed if isinstance(row, dict)] if isinstance(listed, list) else []
    return tuple(FailedRow(_named(row), _reason(row)) for row in rows)


def _named(row: dict[str, Any]) -> str:
    names = (*IDENTIFIERS, "email", "identifier")
    return next((str(row[name]) for name in names if row.get(name) not in (None, "")), "")


def _reason(row: dict[str, Any]) -> str:
    for name in ("errors", "error", "message", "reason"):
        told = row.get(name)
        texts = told if isinstance(told, list) else [told]
        found = [text for one in texts if isinstance(text := one, str) and text.strip()]
        if found:
            return mask_emails("; ".join(found))[:500]
    return "refused without a reason"


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
