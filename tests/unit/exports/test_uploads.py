"""What an upload's status is, by its batch's counts and its action's record."""

from __future__ import annotations

from typing import Any

import pytest

from freshbridge.bulk.progress import Phase, Progress
from freshbridge.exports.job import UPLOAD, Job
from freshbridge.exports.uploads import Uploads
from tests import builders

JOB = Job("12", builders.INSTANCE_ID, "act_1", "contacts", "contacts", (), {}, 1.0, origin=UPLOAD)


class OneBatch:
    """As much of the bulk room as a status needs: the counts of one batch."""

    def __init__(self, found: Progress | None) -> None:
        self.found = found

    @property
    def store(self) -> OneBatch:
        """Itself."""
        return self

    def find(self, _action_id: str) -> Progress | None:
        """The counts."""
        return self.found


@pytest.mark.parametrize(
    ("phase", "counts", "record", "status"),
    [
        (None, {}, "queued", "CREATED"),
        (None, {}, "running", "STARTED"),
        (None, {}, "failed", "ABORTED"),
        (Phase.READING, {}, "running", "STARTED"),
        (Phase.RUNNING, {"rows": 2}, "waiting", "RUNNING"),
        (Phase.RUNNING, {"rows": 2, "cancelling": True}, "waiting", "CANCELLATION_PENDING"),
        (Phase.READING, {}, "dead", "ABORTED"),
        (Phase.FINISHED, {"rows": 2, "succeeded": 1, "failed": 1}, "succeeded", "COMPLETED"),
        (Phase.FINISHED, {"rows": 2, "failed": 2}, "failed", "COMPLETED"),
        (Phase.FINISHED, {"rows": 2, "cancelled": 2, "cancelling": True}, "failed", "CANCELLED"),
    ],
)
def test_statuses(phase: Phase | None, counts: dict[str, Any], record: str, status: str) -> None:
    held = Progress("act_1", phase, 1.0, 1.0, **counts) if phase else None
    bulk: Any = OneBatch(held)
    found = Uploads(bulk).progress(JOB, record, "it is so")
    assert (found.status, found.rows, found.failed) == (
        status, counts.get("rows", 0), counts.get("failed", 0),
    )  # fmt: skip
    assert (found.message == "it is so") is (status == "ABORTED")
