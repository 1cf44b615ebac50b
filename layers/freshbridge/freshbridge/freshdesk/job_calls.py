"""Calls that start a job over many tickets, and the look at how it goes.

Facts: https://developers.freshdesk.com/api/#bulk_update_tickets, #bulk_delete_tickets, #view_a_job
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from freshbridge.errors import ProviderDown
from freshbridge.freshdesk.caller import Caller
from freshbridge.freshdesk.paging import Record

_JOB_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")


class JobCalls(Caller):
    """Bulk jobs on tickets. A job passes over tickets that it cannot change, and tells nobody."""

    def bulk_update_tickets(self, ids: Sequence[int], properties: Mapping[str, Any]) -> str:
        """Start to set `properties` on these tickets and return the job's id."""
        return self._started("/tickets/bulk_update", {"ids": ids, "properties": properties})

    def bulk_delete_tickets(self, ids: Sequence[int]) -> str:
        """Start to move these tickets to the trash and return the job's id."""
        return self._started("/tickets/bulk_delete", {"ids": ids})

    def job_is_over(self, job_id: str) -> bool:
        """Whether nothing of the job is left to do; how it went, Freshdesk does not say.

        Only `IN PROGRESS` is documented, so whatever is neither that nor queued counts as over.
        """
        status = str(self._record("GET", f"/jobs/{job_id}").get("status", ""))
        return status.upper().replace("_", " ") not in {"IN PROGRESS", "QUEUED"}

    def _started(self, path: str, bulk_action: Mapping[str, Any]) -> str:
        started: Record = self._record("POST", path, body={"bulk_action": bulk_action})
        found = started.get("job_id")
        job_id = str(found) if isinstance(found, str | int) else ""
        if not _JOB_ID.fullmatch(job_id):
            # It will be part of a path, so it may not be just anything.
            raise ProviderDown("Freshdesk's reply names no job", where=f"POST {path}")
        return job_id
