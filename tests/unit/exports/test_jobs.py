"""What a job's status is, by what is known of it."""

from __future__ import annotations

from typing import Any

import pytest

from freshbridge.exports.job import Job, Progress, errors_of, progress_of, status_view
from freshbridge.exports.object_names import known_names, object_named
from freshbridge.exports.state import ExportState, Phase
from freshbridge.exports.wanted import Format
from freshbridge.sync.objects import OBJECTS


@pytest.mark.parametrize(
    ("phase", "record", "code", "cancelling", "status"),
    [
        (None, "queued", "", False, "CREATED"),
        (None, "waiting", "", False, "CREATED"),
        (None, "running", "", False, "STARTED"),
        (Phase.COLUMNS, "running", "", False, "RUNNING"),
        (Phase.ROWS, "waiting", "in_progress", False, "RUNNING"),
        (Phase.CLOSING, "waiting", "", False, "RUNNING"),
        (Phase.DONE, "running", "", False, "COMPLETED"),
        (Phase.DONE, "succeeded", "", True, "COMPLETED"),
        (None, "queued", "", True, "CANCELLATION_PENDING"),
        (Phase.ROWS, "running", "", True, "CANCELLATION_PENDING"),
        (Phase.CANCELLED, "running", "", True, "CANCELLED"),
        (None, "failed", "cancelled", True, "CANCELLED"),
        (Phase.ROWS, "failed", "instance_disabled", False, "ABORTED"),
        (None, "dead", "exhausted_deadline", True, "ABORTED"),
    ],
)
def test_statuses(
    phase: Phase | None, record: str, code: str, cancelling: bool, status: str
) -> None:
    state = ExportState(phase, "2026-01-01T00:00:00Z", rows=4) if phase else None
    found = progress_of(state, record, code, "it is so", cancelling=cancelling)
    assert (found.status, found.rows) == (status, 4 if state else 0)
    assert [one["message"] for one in errors_of(found)] == (
        ["it is so"] if status == "ABORTED" else []
    )


def test_states_and_jobs_are_kept_as_they_are() -> None:
    state = ExportState(Phase.ROWS, "2026-01-01T00:00:00Z", columns=["a"], files={"csv": {"n": 1}})
    assert ExportState.from_json(state.to_json()) == state
    job = Job("1", "5", "act_1", "tickets", "incidents", (Format.CSV,), {"q": "…"}, 5.0, ("id",))
    assert Job.from_json(job.to_json()) == job


@pytest.mark.parametrize(
    ("name", "ours"),
    [("incidents", "tickets"), ("Incidents", "tickets"), ("accounts", "companies"),
     ("organizations", "companies"), ("users", "agents"), ("agents", "agents"),
     ("sla-policies", "sla_policies"), ("time-entries", "time_entries"), ("comments",
     "conversations"), ("printers", None), ("", None)],
)  # fmt: skip
def test_names_of_the_hub(name: str, ours: str | None) -> None:
    assert object_named(name) == ours


def test_every_name_that_is_told_is_known() -> None:
    assert {object_named(name) for name in known_names().split(", ")} == set(OBJECTS)


@pytest.mark.parametrize("version", [2, 3])
def test_a_status_has_what_clients_read(version: int) -> None:
    job = Job(
        "12", "abc", "act_1", "tickets", "incidents", (Format.JSON,), {}, 1.5, version=version
    )
    shown: dict[str, Any] = status_view(job, Progress("RUNNING", rows=3))
    assert (shown["id"], shown["status"], shown["instanceId"]) == ("12", "RUNNING", "abc")
    assert shown.get("recordsCount", shown.get("recordCount")) == 3
