"""Begin bulk jobs.

A download is an export action of its own on the queue, so that nothing is done while a client
waits. It exports the copy as it stands. An upload is a batch of the actions that create records.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from freshbridge import timestamps
from freshbridge.actions.submit import Preference, Submission
from freshbridge.errors import FieldError, Forbidden, InvalidRequest
from freshbridge.exports.job import DOWNLOAD, UPLOAD, Job
from freshbridge.exports.job_store import JobStore
from freshbridge.identifiers import derived_id
from freshbridge.queues.envelope import ActionRequest

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from freshbridge.exports.folder import ExportFolder
    from freshbridge.exports.job_request import JobRequest
    from freshbridge.exports.source import Standings
    from freshbridge.exports.upload_request import UploadRequest
    from freshbridge.instances.model import Instance


class NotSynced(InvalidRequest):
    """The object is not copied, so there is nothing to download."""

    code = "not_synced"


class NotDownloadable(Forbidden):
    """The instance is switched off, or its platform is not synced."""

    code = "instance_disabled"
    default_advice = "Enable the instance first."


class JobBeginnings:
    """Where bulk jobs are handed in."""

    def __init__(
        self,
        folder: ExportFolder,
        standings: Standings,
        submission: Submission,
        *,
        clock: Callable[[], float] = timestamps.epoch,
        random_below: Callable[[int], int] = secrets.randbelow,
    ) -> None:
        """`clock`: seconds since the epoch."""
        self._folder = folder
        self._jobs = JobStore(folder)
        self._standings = standings
        self._submission = submission
        self._clock = clock
        self._random_below = random_below

    def download(self, instance: Instance, wanted: JobRequest, context: LambdaContext) -> Job:
        """Queue a download.

        Raises:
            NotDownloadable, NotSynced: nothing is kept.
            NotQueued: it is not on its way.
        """
        check(instance)
        self._check_synced(instance, wanted)
        job = Job(
            **self._named(instance, DOWNLOAD),
            object=wanted.object,
            asked_as=wanted.asked_as,
            formats=wanted.formats,
            criteria=wanted.criteria,
            fields=wanted.fields,
            callback_url=wanted.callback_url,
            version=wanted.version,
        )
        self._submit(instance, job, "export_object", wanted.parameters, context)
        return job

    def upload(
        self, instance: Instance, wanted: UploadRequest, callback_url: str, context: LambdaContext
    ) -> Job:
        """Queue an upload.

        Raises:
            NotDownloadable: nothing is kept.
            NotQueued: it is not on its way.
        """
        check(instance)
        job = Job(
            **self._named(instance, UPLOAD),
            object=wanted.object,
            asked_as=wanted.asked_as,
            formats=(),
            criteria=wanted.criteria,
            callback_url=callback_url,
        )
        key = f"uploads/{instance.instance_id}/bulk-{job.job_id}.{wanted.format}"
        self._folder.keep_upload(key, wanted.content)
        source = {"key": key, "format": wanted.format}
        parameters = {"action": wanted.action, "source": source}
        self._submit(instance, job, "batch", parameters, context)
        return job

    def _named(self, instance: Instance, origin: str) -> dict[str, Any]:
        now = self._clock()
        # Digits alone, as clients expect; they sort by time.
        job_id = f"{int(now * 1000)}{self._random_below(1000):03d}"
        return {
            "job_id": job_id,
            "instance_id": instance.instance_id,
            "action_id": derived_id("act", instance.instance_id, origin, job_id),
            "created_at": now,
            "origin": origin,
        }

    def _submit(
        self,
        instance: Instance,
        job: Job,
        action: str,
        parameters: dict[str, Any],
        context: LambdaContext,
    ) -> None:
        # First, or its end could come before there is anything to tell of.
        self._jobs.put(job)
        request = ActionRequest(
            action_id=job.action_id,
            instance_id=instance.instance_id,
            platform=instance.platform,
            action=action,
            parameters=parameters,
            idempotency_key=job.action_id,
            origin={"type": job.origin, "job_id": job.job_id},
            submitted_at=timestamps.to_text(timestamps.from_epoch(job.created_at)),
        )
        self._submission.submit(request, Preference(asynchronous=True), context)

    def _check_synced(self, instance: Instance, wanted: JobRequest) -> None:
        named = wanted.object in instance.sync_objects
        if named and self._standings.of(instance, wanted.object) is not None:
            return
        message = f"{wanted.object} are not synced"
        advice = f'Add "{wanted.object}" to sync_objects in the instance\'s config, and sync it.'
        if named:
            message = f"{wanted.object} have not been synced yet"
            advice = f"POST /api/integrations/{instance.instance_id}/sync syncs them now."
        raise NotSynced(
            f"nothing can be downloaded: {message}",
            fields=[FieldError("q", message, "not_synced")],
            advice=advice,
        )


def check(instance: Instance) -> None:
    """Let no job of an instance pass that has none.

    Raises:
        NotDownloadable: it is switched off, or not synced.
    """
    if instance.disabled:
        raise NotDownloadable("the instance is disabled")
    if instance.platform != "freshdesk":
        raise NotDownloadable(
            f"a {instance.platform} instance has nothing to download",
            advice="Bulk downloads are made of what the sync copies of a freshdesk instance.",
        )
