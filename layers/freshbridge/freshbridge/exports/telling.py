"""Tell whoever asked for a bulk job that it has ended, at the URL that they named.

The body is that of the job's status. It goes the way of events' callbacks: signed, sent to public
addresses only, tried again for three days.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from freshbridge.exports.job import DOWNLOAD, UPLOAD, progress_of, status_view
from freshbridge.exports.job_store import UnknownJob
from freshbridge.notifications.messages import DirectMessage

if TYPE_CHECKING:
    from freshbridge.exports.folder import ExportFolder
    from freshbridge.exports.job_store import JobStore
    from freshbridge.exports.uploads import Uploads
    from freshbridge.queues.envelope import ActionRequest


class Queue(Protocol):
    """The CallbackQueue."""

    def publish(self, envelope: DirectMessage, name: str, delay_s: int = 0) -> None:
        """Send one message."""
        ...  # pragma: no cover  # a protocol has no body


class JobTelling:
    """Tells of bulk jobs' ends; of any other action nothing."""

    def __init__(
        self, folder: ExportFolder, jobs: JobStore, uploads: Uploads, queue: Queue
    ) -> None:
        self._folder = folder
        self._jobs = jobs
        self._uploads = uploads
        self._queue = queue

    def succeeded(self, request: ActionRequest) -> None:
        """It has done what it was for.

        Raises:
            NotQueued: not told; run the action again, which does no more than this.
        """
        self._told(request, "succeeded")

    def failed(self, request: ActionRequest, code: str, reason: str) -> None:
        """It has not, for this reason.

        Raises:
            NotQueued: not told.
        """
        self._told(request, "failed", code, reason)

    def _told(self, request: ActionRequest, state: str, code: str = "", reason: str = "") -> None:
        if request.origin.get("type") not in (DOWNLOAD, UPLOAD):
            return
        instance_id, job_id = request.instance_id, str(request.origin.get("job_id", ""))
        try:
            job = self._jobs.get(instance_id, job_id)
        except UnknownJob:
            return
        if not job.callback_url:
            return
        if job.origin == UPLOAD:
            found = self._uploads.progress(job, state, reason)
        else:
            export = self._folder.state(instance_id, request.action_id)
            found = progress_of(export, state, code, reason, cancelling=False)
        body = status_view(job, found)
        event_id = f"bulk-{job_id}"
        message = DirectMessage(instance_id, event_id, "bulk", job.callback_url, body)
        self._queue.publish(message, f"{instance_id}-{event_id}")
